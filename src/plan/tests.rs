//! Plans of hosts that evidence describes.

// EPHAUDIT_BLESS
#![allow(clippy::disallowed_methods)]

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;
use std::{env, fs, io};

use ephaudit_platform::Host;
use ephaudit_platform::Needs;
use ephaudit_platform::evidence::{Evidence, Piece};
use ephaudit_platform::ports::{PortRange, PortSet};
use ephaudit_platform::snapshot::{Os, Reading, Reason, Snapshot, Source, Why};
use proptest::prelude::*;

use super::demand::{FixedValue, Prefer, ProtectedKind, Wish};
use super::{HostPlan, Proposal, plan, snippets};
use crate::iana::Registry;
use crate::policy::services::{Declared, Origin};
use crate::policy::{Policy, Profile};
use crate::remedy;
use crate::render::{Look, PlanFormat, render_plan};
use crate::report::{Severity, Status};
use crate::wire::v1;

/// A Linux host of those settings, whose listeners are none.
fn host(range: (u16, u16), list: &str) -> Snapshot {
    let text = format!(
        "net.ipv4.ip_local_port_range = {}\t{}\nnet.ipv4.ip_local_reserved_ports = {list}\n\
         net.ipv4.ip_unprivileged_port_start = 1024\n",
        range.0, range.1
    );
    let mut snapshot = of_text(&text, Some(Os::Linux));
    for range in snapshot.scopes.iter_mut().flat_map(|scope| &mut scope.ranges) {
        range.vendor_default = Some(PortRange::between(32768, 60999));
    }
    snapshot
}

fn of_text(text: &str, os: Option<Os>) -> Snapshot {
    let piece = Piece { name: "sysctl.txt".to_owned(), bytes: text.as_bytes().to_vec() };
    of_pieces(vec![piece], os)
}

fn of_pieces(pieces: Vec<Piece>, os: Option<Os>) -> Snapshot {
    let evidence = Evidence::read(pieces, Vec::new(), os).expect("evidence");
    let mut snapshot = Host::of_evidence(evidence).read(&Needs::default());
    for scope in &mut snapshot.scopes {
        scope.listeners.unread.clear();
    }
    snapshot
}

fn policy(profile: Profile, services: &[u16]) -> Policy {
    let mut policy = Policy::of(profile, Some(Severity::Medium), Registry::built_in());
    policy.declare(services.iter().map(|&port| Declared {
        name: "shop; $(id) \u{202e}".to_owned(),
        ports: PortRange::single(port),
        transports: ephaudit_platform::snapshot::Transport::ALL.to_vec(),
        by: Origin::File("policy.toml".to_owned()),
        owner: None,
    }));
    policy
}

fn wish(prefer: Prefer) -> Wish {
    Wish {
        prefer,
        fixed: Vec::new(),
        min_pool: None,
        rate: None,
        connections: None,
        protect: vec![ProtectedKind::Listeners, ProtectedKind::Declared],
    }
}

fn proposed(plan: HostPlan<'_>) -> Proposal {
    let scope = plan.scopes.into_iter().next().expect("a scope");
    scope.proposal.unwrap_or_else(|| panic!("no plan: {:?} {:?}", scope.refused, scope.gaps))
}

/// "49152-60999 50000", and the commands for now.
fn answer(snapshot: &Snapshot, policy: &Policy, wish: &Wish) -> String {
    let proposal = proposed(plan(snapshot, policy, wish, &[]));
    format!("{} {}", proposal.solution.range, proposal.solution.reserved).trim_end().to_owned()
}

