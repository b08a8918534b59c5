//! The list is complete, and every rule passes, fails and stays unsure on its own fixtures.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use clap::ValueEnum;
use ephaudit_platform::Wants;
use ephaudit_platform::ask::{Answer, Place, Question, Refusal, Toured, Visitor};
use ephaudit_platform::evidence::{Evidence, Piece};
use ephaudit_platform::snapshot::{Depth, Family, Os, Reason, Snapshot, Source, Transport, Why};
use serde::Deserialize;

use super::RULES;
use crate::audit::{Report, audit, named_listeners};
use crate::cli::EvidenceOs;
use crate::iana::Registry;
use crate::policy::{Policy, Profile};
use crate::report::{Severity, Status, Verdict};
use crate::rule::Rule;

/// One Linux host in a few words; what is left out is a clean host on the Dynamic Ports.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Fixture {
    /// What the case is, for the reader.
    #[serde(rename = "about")]
    _about: String,
    #[serde(default)]
    vendor_profile: bool,
    uname: Option<String>,
    /// What another system's tools printed, instead of a Linux host; it is judged as `--from` judges it.
    evidence: Option<String>,
    /// The evidence's system, as in `--os`.
    os: Option<String>,
    /// Path to content; null where the file does not exist.
    #[serde(default)]
    files: BTreeMap<String, Option<String>>,
    #[serde(default)]
    denied: Vec<String>,
    /// "tcp 0.0.0.0:80", "udp [::]:53"; null where netlink and /proc/net are refused.
    #[serde(default = "no_sockets")]
    sockets: Option<Vec<String>>,
    /// Whether every process may be looked into.
    #[serde(default)]
    processes_hidden: bool,
    /// Whether the UDP sockets are refused.
    #[serde(default)]
    udp_refused: bool,
    /// The lines of a census by transport (platform/src/parse/census.rs); without it the counters are all that is looked
    /// at. A line of bound ports takes `--usage full`.
    #[serde(default)]
    census: BTreeMap<String, Vec<String>>,
    /// Its other namespaces; without them only its own is asked for, as without `--all-netns`.
    namespaces: Option<Vec<Namespace>>,
    /// How many processes do not show theirs.
    #[serde(default)]
    closed_processes: usize,
    expect: Expectation,
}

/// Another namespace, clean where it says nothing else.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Namespace {
    name: String,
    #[serde(default)]
    files: BTreeMap<String, Option<String>>,
    #[serde(default)]
    sockets: Vec<String>,
    /// Whether it was found and not entered.
    #[serde(default)]
    closed: bool,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Expectation {
    verdict: String,
    /// Of the gravest finding.
    severity: Option<String>,
    /// Each stands somewhere in the findings or the gaps.
    #[serde(default)]
    says: Vec<String>,
    /// None of these stands in any of them.
    #[serde(default)]
    never_says: Vec<String>,
}

// serde's default must have the field's own type.
#[allow(clippy::unnecessary_wraps)]
fn no_sockets() -> Option<Vec<String>> {
    Some(Vec::new())
}

impl Fixture {
    fn answer(&self, question: Question<'_>) -> Answer {
        let file = |path: &str| Source::File(path.to_owned().into());
        match question {
            Question::Tunable(name) => {
                let path = format!("/proc/sys/{}", name.replace('.', "/"));
                Answer::new(file(&path), self.file(&path))
            }
            Question::File(path) => Answer::new(file(path), self.file(path)),
            Question::Link(path) => Answer::new(file(path), Ok(b"net:[4026531840]".to_vec())),
            Question::Uname => {
                let stock = "Linux\nweb1\n6.1.0-28-amd64\n#1 SMP\nx86_64\n";
                let uname = self.uname.as_deref().unwrap_or(stock);
                let fields = uname.replace('\n', "\0").into_bytes();
                Answer::new(Source::Command("uname".into()), Ok(fields))
            }
            Question::SockDiag(_, Transport::Udp) if self.udp_refused => {
                Answer::new(Source::Netlink("fixture".into()), Err(refused()))
            }
            Question::SockDiag(family, transport) => {
                let outcome = self.sockets.as_ref().map(|sockets| dump(sockets, family, transport));
                Answer::new(Source::Netlink("fixture".into()), outcome.ok_or_else(refused))
            }
            Question::Netsh(..) | Question::NetSetting(_) => {
                Answer::new(Source::Command("netsh".into()), Err(refused()))
            }
            Question::SocketTable(..)
            | Question::SockDiagOn(..)
            | Question::SocketTableOn(..)
            | Question::Listeners(..) => Answer::new(file("/proc/net"), Err(refused())),
            Question::Census(of) => {
                let lines = self.census.get(&of.transport.to_string());
                let text = lines.map(|lines| lines.join("\n") + "\n").unwrap_or_default();
                Answer::new(
                    Source::Netlink("fixture".into()),
                    Ok(format!("uncounted 0\n{text}end\n").into_bytes()),
                )
            }
            Question::Owners(_) if self.processes_hidden => {
                Answer::new(file("/proc"), Ok(b"unreadable 3\0".to_vec()))
            }
            Question::Owners(inodes) => {
                let records = inodes.iter().map(|inode| format!("{inode} 812 java\0"));
                Answer::new(file("/proc"), Ok(records.collect::<String>().into_bytes()))
            }
        }
    }

