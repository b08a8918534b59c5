//! What a rule is, and the pieces that rules are made of.

use ephaudit_platform::ports::{PortClass, PortRange, PortSet};
use ephaudit_platform::snapshot::{
    Bounds, Environment, Host, Range, Reading, Reserved, Role, Scope, Snapshot, Transport, Why,
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
    pub check: fn(&Snapshot, &Policy) -> Verdict,
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

/// Judges every ephemeral range that could be read; the others are gaps.
pub fn each_range(
    snapshot: &Snapshot,
    mut judge: impl FnMut(&mut Judgement, &Scope, &Range, &Bounds),
) -> Verdict {
    each_scope(snapshot, |judgement, scope| {
        for range in scope.ranges.iter().filter(|range| range.role == Role::Ephemeral) {
            match &range.bounds {
                Reading::Known { value, .. } => judge(judgement, scope, range, value),
                Reading::Absent { .. } => judgement.skip("this system has no ephemeral range"),
                Reading::Unknown { why, .. } => judgement.gap(scope, "ephemeral range", why),
            }
        }
    })
}

/// Judges every pool that could be computed, once where transports share it; the others are gaps.
pub fn each_pool(
    snapshot: &Snapshot,
    mut judge: impl FnMut(&mut Judgement, &Scope, &PoolView<'_>),
) -> Verdict {
    each_scope(snapshot, |judgement, scope| {
        let mut views: Vec<PoolView<'_>> = Vec::new();
        for pool in ephaudit_platform::pools(scope) {
            let Some(range) = scope.ephemeral(pool.transport) else { continue };
            let Some(bounds) = range.bounds.known() else { continue };
            match views.iter_mut().find(|view| view.range == range && view.ports == pool.ports) {
                Some(view) => view.transports.push(pool.transport),
                None => views.push(PoolView {
                    range,
                    bounds,
                    ports: pool.ports,
                    transports: vec![pool.transport],
                }),
            }
        }
        pool_gaps(judgement, scope);
        for view in &views {
            judge(judgement, scope, view);
        }
    })
}

/// A pool and the range it comes from.
pub struct PoolView<'a> {
    /// The range.
    pub range: &'a Range,
    /// Its value.
    pub bounds: &'a Bounds,
    /// The pool.
    pub ports: PortSet,
    /// The transports that share it.
    pub transports: Vec<Transport>,
}

impl PoolView<'_> {
    /// "tcp: " where the other transport has a pool of its own, else nothing.
    pub fn label(&self) -> String {
        match self.transports[..] {
            [only] => format!("{only}: "),
            _ => String::new(),
        }
    }

    /// What a finding about it is about, in words that stay.
    pub fn subject(&self) -> String {
        match self.transports[..] {
            [only] => format!("pool/{only}"),
            _ => "pool".to_owned(),
        }
    }
}

/// What keeps a pool from being computed.
pub fn pool_gaps(judgement: &mut Judgement, scope: &Scope) {
    for range in scope.ranges.iter().filter(|range| range.role == Role::Ephemeral) {
        match &range.bounds {
            Reading::Known { .. } => {}
            Reading::Absent { .. } => judgement.skip("this system has no ephemeral range"),
            Reading::Unknown { why, .. } => judgement.gap(scope, "ephemeral range", why),
        }
    }
    for reserved in &scope.reserved {
        if let Some(why) = reserved.ports.why() {
            judgement.gap(scope, "reserved ports", why);
        }
    }
}

/// The evidence for a range.
pub fn range_evidence(range: &Range, bounds: &Bounds) -> Evidence {
    Evidence::new(
        "ephemeral range",
        format!("{}-{}", bounds.first, bounds.last),
        range.bounds.source(),
    )
}

/// The evidence for the reservations, where there are any.
pub fn reserved_evidence(scope: &Scope) -> impl Iterator<Item = Evidence> + '_ {
    scope.reserved.iter().filter_map(|Reserved { ports, .. }| {
        let set = ports.known().filter(|set| !set.is_empty())?;
        Some(Evidence::new("reserved ports", crate::text::spans(set), ports.source()))
    })
}

/// The ports of `ports` in `class`.
pub fn in_class(ports: &PortSet, class: PortClass) -> PortSet {
    ports.intersection(&class.range().into())
}

/// Whether the range is the system's own default; `None` where that isn't certain.
pub fn is_default(range: &Range, bounds: &Bounds) -> Option<bool> {
    range.vendor_default.map(|default| default == bounds.range())
}

/// The weight of a range that IANA would not have: under `vendor`, the system's own default is information only, and
/// so is what WSL set by itself.
pub fn range_severity(policy: &Policy, host: &Host, range: &Range, bounds: &Bounds) -> Severity {
    let own = is_default(range, bounds) == Some(true) || host.environment == Some(Environment::Wsl);
    match policy.profile {
        Profile::Vendor if own => Severity::Info,
        Profile::Vendor | Profile::Iana => Severity::Medium,
    }
}

/// Where the profile would have the range.
pub fn wanted_range(policy: &Policy, range: &Range) -> PortRange {
    match (policy.profile, range.vendor_default) {
        (Profile::Vendor, Some(default)) => default,
        _ => PortClass::Dynamic.range(),
    }
}