#[test]
fn hosts_that_there_are_get_the_plan_that_is_theirs() {
    let stock = (32768, 60999);
    let cases: [(Snapshot, Policy, [&str; 3]); 5] = [
        (
            host(stock, ""),
            policy(Profile::Iana, &[]),
            ["49152-65535", "49152-60999", "49152-65535"],
        ),
        (
            host(stock, ""),
            policy(Profile::Iana, &[33060, 50000, 51820]),
            ["49152-65535 50000,51820", "49152-60999 50000,51820", "49152-65535 50000,51820"],
        ),
        (
            host((49152, 65535), ""),
            policy(Profile::Iana, &[50000]),
            ["49152-65535 50000", "49152-65535 50000", "49152-65535 50000"],
        ),
        (
            host((49152, 60999), "50000"),
            policy(Profile::Iana, &[50000]),
            ["49152-60999 50000", "49152-60999 50000", "49152-65535 50000"],
        ),
        (
            host((1024, 65535), ""),
            policy(Profile::Vendor, &[50000]),
            ["32768-60999 50000", "32768-60999 50000", "32768-60999 50000"],
        ),
    ];
    for (snapshot, policy, expected) in &cases {
        let all = [Prefer::Auto, Prefer::Least, Prefer::Capacity];
        assert_eq!(all.map(|prefer| answer(snapshot, policy, &wish(prefer))), *expected);
    }
}

#[test]
fn what_the_user_chooses_is_taken_as_it_is() {
    let (snapshot, policy) = (host((32768, 60999), "50000"), policy(Profile::Iana, &[50001]));
    for (fixed, expected) in [
        ("range=keep", "32768-60999 50000-50001"),
        ("range=49153-65535", "49153-65535 50000-50001"),
        ("range=40000-60000", "40000-60000 50000-50001"),
        ("reserved=+60000", "49152-65535 50000-50001,60000"),
        ("reserved=-50000", "49152-65535 50001"),
        ("reserved=-50001", "49152-65535 50000"),
        ("reserved=", "50002-65535"),
    ] {
        let value: FixedValue = fixed.parse().expect(fixed);
        let wish = Wish { fixed: vec![value], ..wish(Prefer::Auto) };
        assert_eq!(answer(&snapshot, &policy, &wish), expected, "{fixed}");
    }
    for wrong in ["range=5", "range=0-9", "range=9-5", "range=1-70000", "list=5", "reserved=a", ""]
    {
        assert!(wrong.parse::<FixedValue>().is_err(), "{wrong}");
    }
    // Below the first unprivileged port the kernel takes none.
    let wish = Wish { fixed: vec!["range=800-9001".parse().expect("it")], ..wish(Prefer::Auto) };
    let refused = plan(&snapshot, &policy, &wish, &[]);
    assert_eq!(refused.status, Status::Findings);
    let why = refused.scopes.first().and_then(|scope| scope.refused.clone()).expect("a reason");
    assert!(why.contains("1024"), "{why}");
}

#[test]
fn no_range_begins_below_the_first_unprivileged_port() {
    let mut snapshot = host((32768, 60999), "");
    let source = Source::Sysctl("net.ipv4.ip_unprivileged_port_start".into());
    snapshot.scopes[0].unprivileged_start = Reading::Known { value: 50_000, source };
    assert_eq!(answer(&snapshot, &policy(Profile::Iana, &[]), &wish(Prefer::Auto)), "50000-65535");
    // Nor below 1024, where none needs privilege.
    let source = Source::Sysctl("net.ipv4.ip_unprivileged_port_start".into());
    snapshot.scopes[0].unprivileged_start = Reading::Known { value: 0, source };
    let mut wide = policy(Profile::Iana, &[]);
    wide.allowed = vec![PortRange::between(1, 65535)];
    assert_eq!(answer(&snapshot, &wide, &wish(Prefer::Capacity)), "1024-65535");
}

#[test]
fn the_largest_demand_decides_and_is_named() {
    let (snapshot, policy) = (host((49152, 60999), ""), policy(Profile::Iana, &[]));
    for (asked, ports, why, short) in [
        (wish(Prefer::Auto), 8192, "the policy's min-pool", 0),
        (Wish { min_pool: Some(9000), ..wish(Prefer::Auto) }, 9000, "--min-pool", 0),
        (Wish { rate: Some(250), ..wish(Prefer::Auto) }, 15_000, "--rate 250", 0),
        (Wish { connections: Some(17_000), ..wish(Prefer::Auto) }, 17_000, "--connections", 616),
    ] {
        let plan = plan(&snapshot, &policy, &asked, &[]);
        let scope = plan.scopes.first().expect("a scope");
        assert_eq!(scope.size.wanted, ports);
        assert!(scope.size.why.starts_with(why), "{}", scope.size.why);
        assert_eq!(proposed(plan).solution.short, short);
    }
}