    fn file(&self, path: &str) -> Result<Vec<u8>, Refusal> {
        if self.denied.iter().any(|denied| denied == path) {
            return Err(refused());
        }
        let clean = match path {
            "/proc/thread-self/net/sockstat" => Some(
                "sockets: used 23\nTCP: inuse 12 orphan 0 tw 3 alloc 900 mem 9\nUDP: inuse 4 mem 1\n",
            ),
            "/proc/thread-self/net/sockstat6" => Some("TCP6: inuse 5\nUDP6: inuse 2\n"),
            "/proc/sys/net/ipv4/ip_local_port_range" => Some("49152\t65535\n"),
            "/proc/sys/net/ipv4/ip_local_reserved_ports" => Some("\n"),
            "/proc/sys/net/ipv4/ip_unprivileged_port_start" => Some("1024\n"),
            "/proc/sys/net/ipv4/ip_forward" => Some("0\n"),
            _ => None,
        };
        let content = match self.files.get(path) {
            Some(content) => content.as_deref(),
            None => clean,
        };
        content
            .map(|text| text.as_bytes().to_vec())
            .ok_or_else(|| Refusal::NotFound(format!("{path} does not exist")))
    }

    fn policy(&self) -> Policy {
        Policy {
            profile: if self.vendor_profile { Profile::Vendor } else { Profile::Iana },
            fail_on: Some(Severity::Medium),
            min_pool: Policy::MIN_POOL,
            near_exhaustion: Policy::NEAR_EXHAUSTION,
            registry: Registry::built_in(),
        }
    }

    fn snapshot(&self, policy: &Policy) -> Snapshot {
        if let Some(text) = &self.evidence {
            let piece = Piece { name: "evidence.txt", bytes: text.as_bytes() };
            let os = self.os.as_deref().map(|name| {
                EvidenceOs::from_str(name, false).unwrap_or_else(|error| panic!("{error}")).os()
            });
            let evidence =
                Evidence::read(&[piece], Vec::new(), os).unwrap_or_else(|error| panic!("{error}"));
            return ephaudit_platform::read_evidence(&evidence, &Wants::default());
        }
        let wants = Wants {
            owners: &|scope| named_listeners(policy, scope),
            depth: match self.census.values().flatten().any(|line| line.starts_with("bound ")) {
                _ if self.census.is_empty() => Depth::Counters,
                true => Depth::Full,
                false => Depth::Top,
            },
            all_namespaces: self.namespaces.is_some(),
            boot: false,
        };
        let ask = |question: Question<'_>| self.answer(question);
        let tour = |visit: &mut Visitor<'_>| self.tour(visit);
        ephaudit_platform::read_touring(Os::Linux, &ask, &tour, &wants)
    }

    fn tour(&self, visit: &mut Visitor<'_>) -> Toured {
        let mut unread = Vec::new();
        let denied = |what: &str| (what.to_owned(), Why::new(Reason::Denied, "refused"));
        for (inode, namespace) in (4_026_532_000_u64..).zip(self.namespaces.iter().flatten()) {
            let path = format!("/run/netns/{}", namespace.name);
            let (id, named) = (format!("net:[{inode}]"), vec![path.clone()]);
            let place = Place { id, path, named, process: None };
            if namespace.closed {
                unread.push(denied("1 network namespace"));
                visit(place, &|_| Answer::new(Source::File("x".into()), Err(refused())));
                continue;
            }
            let inside = Fixture {
                files: namespace.files.clone(),
                sockets: Some(namespace.sockets.clone()),
                ..Fixture::default()
            };
            visit(place, &|question| inside.answer(question));
        }
        if self.closed_processes > 0 {
            unread.push(denied(&format!(
                "network namespaces of {} processes",
                self.closed_processes
            )));
        }
        Toured { own: None, unread }
    }
}

