//! A pod of Kubernetes.

use ephaudit_platform::snapshot::{Environment, Os};

use super::{Settings, Target};
use crate::report::When;

pub const TARGET: Target = Target {
    name: "kubernetes-pod",
    about: "The sysctls of a Kubernetes pod that has a network of its own",
    when: When::Elsewhere,
    source: "securityContext.sysctls; the list is safe there since Kubernetes 1.27",
    validator: Some("kubernetes-validate --strict"),
    systems: &[Os::Linux],
    usual: |snapshot, scope| {
        scope.current
            && !scope.is_host()
            && matches!(snapshot.host.environment, Some(Environment::Container(_)))
    },
    file: |_| None,
    make: |settings| Some(pod(settings)),
};

fn pod(settings: &Settings<'_>) -> String {
    let sysctls =
        settings.lines(|key, value| format!("      - name: {key}\n        value: \"{value}\"\n"));
    format!(
        "apiVersion: v1\nkind: Pod\nmetadata:\n  name: example\nspec:\n  securityContext:\n    \
         sysctls:\n{sysctls}  containers:\n    - name: example\n      image: IMAGE\n"
    )
}
