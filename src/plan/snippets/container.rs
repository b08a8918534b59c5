//! Containers that are made by Docker and Podman.

use ephaudit_platform::snapshot::{Environment, Os, Scope, Snapshot};

use super::{Target, when_named};
use crate::remedy::Change;
use crate::report::When;

pub const DOCKER_RUN: Target = Target {
    name: "docker-run",
    about: "Options of docker run and podman run, for a container with a network of its own",
    when: When::Elsewhere,
    source: "docker run --sysctl",
    validator: None,
    systems: &[Os::Linux],
    usual: in_container,
    file: |_| None,
    make: |settings| {
        let option = |value: &Change| format!(" --sysctl {}={}", value.key(), value.word());
        let options: String = settings.values.iter().map(option).collect();
        Some(format!("docker run{options} IMAGE\n"))
    },
};

pub const COMPOSE: Target = Target {
    name: "compose",
    about: "A service of a Compose file",
    when: When::Elsewhere,
    source: "the Compose specification, sysctls",
    validator: Some("check-jsonschema with the schema of the Compose specification"),
    systems: &[Os::Linux],
    usual: when_named,
    file: |_| None,
    make: |settings| {
        let sysctls = settings.lines(|key, value| format!("      {key}: \"{value}\"\n"));
        Some(format!("services:\n  example:\n    image: IMAGE\n    sysctls:\n{sysctls}"))
    },
};

pub const QUADLET: Target = Target {
    name: "quadlet",
    about: "A .container file of Podman",
    when: When::Elsewhere,
    source: "podman-systemd.unit(5), Sysctl=",
    validator: None,
    systems: &[Os::Linux],
    usual: when_named,
    file: |_| None,
    make: |settings| {
        // The key takes a list of words: a value with a blank is one only between quotes.
        let line = |key: &str, value: &str| format!("Sysctl=\"{key}={value}\"\n");
        Some(format!("[Container]\nImage=IMAGE\n{}", settings.lines(line)))
    },
};

fn in_container(snapshot: &Snapshot, scope: &Scope) -> bool {
    let environment = snapshot.host.environment.as_ref();
    scope.current && !scope.is_host() && matches!(environment, Some(Environment::Container(_)))
}
