//! The keys of each tool's document that matter, and what they come to.

use serde::Deserialize;
use serde::de::IgnoredAny;

use super::sysctls::CommandSysctls;
use super::{AskedSysctls, Inspected, InspectedAll, Inspector, NetworkOf};

/// Keys that no other document has.
const SIGNS: [&[u8]; 3] = [b"\"HostConfig\"", b"\"runtimeSpec\"", b"\"hostNetwork\""];

/// Whether a text that is no JSON holds a piece of such a document.
pub(super) fn is_told_of(text: &[u8]) -> bool {
    SIGNS.iter().any(|sign| text.windows(sign.len()).any(|bytes| bytes == *sign))
        || (holds(text, b"\"Pod\"") && holds(text, b"\"securityContext\""))
}

fn holds(text: &[u8], word: &[u8]) -> bool {
    text.windows(word.len()).any(|bytes| bytes == word)
}

/// One object, whichever tool it is of.
#[derive(Deserialize)]
pub(super) struct InspectForm {
    // docker and podman
    #[serde(rename = "Name")]
    name: Option<String>,
    #[serde(rename = "Platform")]
    platform: Option<String>,
    #[serde(rename = "State")]
    state: Option<StateForm>,
    #[serde(rename = "Config")]
    config: Option<ConfigForm>,
    #[serde(rename = "HostConfig")]
    host_config: Option<HostConfigForm>,
    /// What podman alone tells.
    #[serde(rename = "OCIRuntime")]
    oci_runtime: Option<IgnoredAny>,
    // crictl
    info: Option<InfoForm>,
    // crictl and Kubernetes
    status: Option<StatusForm>,
    // Kubernetes
    kind: Option<String>,
    metadata: Option<MetadataForm>,
    spec: Option<SpecForm>,
    items: Option<InspectedAll>,
}

#[derive(Deserialize)]
struct StateForm {
    #[serde(rename = "Status")]
    status: Option<String>,
    #[serde(rename = "Running")]
    running: Option<bool>,
}

#[derive(Deserialize)]
struct ConfigForm {
    #[serde(rename = "Hostname")]
    hostname: Option<String>,
    #[serde(rename = "CreateCommand", default)]
    create_command: CommandSysctls,
}

#[derive(Deserialize)]
struct HostConfigForm {
    #[serde(rename = "NetworkMode")]
    network_mode: Option<String>,
    #[serde(rename = "Sysctls", default)]
    sysctls: AskedSysctls,
}

#[derive(Deserialize)]
struct InfoForm {
    #[serde(rename = "runtimeSpec")]
    runtime_spec: Option<RuntimeForm>,
    config: Option<CriConfigForm>,
}

#[derive(Deserialize)]
struct RuntimeForm {
    hostname: Option<String>,
    linux: Option<LinuxForm>,
}

#[derive(Deserialize)]
struct LinuxForm {
    #[serde(default)]
    sysctl: AskedSysctls,
    #[serde(default)]
    namespaces: NetworkNamespace,
}

#[derive(Deserialize)]
struct CriConfigForm {
    linux: Option<CriLinuxForm>,
}

#[derive(Deserialize)]
struct CriLinuxForm {
    #[serde(default)]
    sysctls: AskedSysctls,
}

#[derive(Deserialize)]
struct StatusForm {
    /// Of crictl.
    state: Option<String>,
    metadata: Option<MetadataForm>,
    linux: Option<StatusLinuxForm>,
    /// Of Kubernetes.
    phase: Option<String>,
}

#[derive(Deserialize)]
struct StatusLinuxForm {
    namespaces: Option<StatusNamespacesForm>,
}

#[derive(Deserialize)]
struct StatusNamespacesForm {
    options: Option<NamespaceOptionsForm>,
}

#[derive(Deserialize)]
struct NamespaceOptionsForm {
    network: Option<String>,
}

#[derive(Deserialize)]
struct MetadataForm {
    name: Option<String>,
    namespace: Option<String>,
}

#[derive(Deserialize)]
struct SpecForm {
    hostname: Option<String>,
    #[serde(rename = "hostNetwork")]
    host_network: Option<bool>,
    #[serde(rename = "securityContext")]
    security_context: Option<SecurityForm>,
}

#[derive(Deserialize)]
struct SecurityForm {
    #[serde(default)]
    sysctls: AskedSysctls,
}

impl InspectForm {
    /// The container or pod, or those of a list.
    pub(super) fn read(self) -> Result<Inspected, InspectedAll> {
        match self {
            Self { platform: Some(platform), .. } if platform == "windows" => {
                Err(InspectedAll::default())
            }
            Self { host_config: Some(host_config), name, state, config, oci_runtime, .. } => {
                let by = if oci_runtime.is_some() { Inspector::Podman } else { Inspector::Docker };
                Ok(of_docker(by, name, state, config, host_config))
            }
            Self { info: Some(info), status: Some(status), .. } => {
                of_crictl(info, status).ok_or_else(InspectedAll::default)
            }
            Self { kind: Some(kind), metadata, spec: Some(spec), status, .. } if kind == "Pod" => {
                Ok(of_kubernetes(metadata, spec, status))
            }
            Self { items, .. } => Err(items.unwrap_or_default()),
        }
    }
}