fn refused() -> Refusal {
    Refusal::Failed(Why::new(Reason::Denied, "refused by the fixture"))
}

/// Rules that never fail: what they look for is what was not seen.
const NEVER_FAIL: [&str; 1] = ["namespace-unread"];

/// The sockets of that family and transport as a netlink dump.
fn dump(sockets: &[String], family: Family, transport: Transport) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (inode, socket) in (1000_u32..).zip(sockets) {
        let (word, address) = socket.split_once(' ').expect("TRANSPORT ADDRESS");
        let address: SocketAddr = address.parse().expect("an address");
        if word != transport.name() || address.is_ipv6() != (family == Family::Ipv6) {
            continue;
        }
        let mut row = [0_u8; 72];
        (row[0], row[1]) = match transport {
            Transport::Tcp => (if address.is_ipv6() { 10 } else { 2 }, 10),
            Transport::Udp => (if address.is_ipv6() { 10 } else { 2 }, 7),
        };
        row[4..6].copy_from_slice(&address.port().to_be_bytes());
        match address {
            SocketAddr::V4(v4) => row[8..12].copy_from_slice(&v4.ip().octets()),
            SocketAddr::V6(v6) => row[8..24].copy_from_slice(&v6.ip().octets()),
        }
        row[68..].copy_from_slice(&inode.to_ne_bytes());
        bytes.extend(message(20, &row));
    }
    bytes.extend(message(3, &[0; 4]));
    bytes
}

fn message(kind: u16, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(16 + payload.len()).expect("small");
    let mut message = length.to_ne_bytes().to_vec();
    message.extend(kind.to_ne_bytes());
    message.extend([0; 10]);
    message.extend(payload);
    message
}

fn folder(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

fn stems(path: &str, extension: &str) -> BTreeSet<String> {
    let entries = fs::read_dir(folder(path)).expect("a folder");
    entries
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().unwrap_or_default() == extension)
        .map(|path| path.file_stem().expect("a stem").to_string_lossy().replace('_', "-"))
        .filter(|stem| stem != "tests")
        .collect()
}

#[test]
fn the_list_the_files_the_pages_and_the_fixtures_are_the_same_set() {
    let names: BTreeSet<String> = RULES.iter().map(|rule| rule.name.to_owned()).collect();
    assert_eq!(names.len(), RULES.len(), "a name stands twice");
    assert_eq!(stems("src/rules", "rs"), names, "src/rules/*.rs");
    assert_eq!(stems("src/rules", "md"), names, "src/rules/*.md");
    assert_eq!(stems("fixtures/rules", ""), names, "fixtures/rules/*");
    for name in &names {
        assert!(
            name.bytes().all(|b| b.is_ascii_lowercase() || b == b'-'),
            "{name} is not kebab-case"
        );
        let verdicts = stems(&format!("fixtures/rules/{name}"), "json");
        for verdict in ["pass", "fail", "unknown"] {
            let due = verdict != "fail" || !NEVER_FAIL.contains(&name.as_str());
            assert_eq!(verdicts.contains(verdict), due, "fixtures/rules/{name}/{verdict}.json");
        }
    }
}

#[test]
fn every_page_has_the_same_headings() {
    for rule in RULES {
        let headings: Vec<&str> =
            rule.page.lines().filter_map(|line| line.strip_prefix("#")).map(str::trim).collect();
        let expected = [
            rule.name,
            "# What it checks",
            "# Why it matters",
            "# Example",
            "# What to do",
            "# References",
        ];
        assert_eq!(headings, expected, "{}", rule.name);
    }
}