/// Makes something of a snapshot unknown.
type Spoil = fn(&mut Snapshot, Why, Source);

#[test]
fn what_a_plan_rests_on_and_nobody_read_is_no_plan_or_a_gap() {
    let policy = policy(Profile::Iana, &[]);
    let unread = || Why::new(Reason::Denied, "permission denied");
    let source = || Source::Sysctl("x".into());
    let spoils: [(Spoil, bool); 4] = [
        (
            |snapshot, why, source| {
                snapshot.scopes[0].ranges[0].bounds = Reading::Unknown { source, why };
            },
            false,
        ),
        (
            |snapshot, why, source| {
                snapshot.scopes[0].reserved[0].ports = Reading::Unknown { source, why };
            },
            false,
        ),
        (
            |snapshot, why, source| {
                snapshot.scopes[0].unprivileged_start = Reading::Unknown { source, why };
            },
            false,
        ),
        (
            |snapshot, why, source| {
                snapshot.scopes[0].time_wait = Reading::Unknown { source, why };
            },
            true,
        ),
    ];
    for (at, (spoil, has_plan)) in spoils.into_iter().enumerate() {
        let mut snapshot = host((49152, 65535), "");
        spoil(&mut snapshot, unread(), source());
        let asked = Wish { rate: Some(1), ..wish(Prefer::Auto) };
        let plan = plan(&snapshot, &policy, &asked, &[]);
        assert_eq!(plan.status, Status::Undetermined, "{at}");
        let scope = plan.scopes.first().expect("a scope");
        assert_eq!(scope.proposal.is_some(), has_plan, "{at}");
        assert!(scope.gaps.iter().any(|gap| gap.detail == "permission denied"), "{at}");
    }
}

#[test]
fn the_commands_are_the_audits_and_hold_nothing_from_outside() {
    let (snapshot, policy) = (host((32768, 60999), ""), policy(Profile::Iana, &[50000]));
    let all = ["all".to_owned()];
    let proposal = proposed(plan(&snapshot, &policy, &wish(Prefer::Auto), &all));
    let scope = snapshot.scopes.first().expect("a scope");
    assert_eq!(proposal.steps, remedy::steps(&snapshot, scope, &proposal.values));
    let now: Vec<_> = proposal.steps.iter().filter_map(|step| step.command.as_deref()).collect();
    assert_eq!(now.first(), Some(&"sysctl -w net.ipv4.ip_local_reserved_ports=50000"));
    let back: Vec<_> =
        proposal.rollback.iter().filter_map(|step| step.command.as_deref()).collect();
    let expected = [
        "sysctl -w net.ipv4.ip_local_port_range='32768 60999'",
        "sysctl -w net.ipv4.ip_local_reserved_ports=''",
    ];
    assert_eq!(back, expected);
    assert!(!proposal.snippets.is_empty());
    for snippet in &proposal.snippets {
        for foreign in ["shop", "$(", "\u{202e}"] {
            assert!(!snippet.text.contains(foreign), "{}: {}", snippet.name, snippet.text);
        }
    }
}

#[test]
fn a_list_that_sysctl_would_cut_is_written_in_blocks_or_by_a_file() {
    let odd: Vec<u16> = (0..500).map(|at| 49153 + 2 * at).collect();
    let (snapshot, policy) = (host((32768, 60999), ""), policy(Profile::Iana, &odd));
    let proposal = proposed(plan(&snapshot, &policy, &wish(Prefer::Least), &[]));
    assert_eq!(proposal.solution.reserved.spans().len(), 340);
    assert_eq!(proposal.solution.blocks, 160);
    let long: PortSet = (0..400).map(|at| PortRange::single(50001 + 2 * at)).collect();
    let snapshot = host((49152, 65535), &long.to_string());
    let policy = self::policy(Profile::Iana, &[60000]);
    let proposal = proposed(plan(&snapshot, &policy, &wish(Prefer::Least), &[]));
    assert!(proposal.solution.reserved.contains(60000));
    let cut = |command: &str| command.starts_with("sysctl -w");
    let commands = proposal.steps.iter().chain(&proposal.rollback);
    assert!(!commands.filter_map(|step| step.command.as_deref()).any(cut));
}

