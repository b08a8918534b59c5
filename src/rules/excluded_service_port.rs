//! Services whose ports lie in a block that Windows has excluded.

use ephaudit_platform::ports::PortSet;
use ephaudit_platform::probe::family_name;
use ephaudit_platform::snapshot::{Family, Os, Reading, Reserved, ReservedKind, Transport};

use crate::policy::Policy;
use crate::policy::services::Declared;
use crate::remedy::exclusion;
use crate::report::{About, Evidence, Finding, Severity, Step, Verdict};
use crate::rule::{Check, Facts, Rule, ScopeFacts, declared, each_scope};
use crate::text::spans;

pub static RULE: Rule = Rule {
    name: "excluded-service-port",
    summary: "a declared service cannot bind its port, which lies in a block that Windows excluded",
    severity: |_| Severity::High,
    needs: &[],
    page: include_str!("excluded-service-port.md"),
    check: Check::Facts(check),
};

fn check(facts: &Facts<'_>, policy: &Policy) -> Verdict {
    if facts.snapshot.host.os != Os::Windows {
        return Verdict::NotApplicable("only Windows has excluded port ranges".to_owned());
    }
    if policy.services.is_empty() {
        return declared::none();
    }
    each_scope(facts, |judgement, scope| {
        let mut unread = None;
        for list in scope.reserved.iter().filter(|list| list.kind == ReservedKind::Excluded) {
            match &list.ports {
                Reading::Known { value, .. } => {
                    judgement.pass();
                    for (service, transport, ports) in in_blocks(policy, list, value) {
                        judgement.found(finding(scope, list, value, service, transport, &ports));
                    }
                }
                Reading::Absent { .. } => judgement.pass(),
                // One reason is enough, however many lists it keeps from being read.
                Reading::Unknown { why, .. } => {
                    unread.get_or_insert(why);
                }
            }
        }
        if let Some(why) = unread {
            judgement.gap(scope, "excluded port ranges", why);
        }
    })
}

/// The services with ports in a list, over which transport, and which ports.
fn in_blocks<'a>(
    policy: &'a Policy,
    list: &'a Reserved,
    blocks: &'a PortSet,
) -> impl Iterator<Item = (&'a Declared, Transport, PortSet)> {
    policy.services.iter().flat_map(move |service| {
        let over = service.transports.iter().filter(|over| list.transports.contains(over));
        over.filter_map(move |&transport| {
            let ports = PortSet::from(service.ports).intersection(blocks);
            (!ports.is_empty()).then_some((service, transport, ports))
        })
    })
}

fn finding(
    scope: &ScopeFacts<'_>,
    list: &Reserved,
    blocks: &PortSet,
    service: &Declared,
    transport: Transport,
    ports: &PortSet,
) -> Finding {
    let over: Vec<&str> = list.families.iter().map(|&family| family_name(family)).collect();
    let over = over.join(" and ");
    let meeting = blocks.spans().iter().copied();
    let hit: PortSet =
        meeting.filter(|block| !PortSet::from(*block).intersection(ports).is_empty()).collect();
    let family = list.families.first().copied().unwrap_or(Family::Ipv4);
    let subject = format!("{}/{transport}/{over}/{}", service.name, service.ports);
    let block = if hit.spans().len() == 1 { "block" } else { "blocks" };
    let evidence = Evidence::new("excluded ports", spans(&hit), list.ports.source());
    Finding::new(RULE.name, Severity::High, scope, &subject, evidence)
        .with_evidence([declared::evidence(service)])
        .about(ports.clone())
        .concerning(About {
            transport: Some(transport),
            service: Some(service.name.clone()),
            ..About::default()
        })
        .says(
            format!("{} cannot bind {transport} {} over {over}", service.name, spans(ports)),
            format!(
                "Windows has excluded the {block} {}: bind() fails there with WSAEACCES (10013) \
                 although nobody listens. Blocks without a star are elsewhere after every boot.",
                spans(&hit)
            ),
        )
        .advises(
            [Step::now("see the blocks").by(exclusion::list(family, transport))]
                .into_iter()
                .chain(exclusion::claim(ports, transport, list.families)),
        )
}