#[test]
fn every_rule_judges_its_fixtures_as_they_say() {
    let mut wrong = Vec::new();
    for rule in RULES {
        let cases = fs::read_dir(folder("fixtures/rules").join(rule.name)).expect("fixtures");
        for case in cases {
            let path = case.expect("an entry").path();
            let text = fs::read_to_string(&path).expect("a fixture");
            let fixture: Fixture = serde_json::from_str(&text)
                .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            let policy = fixture.policy();
            let verdict = (rule.check)(&fixture.snapshot(&policy), &policy);
            for problem in problems(rule, &policy, &fixture.expect, &verdict) {
                wrong.push(format!("{}: {problem}: {verdict:?}", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

/// Where the verdict is not what the fixture expects.
fn problems(rule: &Rule, policy: &Policy, expect: &Expectation, verdict: &Verdict) -> Vec<String> {
    let mut problems = Vec::new();
    let word = match verdict {
        Verdict::Pass => "pass",
        Verdict::Fail { .. } => "fail",
        Verdict::Unknown(_) => "unknown",
        Verdict::NotApplicable(_) => "not-applicable",
    };
    if word != expect.verdict {
        problems.push(format!("{word} instead of {}", expect.verdict));
    }
    let gravest = verdict.findings().iter().map(|finding| finding.severity).max();
    if gravest.map(Severity::name) != expect.severity.as_deref() {
        problems.push(format!("severity {gravest:?} instead of {:?}", expect.severity));
    }
    let said = format!("{verdict:?}");
    let missing = expect.says.iter().filter(|words| !said.contains(words.as_str()));
    problems.extend(missing.map(|words| format!("does not say {words:?}")));
    let wrong = expect.never_says.iter().filter(|words| said.contains(words.as_str()));
    problems.extend(wrong.map(|words| format!("says {words:?}")));
    for finding in verdict.findings() {
        if finding.evidence.is_empty() || finding.title.is_empty() || finding.message.is_empty() {
            problems.push("a finding without evidence, title or message".to_owned());
        }
        if finding.severity > (rule.severity)(policy.profile) {
            problems.push("graver than the rule says".to_owned());
        }
    }
    problems
}

fn report(fixture: &str) -> Report {
    let fixture: Fixture = serde_json::from_str(fixture).expect("a fixture");
    let policy = fixture.policy();
    audit(&fixture.snapshot(&policy), &policy)
}

#[test]
fn a_finding_that_does_not_count_never_hides_a_gap() {
    // 50010 is a low finding; the UDP sockets cannot be read, so nobody knows whether one of them counts.
    let fixture = r#"{"about": "", "sockets": ["tcp 0.0.0.0:50010"], "udp_refused": true,
                      "expect": {"verdict": "fail"}}"#;
    let report = report(fixture);
    let rule = report.outcomes.iter().find(|outcome| outcome.rule.name == "listener-in-pool");
    let verdict = &rule.expect("the rule").verdict;
    assert_eq!(verdict.findings().len(), 1);
    assert_eq!(verdict.gaps().len(), 2);
    assert_eq!(report.status, Status::Undetermined);
}

#[test]
fn an_owner_that_cannot_be_seen_is_a_gap_and_changes_no_verdict() {
    let fixture = r#"{"about": "", "sockets": ["tcp 0.0.0.0:50010"], "processes_hidden": true,
                      "expect": {"verdict": "fail"}}"#;
    let report = report(fixture);
    assert_eq!(report.status, Status::Compliant);
    let gaps: Vec<&str> = report.gaps.iter().map(|gap| gap.what.as_str()).collect();
    assert_eq!(gaps, ["owner of tcp 0.0.0.0:50010"]);
    assert_eq!(report.gaps[0].why, Reason::Denied);
}

#[test]
fn a_census_that_lists_a_thousand_may_have_left_out_more() {
    let verdict = |rule: &str, lines: usize, line: &dyn Fn(usize) -> String| {
        let lines: Vec<String> = (0..lines).map(|n| format!("{:?}", line(n))).collect();
        let text = format!(
            r#"{{"about": "", "census": {{"tcp": [{}]}}, "expect": {{"verdict": "pass"}}}}"#,
            lines.join(",")
        );
        let mut outcomes = report(&text).outcomes.into_iter();
        outcomes.find(|outcome| outcome.rule.name == rule).expect("the rule").verdict
    };
    let destination = |n| format!("used 10.0.0.1 10.0.{}.{}:443 2", n / 250, n % 250);
    let exposure = |lines| verdict("self-connect-exposure", lines, &destination);
    assert!(matches!(exposure(999), Verdict::Pass));
    assert!(
        matches!(exposure(1000), Verdict::Unknown(gaps) if gaps[0].detail.contains("too many"))
    );

    let mount = |n| format!("system 10.0.{}.1:{} 10.0.0.9:2049 1 0 0", n / 300, 700 + n % 300);
    let title = |lines| {
        let verdict = verdict("outbound-on-system-port", lines, &mount);
        verdict.findings()[0].title.clone()
    };
    assert!(title(999).starts_with("999 tcp connections from"), "{}", title(999));
    assert!(title(1000).starts_with("1,000 tcp connections or more from"), "{}", title(1000));
}