#[test]
fn other_systems_have_plans_in_their_own_commands() {
    let text = "net.inet.ip.portrange.first: 10000\nnet.inet.ip.portrange.last: 65535\n\
                net.inet.ip.portrange.hifirst: 49152\nnet.inet.ip.portrange.hilast: 65535\n\
                net.inet.tcp.msl: 30000\n";
    let snapshot = of_text(text, Some(Os::FreeBsd));
    let policy = policy(Profile::Iana, &[11211, 27017, 33060, 50000]);
    // There are no reservations.
    let proposal = proposed(plan(&snapshot, &policy, &wish(Prefer::Auto), &[]));
    assert_eq!(proposal.solution.range.to_string(), "50001-65535");
    let commands: Vec<_> =
        proposal.steps.iter().filter_map(|step| step.command.as_deref()).collect();
    assert!(commands.iter().any(|line| line.contains("portrange.first=50001")), "{commands:?}");
}

fn windows() -> Snapshot {
    folder("windows-en-1024-13977", Os::Windows)
}

/// What the evidence of one of the fixtures' hosts says.
fn folder(name: &str, os: Os) -> Snapshot {
    let top = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/hosts").join(name);
    let read = |entry: io::Result<fs::DirEntry>| {
        let entry = entry.expect("an entry");
        let name = entry.file_name().to_string_lossy().into_owned();
        Piece { name, bytes: fs::read(entry.path()).expect("a file") }
    };
    let pieces = fs::read_dir(top).expect("a folder").map(read);
    of_pieces(pieces.filter(|piece| piece.name != "capture.toml").collect(), Some(os))
}

/// A host of each system, under a policy that moves the range and, where there are reservations,
/// takes one: what each tool is given, as files.
#[test]
fn the_snippets_are_those_that_were_read_by_eye() {
    let bsd = "net.inet.ip.portrange.first: 10000\nnet.inet.ip.portrange.last: 65535\n\
               net.inet.ip.portrange.hifirst: 49152\nnet.inet.ip.portrange.hilast: 65535\n";
    let netbsd = "net.inet.ip.anonportmin = 32768\nnet.inet.ip.anonportmax = 65535\n\
                  net.inet6.ip6.anonportmin = 32768\nnet.inet6.ip6.anonportmax = 65535\n\
                  net.inet.ip.anonportalgo.reserve = 50005\n\
                  net.inet6.ip6.anonportalgo.reserve = 50005\n";
    let openbsd = "net.inet.ip.portfirst=1024\nnet.inet.ip.portlast=49151\n\
                   net.inet.tcp.baddynamic=587\nnet.inet.udp.baddynamic=587\n\
                   net.inet.esp.udpencap_port=4500\n";
    let aix = "tcp_ephemeral_high = 65535\ntcp_ephemeral_low = 32768\n\
               udp_ephemeral_high = 65535\nudp_ephemeral_low = 32768\n";
    let cases = [
        ("linux", host((32768, 60999), ""), &[50000][..]),
        ("linux-range", host((32768, 60999), ""), &[]),
        ("freebsd", of_text(bsd, Some(Os::FreeBsd)), &[]),
        ("macos", of_text(bsd, Some(Os::MacOs)), &[50000]),
        ("netbsd", of_text(netbsd, Some(Os::NetBsd)), &[50000]),
        ("openbsd", of_text(openbsd, Some(Os::OpenBsd)), &[50000]),
        ("aix", of_text(aix, Some(Os::Aix)), &[]),
        ("illumos", folder("illumos-default", Os::Illumos), &[50000]),
        ("windows", windows(), &[50100]),
        ("windows-range", windows(), &[]),
    ];
    let top = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/plans/snippets");
    let all = ["all".to_owned()];
    let mut seen = BTreeSet::new();
    for (name, snapshot, services) in cases {
        let policy = policy(Profile::Iana, services);
        let proposal = proposed(plan(&snapshot, &policy, &wish(Prefer::Auto), &all));
        assert!(!proposal.snippets.is_empty(), "{name}");
        let mut text = String::new();
        for snippet in &proposal.snippets {
            seen.insert(snippet.name);
            let file = snippet.file.as_deref().unwrap_or("no file");
            let _ = writeln!(text, "=== {} ({}; {file})", snippet.name, snippet.when.name());
            text += &snippet.text;
            for foreign in ["shop", "$(", "\u{202e}"] {
                assert!(!snippet.text.contains(foreign), "{}: {}", snippet.name, snippet.text);
            }
        }
        expect(&top.join(format!("{name}.txt")), &text);
    }
    let every: BTreeSet<_> = snippets::TARGETS.iter().map(|target| target.name).collect();
    assert_eq!(seen, every, "a target that no host here takes");
}

