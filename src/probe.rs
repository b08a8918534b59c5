//! What the probe's answers mean: findings, gaps, and the overall status.

use ephaudit_platform::ports::PortSet;
use ephaudit_platform::probe::{Disagreement, Probe, Wish, family_name};
use ephaudit_platform::snapshot::{Reading, Reserved, Scope, Snapshot};
use ephaudit_platform::unread::Unread;

use crate::report::{Evidence, Finding, Gap, Severity, Step};
use crate::text::{counted, grouped, spans};

/// What the probe says.
#[derive(Debug)]
pub struct Judged {
    /// Overall status.
    pub status: ProbeStatus,
    /// Its findings with their names, most severe first.
    pub findings: Vec<(&'static str, Finding)>,
    /// What could not be determined.
    pub gaps: Vec<Gap>,
}

/// The probe's overall status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProbeStatus {
    /// Everything was answered, and no finding reaches the threshold.
    Agrees,
    /// A finding reaches the threshold.
    Disagrees,
    /// None does, but something could not be determined.
    Undetermined,
}

/// The names of the findings; they are no rules, since an audit opens no socket.
const OUTSIDE: &str = "ports-outside-pool";
const PARITY: &str = "parity-not-as-documented";
const IN_SEQUENCE: &str = "ports-in-sequence";
const IN_PART: &str = "ports-from-part-of-range";
const REPEATS: &str = "ports-repeated";
const ONE_PARITY: &str = "ports-of-one-parity";
/// What it means where ports that are drawn at random come from some of the pool.
const KEEPS: &str = "Linux draws them at random from all of the range (RFC 6056), which would not \
                     produce this by chance. A BPF program of the control group, a sandbox or \
                     another network stack may restrict the kernel to some of them; an audit then counts \
                     too many ports.";

