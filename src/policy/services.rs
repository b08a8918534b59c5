//! Ports that services are known to use although no socket shows it: a NodePort, a service that is
//! down just now.

use std::fmt;

use ephaudit_platform::ports::PortRange;
use ephaudit_platform::snapshot::{Owner, Source, Transport};

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
    /// Who should hold its ports: a unit of systemd, a command or a container; `None` for anybody.
    pub owner: Option<String>,
}

impl Declared {
    /// Whether it has that port.
    pub fn has(&self, transport: Transport, port: u16) -> bool {
        self.transports.contains(&transport) && self.ports.contains(port)
    }

    /// Whether that is the owner it should have; `None` where it is not known.
    pub fn expects(&self, owner: &Owner) -> Option<bool> {
        /// As much of a command's name as Linux keeps (`TASK_COMM_LEN` less its NUL).
        const COMMAND: usize = 15;
        let Some(expected) = self.owner.as_deref() else { return Some(true) };
        match owner {
            Owner::NotAsked | Owner::Unseen(_) => None,
            Owner::Kernel => Some(false),
            Owner::Known { command, unit, container, .. } => {
                let kept = |text: &str| text.chars().take(COMMAND).collect::<String>();
                let command = command.as_deref().is_some_and(|name| name == kept(expected));
                let unit = unit.as_deref().is_some_and(|unit| {
                    unit == expected || unit.strip_suffix(".service") == Some(expected)
                });
                Some(command || unit || container.as_deref() == Some(expected))
            }
        }
    }
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
        name: "calico",
        source: "Calico documentation: Network requirements; Felix configuration: healthPort, prometheusMetricsPort",
        services: &[("Calico BGP", 179, 179, TCP), ("Calico VXLAN", 4789, 4789, UDP),
            ("Calico Typha", 5473, 5473, TCP), ("Calico Felix metrics", 9091, 9091, TCP),
            ("Calico Felix health", 9099, 9099, TCP), ("Calico WireGuard", 51820, 51821, UDP)],
    },
    ServiceSet {
        name: "cassandra",
        source: "Apache Cassandra documentation, cassandra.yaml: storage_port, native_transport_port; JMX",
        services: &[("Cassandra JMX", 7199, 7199, TCP), ("Cassandra cluster", 7000, 7001, TCP),
            ("Cassandra clients", 9042, 9042, TCP)],
    },
    ServiceSet {
        name: "ceph",
        source: "Red Hat Ceph Storage 6 Configuration Guide: Ceph Firewall Ports; Ceph documentation: Prometheus module",
        services: &[("Ceph monitor", 3300, 3300, TCP), ("Ceph monitor v1", 6789, 6789, TCP),
            ("Ceph OSD, MDS and manager", 6800, 7300, TCP), ("Ceph Prometheus module", 9283, 9283, TCP)],
    },
    ServiceSet {
        name: "cilium",
        source: "Cilium documentation: System Requirements, Firewall Rules",
        services: &[("Cilium health checks", 4240, 4240, TCP), ("Hubble", 4244, 4245, TCP),
            ("Cilium Geneve", 6081, 6081, UDP), ("Cilium VXLAN", 8472, 8472, UDP),
            ("Cilium agent health", 9878, 9879, TCP), ("Cilium gops", 9890, 9891, TCP),
            ("Cilium metrics", 9962, 9964, TCP), ("Cilium WireGuard", 51871, 51871, UDP)],
    },
    ServiceSet {
        name: "consul",
        source: "HashiCorp Consul documentation: Required Ports",
        services: &[("Consul server RPC", 8300, 8300, TCP), ("Consul Serf", 8301, 8302, BOTH),
            ("Consul HTTP and gRPC", 8500, 8503, TCP), ("Consul DNS", 8600, 8600, BOTH),
            ("Consul sidecar proxies", 21000, 21255, TCP)],
    },
    ServiceSet {
        name: "flannel",
        source: "flannel Documentation/backends.md: VXLAN, WireGuard, UDP",
        services: &[("flannel UDP", 8285, 8285, UDP), ("flannel VXLAN", 8472, 8472, UDP),
            ("flannel WireGuard", 51820, 51821, UDP)],
    },
    ServiceSet {
        name: "glusterfs",
        source: "Red Hat Gluster Storage 3.5 Administration Guide: Port Access Requirements",
        services: &[("GlusterFS daemon", 24007, 24008, TCP), ("Gluster NFS", 38465, 38467, TCP),
            ("GlusterFS bricks", 49152, 49251, TCP)],
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
        name: "k3s",
        source: "K3s documentation: Requirements, Networking",
        services: &[("K3s embedded registry", 5001, 5001, TCP), ("K3s API server", 6443, 6443, TCP),
            ("etcd", 2379, 2380, TCP), ("K3s VXLAN", 8472, 8472, UDP), ("kubelet", 10250, 10250, TCP),
            ("K3s WireGuard", 51820, 51821, UDP), ("Kubernetes NodePort", 30000, 32767, BOTH)],
    },
    ServiceSet {
        name: "kafka",
        source: "Apache Kafka documentation: listeners; KRaft quickstart: controller",
        services: &[("Kafka", 9092, 9093, TCP)],
    },
    ServiceSet {
        name: "kubernetes",
        source: "Kubernetes documentation: Ports and Protocols; --service-node-port-range; pkg/cluster/ports/ports.go",
        services: &[("Kubernetes NodePort", 30000, 32767, BOTH), ("Kubernetes API server", 6443, 6443, TCP),
            ("etcd", 2379, 2380, TCP), ("kubelet health", 10248, 10248, TCP), ("kube-proxy metrics", 10249, 10249, TCP),
            ("kubelet", 10250, 10250, TCP), ("kube-proxy health", 10256, 10256, TCP),
            ("kube-controller-manager", 10257, 10257, TCP), ("kube-scheduler", 10259, 10259, TCP)],
    },
    ServiceSet {
        name: "kubernetes-control-plane",
        source: "Kubernetes documentation: Ports and Protocols, Control plane; pkg/cluster/ports/ports.go; kubeadm: etcd metrics",
        services: &[("Kubernetes API server", 6443, 6443, TCP), ("etcd", 2379, 2380, TCP), ("etcd metrics", 2381, 2381, TCP),
            ("kubelet health", 10248, 10248, TCP), ("kube-proxy metrics", 10249, 10249, TCP), ("kubelet", 10250, 10250, TCP),
            ("kube-proxy health", 10256, 10256, TCP), ("kube-controller-manager", 10257, 10257, TCP),
            ("kube-scheduler", 10259, 10259, TCP)],
    },
    ServiceSet {
        name: "kubernetes-worker",
        source: "Kubernetes documentation: Ports and Protocols, Worker node(s); pkg/cluster/ports/ports.go",
        services: &[("Kubernetes NodePort", 30000, 32767, BOTH), ("kubelet health", 10248, 10248, TCP),
            ("kube-proxy metrics", 10249, 10249, TCP), ("kubelet", 10250, 10250, TCP),
            ("kube-proxy health", 10256, 10256, TCP)],
    },
    ServiceSet {
        name: "libvirt",
        source: "libvirt: libvirtd.conf tcp_port and tls_port; qemu.conf migration_port_min and migration_port_max",
        services: &[("libvirt", 16509, 16509, TCP), ("libvirt over TLS", 16514, 16514, TCP),
            ("QEMU migration", 49152, 49215, TCP)],
    },
    ServiceSet {
        name: "mysql",
        source: "MySQL Reference Manual: MySQL Port Reference Tables",
        services: &[("MySQL", 3306, 3306, TCP), ("MySQL X Protocol", 33060, 33060, TCP),
            ("MySQL administration", 33062, 33062, TCP), ("MySQL Group Replication", 33061, 33061, TCP)],
    },
    ServiceSet {
        name: "nfs",
        source: "IANA: nfs, mountd; Red Hat Enterprise Linux Storage Administration Guide: Running NFS Behind a Firewall",
        services: &[("rpcbind", 111, 111, BOTH), ("NFS", 2049, 2049, BOTH), ("NFS mountd", 20048, 20048, BOTH),
            ("NFS lockd over UDP", 32769, 32769, UDP), ("NFS lockd", 32803, 32803, TCP)],
    },
    ServiceSet {
        name: "nomad",
        source: "HashiCorp Nomad documentation: agent configuration, ports",
        services: &[("Nomad HTTP API", 4646, 4646, TCP), ("Nomad RPC", 4647, 4647, TCP), ("Nomad Serf", 4648, 4648, BOTH)],
    },
    ServiceSet {
        name: "postgres",
        source: "PostgreSQL documentation: port; PgBouncer configuration: listen_port",
        services: &[("PostgreSQL", 5432, 5432, TCP), ("PgBouncer", 6432, 6432, TCP)],
    },
    ServiceSet {
        name: "rabbitmq",
        source: "RabbitMQ documentation: Networking, Port Access",
        services: &[("epmd", 4369, 4369, TCP), ("RabbitMQ AMQP", 5671, 5672, TCP), ("RabbitMQ streams", 5551, 5552, TCP),
            ("RabbitMQ MQTT", 1883, 1883, TCP), ("RabbitMQ MQTT over TLS", 8883, 8883, TCP),
            ("RabbitMQ management", 15671, 15672, TCP), ("RabbitMQ over WebSocket", 15674, 15675, TCP),
            ("RabbitMQ Prometheus", 15692, 15692, TCP), ("RabbitMQ cluster", 25672, 25672, TCP),
            ("RabbitMQ command line", 35672, 35682, TCP), ("RabbitMQ STOMP", 61613, 61614, TCP)],
    },
    ServiceSet {
        name: "rke2",
        source: "RKE2 documentation: Requirements, Inbound Network Rules; rancher/rke2 issue 4602: 2381",
        services: &[("RKE2 supervisor", 9345, 9345, TCP), ("Kubernetes API server", 6443, 6443, TCP),
            ("etcd", 2379, 2381, TCP), ("kubelet", 10250, 10250, TCP), ("Kubernetes NodePort", 30000, 32767, BOTH)],
    },
    ServiceSet {
        name: "sap",
        source: "SAP: TCP/IP Ports of All SAP Products; those with an instance number are of instance 00",
        services: &[("SAP Host Agent", 1128, 1129, TCP), ("SAP dispatcher", 3200, 3299, TCP), ("SAP gateway", 3300, 3399, TCP),
            ("SAP message server", 3600, 3699, TCP), ("SAP HANA 00", 30000, 30099, TCP),
            ("SAP HANA 00 SQL", 30013, 30017, TCP), ("SAP instance 00", 50000, 50099, TCP), ("SAP start service 00", 50013, 50014, TCP)],
    },
    ServiceSet {
        name: "swarm",
        source: "Docker documentation: Swarm tutorial, Open protocols and ports between the hosts",
        services: &[("Swarm management", 2377, 2377, TCP), ("Swarm overlay", 4789, 4789, UDP), ("Swarm nodes", 7946, 7946, BOTH)],
    },
    ServiceSet {
        name: "tailscale",
        source: "tailscaled: --port; Tailscale documentation: firewall ports",
        services: &[("Tailscale", 41641, 41641, UDP)],
    },
    ServiceSet {
        name: "turn",
        source: "RFC 8656; coturn turnserver.conf: listening-port, tls-listening-port, min-port, max-port",
        services: &[("TURN", 3478, 3478, BOTH), ("TURN over TLS", 5349, 5349, BOTH), ("TURN relays", 49152, 65535, UDP)],
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
            owner: None,
        })
    }
}

/// Whether a set names that port, by itself or in a short range: in a long one any socket may be.
pub fn knows(transport: Transport, port: u16) -> bool {
    /// How long.
    const SHORT: u16 = 64;
    let mut services = SETS.iter().flat_map(|set| set.services);
    services.any(|&(_, first, last, transports)| {
        (first..=last).contains(&port) && last - first < SHORT && transports.contains(&transport)
    })
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