/// There is no one range to go back to.
#[test]
fn ranges_that_differ_have_no_command_for_the_way_back() {
    let mut snapshot = windows();
    let policy = policy(Profile::Iana, &[]);
    let commands = |snapshot: &Snapshot| -> usize {
        let proposal = proposed(plan(snapshot, &policy, &wish(Prefer::Auto), &[]));
        assert!(!proposal.rollback.is_empty());
        proposal.rollback.iter().filter(|step| step.command.is_some()).count()
    };
    assert_eq!(commands(&snapshot), 0);
    let first = snapshot.scopes[0].ranges[0].bounds.clone();
    for range in &mut snapshot.scopes[0].ranges {
        range.bounds = first.clone();
    }
    assert_eq!(commands(&snapshot), 4);
}

/// Each kind of answer, as people see it.
#[test]
fn the_pages_are_those_that_were_read_by_eye() {
    let stock = || host((32768, 60999), "");
    let mut unread = stock();
    let why = Why::new(Reason::Denied, "permission denied");
    let source = Source::Sysctl("net.ipv4.ip_local_port_range".into());
    unread.scopes[0].ranges[0].bounds = Reading::Unknown { source, why };
    let more = Wish { connections: Some(17_000), ..wish(Prefer::Auto) };
    let keep = Wish { fixed: vec![FixedValue::SameRange], ..wish(Prefer::Auto) };
    let usual = || wish(Prefer::Auto);
    let cases = [
        ("stock", stock(), Profile::Iana, &[50000][..], usual()),
        ("stock-least", stock(), Profile::Iana, &[50000], wish(Prefer::Least)),
        ("nothing-to-do", host((49152, 65535), "50000"), Profile::Iana, &[50000], usual()),
        ("not-enough", stock(), Profile::Iana, &[], more),
        ("range-stays", stock(), Profile::Iana, &[33060], keep),
        ("undetermined", unread, Profile::Iana, &[], usual()),
        ("kubernetes", host((1024, 65535), ""), Profile::Kubernetes, &[50000], usual()),
    ];
    let top = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/plans");
    for (name, snapshot, profile, services, wish) in cases {
        let policy = policy(profile, services);
        let plan = plan(&snapshot, &policy, &wish, &[]);
        let document = v1::planned(&snapshot.host, &policy, &plan, "2026-11-27T12:00:00Z".into());
        let mut views = String::new();
        for width in [60, 80, 160] {
            let page = render_plan(&document, PlanFormat::Table, Look::plain(width));
            let page = String::from_utf8(page).expect("UTF-8");
            let told = page.split("\nNOT READ").next().map_or(0, |page| page.lines().count());
            assert!(
                width < 80 || told <= if services.is_empty() { 24 } else { 28 },
                "{name}: {told} lines\n{page}"
            );
            assert!(!page.contains('\u{202e}'), "{name}: {page}");
            let _ = writeln!(views, "=== {width} columns\n{page}");
        }
        let page = render_plan(&document, PlanFormat::Markdown, Look::plain(80));
        let _ = writeln!(views, "=== Markdown\n{}", String::from_utf8(page).expect("UTF-8"));
        expect(&top.join(format!("{name}.txt")), &views);
    }
}