fn of_docker(
    by: Inspector,
    name: Option<String>,
    state: Option<StateForm>,
    config: Option<ConfigForm>,
    host_config: HostConfigForm,
) -> Inspected {
    let stopped = match state {
        Some(StateForm { running: Some(true), .. }) => None,
        Some(StateForm { status: Some(status), .. }) => Some(status),
        _ => Some(UNTOLD.to_owned()),
    };
    let network = match host_config.network_mode.as_deref() {
        None | Some("") => NetworkOf::Untold,
        Some("host") => NetworkOf::Host,
        Some(mode) => match mode.split_once(':') {
            Some(("container", other)) => NetworkOf::Other(format!("container {other}")),
            Some(("ns", path)) => NetworkOf::Other(path.to_owned()),
            _ => NetworkOf::Own,
        },
    };
    let (hostname, by_command) = match config {
        Some(config) => (config.hostname, config.create_command.0),
        None => (None, AskedSysctls::default()),
    };
    Inspected {
        by,
        name: named(name.map(|name| name.trim_start_matches('/').to_owned())),
        namespace: None,
        hostname,
        network,
        stopped,
        sysctls: host_config.sysctls.or(by_command),
    }
}

fn of_crictl(info: InfoForm, status: StatusForm) -> Option<Inspected> {
    let state = status.state?;
    let by = match state.as_str() {
        state if state.starts_with("SANDBOX_") => Inspector::CrictlPod,
        state if state.starts_with("CONTAINER_") => Inspector::Crictl,
        _ => return None,
    };
    let option = status.linux.and_then(|linux| linux.namespaces?.options?.network);
    let (hostname, linux) = match info.runtime_spec {
        Some(RuntimeForm { hostname, linux }) => (hostname, linux),
        None => (None, None),
    };
    let of_spec = || match &linux {
        Some(linux) if linux.namespaces.is_there => NetworkOf::Own,
        Some(_) => NetworkOf::Host,
        None => NetworkOf::Untold,
    };
    let network = match option.as_deref() {
        Some("NODE") => NetworkOf::Host,
        Some("POD") => NetworkOf::Own,
        Some(_) => NetworkOf::Untold,
        None => of_spec(),
    };
    let of_spec = linux.map(|linux| linux.sysctl).unwrap_or_default();
    let of_config = info.config.and_then(|config| config.linux).map(|linux| linux.sysctls);
    let MetadataForm { name, namespace } =
        status.metadata.unwrap_or(MetadataForm { name: None, namespace: None });
    let runs = matches!(state.as_str(), "SANDBOX_READY" | "CONTAINER_RUNNING");
    Some(Inspected {
        by,
        name: named(name),
        namespace,
        hostname,
        network,
        stopped: (!runs).then_some(state),
        sysctls: of_spec.or(of_config.unwrap_or_default()),
    })
}

fn of_kubernetes(
    metadata: Option<MetadataForm>,
    spec: SpecForm,
    status: Option<StatusForm>,
) -> Inspected {
    let MetadataForm { name, namespace } =
        metadata.unwrap_or(MetadataForm { name: None, namespace: None });
    let phase = status.and_then(|status| status.phase).unwrap_or_else(|| UNTOLD.to_owned());
    Inspected {
        by: Inspector::Kubectl,
        hostname: spec.hostname.or_else(|| name.clone()),
        name: named(name),
        namespace,
        network: match spec.host_network {
            Some(true) => NetworkOf::Host,
            _ => NetworkOf::Own,
        },
        stopped: (phase != "Running").then_some(phase),
        sysctls: spec.security_context.map(|context| context.sysctls).unwrap_or_default(),
    }
}

/// What does not say whether it runs.
const UNTOLD: &str = "not said to run";

/// What people call it; a name is no longer than that of a host.
fn named(name: Option<String>) -> String {
    const NAME_MAX: usize = 253;
    let name: String = name.unwrap_or_default().chars().take(NAME_MAX).collect();
    if name.is_empty() { "the container".to_owned() } else { name }
}

/// Whether a namespace of the network is among those of a container: one that is not has its host's.
#[derive(Default)]
struct NetworkNamespace {
    is_there: bool,
}

impl<'de> Deserialize<'de> for NetworkNamespace {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NetworkVisitor)
    }
}

struct NetworkVisitor;

#[derive(Deserialize)]
struct NamespaceForm {
    r#type: Option<String>,
}

impl<'de> serde::de::Visitor<'de> for NetworkVisitor {
    type Value = NetworkNamespace;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("namespaces")
    }

    fn visit_unit<E>(self) -> Result<NetworkNamespace, E> {
        Ok(NetworkNamespace::default())
    }

    fn visit_seq<A: serde::de::SeqAccess<'de>>(
        self,
        mut items: A,
    ) -> Result<NetworkNamespace, A::Error> {
        let mut found = NetworkNamespace::default();
        while let Some(NamespaceForm { r#type }) = items.next_element()? {
            found.is_there |= r#type.as_deref() == Some("network");
        }
        Ok(found)
    }
}
