//! What a rule is, and the pieces that rules are made of.

pub mod boot;
pub mod declared;
pub mod usage;

use ephaudit_platform::ports::{PortClass, PortRange, PortSet};
use ephaudit_platform::snapshot::{
    Bounds, Environment, Family, Host, Pool, Range, Reading, Reason, Reserved, ReservedKind, Scope,
    Snapshot, Source, Transport, Why,
};

use crate::policy::{Policy, Profile};
use crate::report::{Evidence, Finding, Gap, Severity, Verdict};

/// One rule.
#[derive(Debug)]
pub struct Rule {
    /// Kebab-case; also the stem of its file, its page and its fixtures.
    pub name: &'static str,
    /// What it finds, in one line.
    pub summary: &'static str,
    /// The most its findings weigh under a profile.
    pub severity: fn(Profile) -> Severity,
    /// Its page, in Markdown.
    pub page: &'static str,
    /// The check.
    pub check: Check,
}

/// What a rule judges.
#[derive(Debug)]
pub enum Check {
    /// The facts.
    Facts(fn(&Snapshot, &Policy) -> Verdict),
    /// What the rules before it say, with the waivers applied.
    Others(fn(&Snapshot, &Policy, &[Outcome]) -> Verdict),
}

/// A rule and its answer.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// The rule.
    pub rule: &'static Rule,
    /// Its answer.
    pub verdict: Verdict,
}

/// What a rule makes of a scope, piece by piece.
#[derive(Debug, Default)]
pub struct Judgement {
    findings: Vec<Finding>,
    gaps: Vec<Gap>,
    skipped: Option<String>,
    answered: bool,
}

impl Judgement {
    /// A piece was looked at and is as it should be.
    pub fn pass(&mut self) {
        self.answered = true;
    }

    /// A piece was looked at and is not.
    pub fn found(&mut self, finding: Finding) {
        self.findings.push(finding);
    }

    /// A piece could not be looked at.
    pub fn gap(&mut self, scope: &Scope, what: impl Into<String>, why: &Why) {
        self.gaps.push(Gap::new(scope, what, why));
    }

    /// These could not be looked at.
    pub fn gaps(&mut self, gaps: impl IntoIterator<Item = Gap>) {
        self.gaps.extend(gaps);
    }

    /// The rule has nothing to say about this piece.
    pub fn skip(&mut self, why: impl Into<String>) {
        self.skipped.get_or_insert(why.into());
    }

    fn verdict(self) -> Verdict {
        match self {
            Self { findings, gaps, .. } if !findings.is_empty() => Verdict::Fail { findings, gaps },
            Self { gaps, .. } if !gaps.is_empty() => Verdict::Unknown(gaps),
            Self { answered: false, skipped: Some(why), .. } => Verdict::NotApplicable(why),
            _ => Verdict::Pass,
        }
    }
}

/// Judges every scope by itself. A host without any scope was not read at all.
pub fn each_scope(snapshot: &Snapshot, mut judge: impl FnMut(&mut Judgement, &Scope)) -> Verdict {
    let mut judgement = Judgement::default();
    for scope in &snapshot.scopes {
        judge(&mut judgement, scope);
    }
    judgement.verdict()
}

