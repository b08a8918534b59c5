//! Node pools of Azure Kubernetes Service.

use ephaudit_platform::snapshot::Os;

use super::{Settings, Target, when_named};
use crate::report::When;

pub const TARGET: Target = Target {
    name: "aks",
    about: "The node configuration of a new AKS node pool; it has no list of reserved ports",
    when: When::Elsewhere,
    source: "netIpv4IpLocalPortRange of AKS' custom node configuration",
    validator: Some("read by a parser of JSON"),
    systems: &[Os::Linux],
    usual: when_named,
    file: |_| None,
    make,
};

fn make(settings: &Settings<'_>) -> Option<String> {
    let range = settings.range().filter(|_| settings.list().is_none())?;
    let (first, last) = (range.first(), range.last());
    Some(format!("{{\"sysctls\": {{\"netIpv4IpLocalPortRange\": \"{first} {last}\"}}}}\n"))
}