/// Judges what came of a probe.
pub fn judge(snapshot: &Snapshot, probe: &Probe, fail_on: Option<Severity>) -> Judged {
    let scope = snapshot.scopes.first();
    let mut findings: Vec<(&'static str, Finding)> = scope
        .iter()
        .flat_map(|scope| probe.disagreements.iter().map(|found| finding(scope, found)))
        .collect();
    findings.sort_by_key(|(_, finding)| std::cmp::Reverse(finding.severity));
    let gap = |unread: &Unread| Gap {
        scope: scope.map_or_else(String::new, |scope| scope.id.clone()),
        what: unread.subject.to_string(),
        why: unread.why.reason,
        detail: unread.why.detail.clone(),
    };
    let gaps: Vec<Gap> = probe.unknown.iter().map(gap).collect();
    let reaches = |finding: &Finding| fail_on.is_some_and(|least| finding.severity >= least);
    let status = if findings.iter().any(|(_, finding)| reaches(finding)) {
        ProbeStatus::Disagrees
    } else if gaps.is_empty() {
        ProbeStatus::Agrees
    } else {
        ProbeStatus::Undetermined
    };
    Judged { status, findings, gaps }
}

fn finding(scope: &Scope, found: &Disagreement) -> (&'static str, Finding) {
    let (name, severity, wish, title, message) = match found {
        Disagreement::Outside { wish, times, ports } => (
            OUTSIDE,
            Severity::High,
            *wish,
            format!(
                "{} gave {} outside the pool: {}",
                who(*wish),
                counted(*times, "port"),
                spans(ports)
            ),
            "This system does not do what its settings say: a BPF program of the control group, a \
             sandbox or another network stack gives these ports. An audit judges the settings.",
        ),
        Disagreement::Parity { wish, times, odd_first } => (
            PARITY,
            Severity::Low,
            *wish,
            format!(
                "{} gave {} that should come last: the {} ones come first",
                who(*wish),
                counted(*times, "port"),
                if *odd_first { "odd" } else { "even" }
            ),
            "This kernel does not choose by parity as Linux does since 4.5, so statements about \
             exposed parities do not hold here.",
        ),
        Disagreement::InSequence { wish } => (
            IN_SEQUENCE,
            Severity::Low,
            *wish,
            format!("{} gave ports one after the other", who(*wish)),
            "Linux draws them at random (RFC 6056); in sequence the next one can be guessed.",
        ),
        Disagreement::Repeats { wish, times, distinct, of } => (
            REPEATS,
            Severity::Medium,
            *wish,
            format!(
                "{} gave {} in {} draws, out of {}",
                who(*wish),
                counted(*distinct, "different port"),
                grouped(*times),
                grouped(*of)
            ),
            KEEPS,
        ),
        Disagreement::Hole { wish, times, ports, count } => (
            IN_PART,
            Severity::Medium,
            *wish,
            format!(
                "{} gave none of {} of the pool in {} draws: {}",
                who(*wish),
                counted(*count, "port"),
                grouped(*times),
                spans(ports)
            ),
            KEEPS,
        ),
        Disagreement::OneParity { wish, times, odd } => (
            ONE_PARITY,
            Severity::Medium,
            *wish,
            format!(
                "{} gave {} ports in {} draws",
                who(*wish),
                if *odd { "only odd" } else { "only even" },
                grouped(*times)
            ),
            KEEPS,
        ),
    };
    let Wish { transport, family, call } = wish;
    let subject = format!("{transport}/{}/{}", family_name(family), call.name());
    let mut facts = facts(scope, wish).into_iter();
    let first = facts.next().unwrap_or_else(|| unnamed(wish));
    let finding = Finding::new(name, severity, scope, &subject, first)
        .with_evidence(facts)
        .says(title, message)
        .advises(steps(found));
    (name, finding)
}

/// `tcp connect() over IPv4`.
fn who(wish: Wish) -> String {
    format!("{} {}() over {}", wish.transport, wish.call.name(), family_name(wish.family))
}

/// What the settings say.
fn facts(scope: &Scope, wish: Wish) -> Vec<Evidence> {
    let ranges = scope.ephemeral().filter(|range| range.transports.contains(&wish.transport));
    let ranges = ranges.filter_map(|range| {
        let bounds = range.bounds.known()?;
        let value = format!("{}-{}", bounds.first, bounds.last);
        Some(Evidence::new("ephemeral range", value, range.bounds.source()))
    });
    let lists = scope.reserved.iter().filter_map(|Reserved { ports, .. }| match ports {
        Reading::Known { value, source } if *value != PortSet::new() => {
            Some(Evidence::new("reserved ports", spans(value), source))
        }
        _ => None,
    });
    ranges.chain(lists).collect()
}

fn unnamed(wish: Wish) -> Evidence {
    let source = ephaudit_platform::snapshot::Source::Command("ephaudit probe".into());
    Evidence::new("asked", who(wish), &source)
}

/// Where to look.
fn steps(found: &Disagreement) -> Vec<Step> {
    match found {
        Disagreement::Outside { wish, .. }
        | Disagreement::Repeats { wish, .. }
        | Disagreement::Hole { wish, .. }
        | Disagreement::OneParity { wish, .. } => {
            let call = wish.call.name();
            let words = format!(
                "see which programs are attached to cgroup_inet4_{call} and cgroup_inet6_{call}, \
                 as root"
            );
            vec![Step::now(words).by("bpftool cgroup tree")]
        }
        Disagreement::Parity { .. } | Disagreement::InSequence { .. } => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use ephaudit_platform::ask::{Answer, Question, Refusal};
    use ephaudit_platform::probe::Call;
    use ephaudit_platform::snapshot::{Family, Os, Reason, Source, Transport, Why};
    use ephaudit_platform::unread::Subject;
    use ephaudit_platform::{Host, Needs};

    use super::*;

    fn snapshot() -> Snapshot {
        let ask = |question: Question<'_>| {
            let outcome = match question {
                Question::Tunable("net.ipv4.ip_local_port_range") => Ok(b"32768\t60999\n".to_vec()),
                Question::Tunable("net.ipv4.ip_local_reserved_ports") => Ok(b"40000\n".to_vec()),
                _ => Err(Refusal::NotFound("nothing".to_owned())),
            };
            Answer::new(Source::File("test".into()), outcome)
        };
        Host::answering(Os::Linux, &ask).read(&Needs::default())
    }

    #[test]
    fn the_word_goes_by_the_threshold_and_a_gap_is_no_agreement() {
        let wish = Wish { transport: Transport::Tcp, family: Family::Ipv4, call: Call::Connect };
        let outside = || Disagreement::Outside {
            wish,
            times: 3,
            ports: "20000-20002".parse().expect("ports"),
        };
        let parity = || Disagreement::Parity { wish, times: 256, odd_first: false };
        let gap = || Unread::new(Subject::Given(wish), Why::new(Reason::Denied, "refused"));
        let word = |disagreements: Vec<Disagreement>, gaps: Vec<_>, fail_on| {
            let probe = Probe { drawn: Vec::new(), disagreements, unknown: gaps };
            judge(&snapshot(), &probe, fail_on).status
        };
        let (medium, low) = (Some(Severity::Medium), Some(Severity::Low));
        assert_eq!(word(vec![], vec![], medium), ProbeStatus::Agrees);
        assert_eq!(word(vec![outside()], vec![gap()], medium), ProbeStatus::Disagrees);
        assert_eq!(word(vec![outside()], vec![], None), ProbeStatus::Agrees);
        assert_eq!(word(vec![parity()], vec![], medium), ProbeStatus::Agrees);
        assert_eq!(word(vec![parity()], vec![gap()], medium), ProbeStatus::Undetermined);
        assert_eq!(word(vec![parity()], vec![gap()], low), ProbeStatus::Disagrees);
        assert_eq!(word(vec![], vec![gap()], medium), ProbeStatus::Undetermined);
    }

    #[test]
    fn a_finding_names_the_ports_and_what_the_settings_say() {
        let wish = Wish { transport: Transport::Udp, family: Family::Ipv6, call: Call::Bind };
        let ports = "20000-20002".parse().expect("ports");
        let probe = Probe {
            drawn: Vec::new(),
            disagreements: vec![
                Disagreement::InSequence { wish },
                Disagreement::Hole {
                    wish,
                    times: 256,
                    ports: "32768-44619,48716-60999".parse().expect("ports"),
                    count: 24_136,
                },
                Disagreement::Outside { wish, times: 1000, ports },
            ],
            unknown: Vec::new(),
        };
        let judged = judge(&snapshot(), &probe, Some(Severity::Medium));
        let [(first, finding), (second, part), (third, _)] = &judged.findings[..] else { panic!() };
        assert_eq!(
            (*first, *second, *third),
            (OUTSIDE, IN_PART, IN_SEQUENCE),
            "the most severe first"
        );
        assert_eq!(
            part.title,
            "udp bind() over IPv6 gave none of 24,136 ports of the pool in 256 draws: 32768-44619, 48716-60999"
        );
        assert_eq!(
            finding.title,
            "udp bind() over IPv6 gave 1,000 ports outside the pool: 20000-20002"
        );
        let values: Vec<_> = finding.evidence.iter().map(|values| values.value.as_str()).collect();
        assert_eq!(values, ["32768-60999", "40000"]);
    }
}