/// Judges every ephemeral range that could be read, those with the same value together; the others are gaps.
pub fn each_range(
    snapshot: &Snapshot,
    mut judge: impl FnMut(&mut Judgement, &Scope, &View<'_>),
) -> Verdict {
    each_scope(snapshot, |judgement, scope| {
        range_gaps(judgement, scope);
        let mut views: Vec<View<'_>> = Vec::new();
        for range in scope.ephemeral() {
            for &transport in range.transports {
                let Some(bounds) = range.bounds.known() else { continue };
                add(&mut views, View::new(range, bounds, transport, bounds.range().into()));
            }
        }
        judge_all(judgement, scope, &views, &mut judge);
    })
}

/// Judges every pool that could be computed, those that are alike together; the others are gaps.
pub fn each_pool(
    snapshot: &Snapshot,
    mut judge: impl FnMut(&mut Judgement, &Scope, &View<'_>),
) -> Verdict {
    each_scope(snapshot, |judgement, scope| {
        pool_gaps(judgement, scope);
        let mut views: Vec<View<'_>> = Vec::new();
        for pool in ephaudit_platform::pools(scope) {
            let Some(range) = scope.ranges.get(pool.range) else { continue };
            let Some(bounds) = range.bounds.known() else { continue };
            let usable = pool.usable();
            let view = View::new(range, bounds, pool.transport, pool.ports);
            add(&mut views, View { usable, ..view });
        }
        judge_all(judgement, scope, &views, &mut judge);
    })
}

/// What keeps the scopes that were read from being all there are; it is told of the reader's own.
pub fn unread_scopes(snapshot: &Snapshot) -> Vec<Gap> {
    let own = snapshot.scopes.iter().find(|scope| scope.current);
    let unread = snapshot.unread_scopes.iter().flatten();
    own.map_or_else(Vec::new, |own| {
        unread.map(|(what, why)| Gap::new(own, what.clone(), why)).collect()
    })
}

fn judge_all(
    judgement: &mut Judgement,
    scope: &Scope,
    views: &[View<'_>],
    judge: &mut impl FnMut(&mut Judgement, &Scope, &View<'_>),
) {
    for view in views {
        judge(judgement, scope, view);
    }
}

fn add<'a>(views: &mut Vec<View<'a>>, view: View<'a>) {
    match views.iter_mut().find(|known| known.is_like(&view)) {
        Some(known) => {
            for range in view.ranges {
                if !known.ranges.contains(&range) {
                    known.ranges.push(range);
                }
            }
            known.concerns.extend(view.concerns);
        }
        None => views.push(view),
    }
}

/// Ports that a rule judges as one: a range, or the pool that is left of it, and all ranges that are like it.
pub struct View<'a> {
    /// The ranges; never empty.
    ranges: Vec<&'a Range>,
    /// Their value.
    pub bounds: &'a Bounds,
    /// The ports: of the range, or of the pool.
    pub ports: PortSet,
    /// How many of these can be in use at a time.
    pub usable: u32,
    /// For which families and transports.
    concerns: Vec<(&'static [Family], Transport)>,
}

impl<'a> View<'a> {
    fn new(range: &'a Range, bounds: &'a Bounds, transport: Transport, ports: PortSet) -> Self {
        Self {
            ranges: vec![range],
            bounds,
            usable: ports.count(),
            ports,
            concerns: vec![(range.families, transport)],
        }
    }

    fn is_like(&self, other: &Self) -> bool {
        let (a, b) = (self.ranges.first(), other.ranges.first());
        let alike = |a: &&Range, b: &&Range| {
            a.vendor_default == b.vendor_default && a.tcp_by_parity == b.tcp_by_parity
        };
        a.zip(b).is_some_and(|(a, b)| alike(a, b))
            && self.bounds.range() == other.bounds.range()
            && self.ports == other.ports
            && self.usable == other.usable
    }

    /// Whether a reserved list is about it.
    pub fn concerns(&self, list: &Reserved) -> bool {
        self.concerns.iter().any(|(families, transport)| {
            list.transports.contains(transport)
                && families.iter().any(|f| list.families.contains(f))
        })
    }

    /// The pools that are left of its ranges, where they could be computed.
    pub fn pools(&self, scope: &Scope) -> Vec<Pool> {
        let mut pools = ephaudit_platform::pools(scope);
        pools.retain(|pool| scope.ranges.get(pool.range).is_some_and(|r| self.ranges.contains(&r)));
        pools
    }

    /// Whether it is of that transport's traffic too.
    pub fn is_of(&self, wanted: Transport) -> bool {
        self.concerns.iter().any(|(_, transport)| *transport == wanted)
    }

    /// Whether TCP allocation in it goes by parity.
    pub fn tcp_by_parity(&self) -> Option<bool> {
        if self.is_of(Transport::Tcp) {
            self.ranges.first().and_then(|range| range.tcp_by_parity)
        } else {
            Some(false)
        }
    }

    /// What the system has where nobody changed it.
    pub fn vendor_default(&self) -> Option<PortRange> {
        self.ranges.first().and_then(|range| range.vendor_default)
    }

    /// Whether it is the system's own default; `None` where that isn't certain.
    pub fn is_default(&self) -> Option<bool> {
        self.vendor_default().map(|default| default == self.bounds.range())
    }

    /// Which traffic it is, where that is not all of it: "tcp over IPv4", else nothing.
    fn part(&self) -> String {
        let both = |wanted: Transport| {
            let families = self.concerns.iter().filter(|(_, transport)| *transport == wanted);
            Family::ALL.iter().all(|family| families.clone().any(|(f, _)| f.contains(family)))
        };
        let whole: Vec<bool> = Transport::ALL.iter().map(|&transport| both(transport)).collect();
        if whole.iter().all(|whole| *whole) {
            return String::new();
        }
        let words: Vec<&str> = Transport::ALL
            .iter()
            .filter(|&&transport| self.is_of(transport))
            .map(|transport| transport.name())
            .collect();
        let one_family = match self.concerns.first() {
            Some((families, _)) if self.concerns.iter().all(|(f, _)| f == families) => {
                match families {
                    [Family::Ipv4] => " over IPv4",
                    [Family::Ipv6] => " over IPv6",
                    _ => "",
                }
            }
            _ => "",
        };
        format!("{}{one_family}", words.join(" and "))
    }

    /// "tcp over IPv4: " before a title, where it is not about all traffic.
    pub fn label(&self) -> String {
        match self.part() {
            all if all.is_empty() => all,
            part => format!("{part}: "),
        }
    }

    /// What a finding about it is about, in words that stay from run to run.
    pub fn subject(&self, what: &str) -> String {
        match self.part() {
            all if all.is_empty() => what.to_owned(),
            part => format!("{what}/{part}"),
        }
    }

    /// A finding about it, with the evidence for its ranges.
    pub fn finding(&self, rule: &Rule, severity: Severity, scope: &Scope, what: &str) -> Finding {
        Finding::new(rule.name, severity, scope, &self.subject(what), self.evidence())
            .seen(self.more_evidence())
    }

    /// A finding about it as a pool, with what is reserved.
    pub fn of_pool(&self, rule: &Rule, severity: Severity, scope: &Scope) -> Finding {
        self.finding(rule, severity, scope, "pool").seen(reserved_evidence(scope))
    }

    /// The evidence for its first range.
    pub fn evidence(&self) -> Evidence {
        let source =
            self.ranges.first().map_or_else(unnamed, |range| range.bounds.source().clone());
        let value = format!("{}-{}", self.bounds.first, self.bounds.last);
        Evidence::new("ephemeral range", value, &source)
    }

    /// The evidence for its other ranges.
    fn more_evidence(&self) -> impl Iterator<Item = Evidence> + '_ {
        self.ranges.iter().skip(1).filter_map(|range| {
            let bounds = range.bounds.known()?;
            let value = format!("{}-{}", bounds.first, bounds.last);
            Some(Evidence::new("ephemeral range", value, range.bounds.source()))
        })
    }

    /// The weight of a range that IANA would not have: under `vendor`, the system's own default is information only,
    /// and so is what WSL set by itself.
    pub fn severity(&self, policy: &Policy, host: &Host) -> Severity {
        let own = self.is_default() == Some(true) || host.environment == Some(Environment::Wsl);
        match policy.profile {
            Profile::Vendor if own => Severity::Info,
            _ => Severity::Medium,
        }
    }

    /// Where the profile would have the range.
    pub fn wanted(&self, policy: &Policy) -> PortRange {
        policy.wanted(self.vendor_default())
    }
}

fn unnamed() -> Source {
    Source::Command("ephaudit show".into())
}

/// Holds two ranges against each other that had better be one; nothing where either is not known.
pub fn should_be_one(
    judgement: &mut Judgement,
    scope: &Scope,
    (one, other): ((Family, Transport), (Family, Transport)),
    finding: impl FnOnce([(&Range, PortRange); 2]) -> Finding,
) {
    let of = |(family, transport): (Family, Transport)| {
        let mut ranges = scope.ephemeral();
        let range =
            ranges.find(|r| r.transports.contains(&transport) && r.families.contains(&family))?;
        Some((range, range.bounds.known()?.range()))
    };
    match (of(one), of(other)) {
        (Some((_, a)), Some((_, b))) if a == b => judgement.pass(),
        (Some(a), Some(b)) => judgement.found(finding([a, b])),
        _ => {}
    }
}

/// What keeps a range from being judged.
pub fn range_gaps(judgement: &mut Judgement, scope: &Scope) {
    for range in scope.ephemeral() {
        match &range.bounds {
            Reading::Known { .. } => {}
            Reading::Absent { .. } => judgement.skip("this system has no ephemeral range"),
            Reading::Unknown { why, .. } => judgement.gap(scope, "ephemeral range", why),
        }
    }
}

/// Whether a rule about parity has something to judge here.
pub fn by_parity(judgement: &mut Judgement, scope: &Scope, view: &View<'_>) -> bool {
    match view.tcp_by_parity() {
        Some(true) => true,
        Some(false) => {
            judgement.skip("no allocation by parity here");
            false
        }
        None => {
            parity_gap(judgement, scope);
            false
        }
    }
}

/// Nobody knows whether TCP allocation goes by parity.
pub fn parity_gap(judgement: &mut Judgement, scope: &Scope) {
    let why = "the kernel's version is not known, and allocation by parity depends on it";
    judgement.gap(scope, "allocation by parity", &Why::new(Reason::Unsupported, why));
}

/// What keeps a pool from being computed.
pub fn pool_gaps(judgement: &mut Judgement, scope: &Scope) {
    range_gaps(judgement, scope);
    for reserved in &scope.reserved {
        if let Some(why) = reserved.ports.why() {
            judgement.gap(scope, "reserved ports", why);
        }
    }
}

/// The evidence for the reservations, where there are any.
pub fn reserved_evidence(scope: &Scope) -> impl Iterator<Item = Evidence> + '_ {
    scope.reserved.iter().filter_map(|Reserved { kind, ports, .. }| {
        let set = ports.known().filter(|set| !set.is_empty())?;
        let what = match kind {
            ReservedKind::Reserved => "reserved ports",
            ReservedKind::Restricted => "restricted ports",
            ReservedKind::Excluded => "excluded ports",
            ReservedKind::Administered => "administered exclusions",
        };
        Some(Evidence::new(what, crate::text::spans(set), ports.source()))
    })
}

/// The ports of `ports` in `class`.
pub fn in_class(ports: &PortSet, class: PortClass) -> PortSet {
    ports.intersection(&class.range().into())
}
