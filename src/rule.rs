//! What a rule is, and the pieces that rules are made of.

pub mod boot;
pub mod declared;
mod facts;
pub mod usage;
mod view;

pub use facts::{Facts, ScopeFacts};
pub use view::View;

use ephaudit_platform::ports::{PortClass, PortRange, PortSet};
use ephaudit_platform::snapshot::{
    Family, Os, Range, Reading, Reason, Reserved, ReservedKind, Scope, Snapshot, Transport, Why,
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
    /// What it reads beside the settings.
    pub needs: &'static [Need],
    /// Its page, in Markdown.
    pub page: &'static str,
    /// The check.
    pub check: Check,
}

/// What a rule reads beside the settings, which every audit reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// Who listens.
    Listeners,
    /// The processes of the listeners that findings name.
    Owners,
    /// The sockets themselves, where the counters prove too little.
    Sockets,
    /// The sockets that have the ports of declared services.
    Holders,
    /// The files that settings persist in.
    Boot,
    /// The other network namespaces.
    Namespaces,
}

impl Need {
    /// All.
    pub const ALL: [Self; 6] =
        [Self::Listeners, Self::Owners, Self::Sockets, Self::Holders, Self::Boot, Self::Namespaces];

    /// The word in the list of rules.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Listeners => "listeners",
            Self::Owners => "owners",
            Self::Sockets => "sockets",
            Self::Holders => "holders",
            Self::Boot => "boot",
            Self::Namespaces => "namespaces",
        }
    }
}

/// What a rule judges.
#[derive(Debug)]
pub enum Check {
    /// The facts.
    Facts(fn(&Facts<'_>, &Policy) -> Verdict),
    /// What the rules before it say, with the waivers applied.
    Others(fn(&Facts<'_>, &Policy, &[Outcome]) -> Verdict),
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
    unasked: Option<Verdict>,
    answered: bool,
}

/// How many gaps back one may be the same; those of one fact stand near each other.
const NEAR: usize = 16;

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
        let gap = Gap::new(scope, what, why);
        // One table may hold two facts, and is missing once.
        let again = self.gaps.iter().rev().take(NEAR).any(|other| {
            (&other.scope, &other.what, &other.detail) == (&gap.scope, &gap.what, &gap.detail)
        });
        if !again {
            self.gaps.push(gap);
        }
    }

    /// These could not be looked at.
    pub fn gaps(&mut self, gaps: impl IntoIterator<Item = Gap>) {
        self.gaps.extend(gaps);
    }

    /// The rule has nothing to say about this piece.
    pub fn skip(&mut self, why: impl Into<String>) {
        self.skipped.get_or_insert(why.into());
    }

    /// Nobody asked for what this piece needs; `option` does.
    pub fn not_asked(&mut self, option: &'static str, why: impl Into<String>) {
        self.unasked.get_or_insert_with(|| Verdict::not_asked(option, why));
    }

    fn verdict(self) -> Verdict {
        match self {
            Self { findings, gaps, .. } if !findings.is_empty() => Verdict::Fail { findings, gaps },
            Self { gaps, .. } if !gaps.is_empty() => Verdict::Unknown(gaps),
            // Elsewhere it may have passed: here nobody looked.
            Self { unasked: Some(unasked), .. } => unasked,
            Self { answered: false, skipped: Some(why), .. } => Verdict::NotApplicable(why),
            _ => Verdict::Pass,
        }
    }
}

/// Judges every scope by itself. A host without any scope was not read at all.
pub fn each_scope(
    facts: &Facts<'_>,
    mut judge: impl FnMut(&mut Judgement, &ScopeFacts<'_>),
) -> Verdict {
    let mut judgement = Judgement::default();
    for scope in &facts.scopes {
        judge(&mut judgement, scope);
    }
    judgement.verdict()
}

/// Judges every ephemeral range that could be read, those with the same value together; the others
/// are gaps.
pub fn each_range(
    facts: &Facts<'_>,
    mut judge: impl FnMut(&mut Judgement, &ScopeFacts<'_>, &View<'_>),
) -> Verdict {
    each_scope(facts, |judgement, scope| {
        range_gaps(judgement, scope);
        let mut views: Vec<View<'_>> = Vec::new();
        for range in scope.ephemeral() {
            for &transport in range.transports {
                let Some(bounds) = range.bounds.known() else { continue };
                view::add(&mut views, View::new(range, bounds, transport, bounds.range().into()));
            }
        }
        for view in &views {
            judge(judgement, scope, view);
        }
    })
}

/// Judges every pool that could be computed, those that are alike together; the others are gaps.
pub fn each_pool(
    facts: &Facts<'_>,
    mut judge: impl FnMut(&mut Judgement, &ScopeFacts<'_>, &View<'_>),
) -> Verdict {
    each_scope(facts, |judgement, scope| {
        pool_gaps(judgement, scope);
        let mut views: Vec<View<'_>> = Vec::new();
        for pool in &scope.pools {
            let mut view = View::new(pool.range, pool.bounds, pool.transport, pool.ports.clone());
            view.usable = pool.usable();
            view::add(&mut views, view);
        }
        for view in &views {
            judge(judgement, scope, view);
        }
    })
}

/// What keeps the scopes that were read from being all there are; it is told of the reader's own.
pub fn unread_scopes(snapshot: &Snapshot) -> Vec<Gap> {
    let own = snapshot.scopes.iter().find(|scope| scope.current);
    let unread = snapshot.unread_scopes.iter().flatten();
    own.map_or_else(Vec::new, |own| unread.map(|unread| Gap::of(own, unread)).collect())
}

/// What a rule about all namespaces says where only the reader's own was read.
pub fn one_namespace(snapshot: &Snapshot) -> Verdict {
    match snapshot.host.os {
        Os::Linux => {
            Verdict::not_asked("--all-netns", "only one namespace was read; use --all-netns")
        }
        _ => Verdict::NotApplicable("network namespaces are read on Linux only".to_owned()),
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_looked_at_is_no_pass_and_hides_nothing() {
        let mut judgement = Judgement::default();
        judgement.pass();
        judgement.skip("it has no such knob");
        judgement.not_asked("--boot", "nobody asked");
        judgement.not_asked("--usage top", "nobody looked");
        assert!(matches!(judgement.verdict(), Verdict::NotAsked { option: "--boot", .. }));

        let gap = Gap {
            scope: String::new(),
            what: "ports".to_owned(),
            why: Reason::Denied,
            detail: String::new(),
        };
        let mut judgement = Judgement::default();
        judgement.gaps([gap]);
        judgement.not_asked("--boot", "nobody asked");
        assert!(matches!(judgement.verdict(), Verdict::Unknown(_)));
    }
}
