//! Ports that services are known to use although no socket shows it: a NodePort, a service that is
//! down just now.

use std::fmt;

use ephaudit_platform::ports::PortRange;
use ephaudit_platform::snapshot::{Source, Transport};

/// A service and its ports.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Declared {
    /// What it is called.
    pub name: String,
    /// Its ports, both ends included.
    pub ports: PortRange,
    /// Over which transports.
    pub transports: Vec<Transport>,
    /// Who declares it.
    pub by: Origin,
}

/// Who declares a service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// The set of that name.
    Set(&'static str),
    /// A policy's file.
    File(String),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Set(name) => write!(f, "set {name}"),
            Self::File(name) => f.write_str(name),
        }
    }
}

impl Origin {
    /// Where to look it up.
    pub fn source(&self) -> Source {
        match self {
            Self::Set(_) => Source::Command("ephaudit policy services".into()),
            Self::File(name) => Source::File(name.clone().into()),
        }
    }
}

impl fmt::Display for Declared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let transports: Vec<&str> = self.transports.iter().map(|t| t.name()).collect();
        write!(f, "{} ({}/{})", self.name, self.ports, transports.join("+"))
    }
}

/// A set of services that ship together under one name.
#[derive(Debug)]
pub struct ServiceSet {
    /// As in `--services NAME`.
    pub name: &'static str,
    /// Where its ports are documented.
    pub source: &'static str,
    services: &'static [(&'static str, u16, u16, &'static [Transport])],
}

const TCP: &[Transport] = &[Transport::Tcp];
const UDP: &[Transport] = &[Transport::Udp];
const BOTH: &[Transport] = Transport::ALL;

/// The sets that the program knows, by name.
#[rustfmt::skip]
pub static SETS: &[ServiceSet] = &[
    ServiceSet {
        name: "cassandra",
        source: "Apache Cassandra documentation, cassandra.yaml: storage_port, native_transport_port; JMX",
        services: &[("Cassandra JMX", 7199, 7199, TCP), ("Cassandra cluster", 7000, 7001, TCP),
            ("Cassandra clients", 9042, 9042, TCP)],
    },
    ServiceSet {
        name: "hadoop",
        source: "Apache Hadoop hdfs-default.xml: 2.x before HDFS-9427, 3.x after it",
        services: &[("HDFS DataNode 2.x", 50010, 50010, TCP), ("HDFS DataNode IPC 2.x", 50020, 50020, TCP),
            ("HDFS NameNode web 2.x", 50070, 50070, TCP), ("HDFS DataNode web 2.x", 50075, 50075, TCP),
            ("HDFS SecondaryNameNode web 2.x", 50090, 50091, TCP), ("HDFS NameNode HTTPS 2.x", 50470, 50470, TCP),
            ("HDFS DataNode HTTPS 2.x", 50475, 50475, TCP), ("HDFS 3.x", 9864, 9871, TCP)],
    },
    ServiceSet {
        name: "kafka",
        source: "Apache Kafka documentation: listeners; KRaft quickstart: controller",
        services: &[("Kafka", 9092, 9093, TCP)],
    },
    ServiceSet {
        name: "kubernetes",
        source: "Kubernetes documentation: Ports and Protocols; --service-node-port-range",
        services: &[("Kubernetes NodePort", 30000, 32767, BOTH), ("Kubernetes API server", 6443, 6443, TCP),
            ("etcd", 2379, 2380, TCP), ("kubelet", 10250, 10250, TCP), ("kube-proxy health", 10256, 10256, TCP),
            ("kube-controller-manager", 10257, 10257, TCP), ("kube-scheduler", 10259, 10259, TCP)],
    },
    ServiceSet {
        name: "mysql",
        source: "MySQL Reference Manual: MySQL Port Reference Tables",
        services: &[("MySQL", 3306, 3306, TCP), ("MySQL X Protocol", 33060, 33060, TCP),
            ("MySQL administration", 33062, 33062, TCP), ("MySQL Group Replication", 33061, 33061, TCP)],
    },
    ServiceSet {
        name: "postgres",
        source: "PostgreSQL documentation: port; PgBouncer configuration: listen_port",
        services: &[("PostgreSQL", 5432, 5432, TCP), ("PgBouncer", 6432, 6432, TCP)],
    },
    ServiceSet {
        name: "windows",
        source: "Microsoft: Service overview and network port requirements for Windows",
        services: &[("WinRM", 5985, 5986, TCP), ("WinRM compatibility listener", 47001, 47001, TCP),
            ("Remote Desktop", 3389, 3389, BOTH), ("SMB", 445, 445, TCP)],
    },
    ServiceSet {
        name: "wireguard",
        source: "wg-quick(8), examples",
        services: &[("WireGuard", 51820, 51820, UDP)],
    },
];

impl ServiceSet {
    /// Its services.
    pub fn declared(&self) -> impl Iterator<Item = Declared> + '_ {
        self.services.iter().map(|&(name, first, last, transports)| Declared {
            name: name.to_owned(),
            ports: PortRange::between(first, last),
            transports: transports.to_vec(),
            by: Origin::Set(self.name),
        })
    }
}

/// The set of that name.
pub fn set(name: &str) -> Option<&'static ServiceSet> {
    SETS.iter().find(|set| set.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_set_is_found_by_its_name_and_says_where_it_is_from() {
        assert!(SETS.windows(2).all(|pair| pair[0].name < pair[1].name), "sorted");
        for known in SETS {
            assert_eq!(set(known.name).map(|found| found.name), Some(known.name));
            assert!(!known.source.is_empty() && known.declared().count() > 0, "{}", known.name);
        }
        let node_ports = set("kubernetes").and_then(|set| set.declared().next());
        assert_eq!(
            node_ports.map(|declared| declared.to_string()).as_deref(),
            Some("Kubernetes NodePort (30000-32767/tcp+udp)")
        );
    }
}
