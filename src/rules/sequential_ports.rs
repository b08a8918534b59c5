//! Ports that are drawn one after the other.

use ephaudit_platform::snapshot::{Family, Os, Randomization, Reading};

use crate::policy::{Policy, Profile};
use crate::report::{Evidence, Finding, Severity, Step, Verdict};
use crate::rule::{Check, Facts, Rule, each_scope};

pub static RULE: Rule = Rule {
    name: "sequential-ports",
    summary: "ephemeral ports come one after the other and are easy to guess (RFC 6056)",
    severity,
    needs: &[],
    page: include_str!("sequential-ports.md"),
    check: Check::Facts(check),
};

/// RFC 6056 is about nothing else.
fn severity(profile: Profile) -> Severity {
    match profile {
        Profile::Rfc6056 => Severity::Medium,
        Profile::Iana | Profile::Vendor | Profile::Kubernetes => Severity::Low,
    }
}

fn check(facts: &Facts<'_>, policy: &Policy) -> Verdict {
    each_scope(facts, |judgement, scope| {
        for knob in &scope.randomization {
            let names: Vec<&str> = knob.transports.iter().map(|t| t.name()).collect();
            let over = match knob.families {
                [Family::Ipv4] => " over IPv4",
                [Family::Ipv6] => " over IPv6",
                _ => "",
            };
            let names = format!("{}{over}", names.join(" and "));
            match &knob.random {
                Reading::Known { value: true, .. } => judgement.pass(),
                Reading::Known { source, .. } => judgement.found(
                    Finding::new(
                        RULE.name,
                        severity(policy.profile),
                        scope,
                        &format!("random/{names}"),
                        Evidence::new("randomization", "off".to_owned(), source),
                    )
                    .says(
                        format!("ports of {names} are drawn one after the other"),
                        "An attacker off the path who learns one port can predict the next, and \
                         forge packets of a connection more easily (RFC 6056 section 1).",
                    )
                    .advises(step(facts.snapshot.host.os, knob)),
                ),
                Reading::Absent { .. } => judgement.skip("ports are always drawn at random here"),
                Reading::Unknown { why, .. } => judgement.gap(scope, "randomization of ports", why),
            }
        }
        if scope.randomization.is_empty() {
            judgement.skip("this system has no such setting");
        }
    })
}

fn step(os: Os, knob: &Randomization) -> Option<Step> {
    match os {
        Os::FreeBsd => Some(Step::now("now").by("sysctl net.inet.ip.portrange.randomized=1")),
        Os::MacOs => {
            let transport = knob.transports.first()?;
            Some(Step::now("now").by(format!("sysctl net.inet.{transport}.randomize_ports=1")))
        }
        // hash and doublehash leave bind() to port 0 without a port until the peer is known
        // (portalgo.c).
        Os::NetBsd => {
            let root =
                if knob.families == [Family::Ipv6] { "net.inet6.ip6" } else { "net.inet.ip" };
            Some(
                Step::now("now").by(format!("sysctl -w {root}.anonportalgo.selected=random_start")),
            )
        }
        _ => None,
    }
}