/// Holds a text against the file that has what was read by eye.
fn expect(known: &Path, text: &str) {
    if env::var_os("EPHAUDIT_BLESS").is_some() {
        fs::create_dir_all(known.parent().expect("a folder")).expect("a folder");
        fs::write(known, text).expect("written");
    }
    let before = fs::read_to_string(known).unwrap_or_default();
    let path = known.display();
    assert!(before == text, "{path} is another; EPHAUDIT_BLESS=1 takes the new one");
}

fn hosts() -> impl Strategy<Value = (Snapshot, Policy, Prefer)> {
    let list = prop::collection::vec((1024_u16..65_500, 0_u16..30), 0..6);
    let services = prop::collection::vec(prop_oneof![1024_u16.., 49_152_u16..61_000], 0..6);
    let profile = prop::sample::select(Profile::ALL.to_vec());
    let prefer = prop::sample::select(vec![Prefer::Auto, Prefer::Least, Prefer::Capacity]);
    (1024_u16..60_000, 2_u16..60_000, list, services, profile, prefer).prop_map(
        |(low, length, list, services, profile, prefer)| {
            let list: PortSet =
                list.into_iter().map(|(at, more)| PortRange::between(at, at + more)).collect();
            let snapshot = host((low, low.saturating_add(length)), &list.to_string());
            (snapshot, policy(profile, &services), prefer)
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 8, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_planned_host_needs_no_plan((snapshot, policy, prefer) in hosts()) {
        let wish = wish(prefer);
        let first = proposed(plan(&snapshot, &policy, &wish, &[]));
        let scope = snapshot.scopes.first().expect("a scope");
        let planned = remedy::planned(&snapshot, scope, &first.values);
        let again = proposed(plan(&planned, &policy, &wish, &[]));
        prop_assert!(again.values.is_empty(), "{:?} then {:?}", first.values, again.values);
        // What is proposed, set by hand, is proposed again.
        let fixed = vec![FixedValue::Range(first.solution.range)];
        let same = proposed(plan(&snapshot, &policy, &Wish { fixed, ..wish }, &[]));
        prop_assert_eq!(same.solution.range, first.solution.range);
        prop_assert_eq!(same.solution.reserved, first.solution.reserved);
    }

    #[test]
    fn more_to_protect_or_to_hold_never_makes_a_plan_better(
        (snapshot, policy, prefer) in hosts(), port in 1024_u16.., more in 1_u32..30_000,
    ) {
        let cost = |policy: &Policy, wish: &Wish| {
            let solution = proposed(plan(&snapshot, policy, wish, &[])).solution;
            (solution.exposed.count(), solution.short)
        };
        let less = cost(&policy, &wish(prefer));
        let larger = Wish { min_pool: Some(policy.min_pool + more), ..wish(prefer) };
        prop_assert!(cost(&policy, &larger) >= less);
        let mut longer = self::policy(policy.profile, &[port]);
        longer.declare(policy.services.clone());
        prop_assert!(cost(&longer, &wish(prefer)) >= less);
    }

    #[test]
    fn the_least_hands_out_no_more_new_ports_than_the_most((snapshot, policy, _) in hosts()) {
        let newly = |prefer| proposed(plan(&snapshot, &policy, &wish(prefer), &[])).newly.count();
        prop_assert!(newly(Prefer::Least) <= newly(Prefer::Capacity));
        let mut turned = self::policy(policy.profile, &[]);
        turned.services = policy.services.iter().rev().cloned().collect();
        let same = |policy: &Policy| proposed(plan(&snapshot, policy, &wish(Prefer::Auto), &[])).solution;
        prop_assert_eq!(same(&policy), same(&turned));
    }
}
