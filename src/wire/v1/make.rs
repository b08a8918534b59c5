//! From facts and judgement to the document.

use ephaudit_platform::confine::Layer;
use ephaudit_platform::ports::{PortClass, PortSet};
use ephaudit_platform::snapshot as facts;

use super::boot;
use super::listeners::listeners;
use super::steps;
use super::usage::usage;
use super::words::{families, raw, reason, source, span, state, transport, transports};
use super::{
    Document, Evidence, Finding, Gap, Host, Number, Pool, Randomization, Range, Registry, Reserved,
    Rule, SCHEMA_VERSION, Scope, Service, Severity, Span, Status, Subject, Summary, TimeWait, Tool,
    Verdict, Word,
};
use crate::audit;
use crate::iana::{self, REGISTRY_NAME};
use crate::policy::services::Declared;
use crate::policy::{Policy, Weight};
use crate::report;
use crate::rule::Outcome;

/// How many spans of a list are told of a namespace that is not the reader's own.
const SPANS_OF_OTHERS: usize = 256;

/// The document of a run; without a report it holds facts and no verdict. `top` is how many
/// destinations a scope shows.
pub fn document(
    snapshot: &facts::Snapshot,
    policy: &Policy,
    report: Option<&audit::Report>,
    collected_at: String,
    top: usize,
) -> Document {
    let outcomes = report.map_or(&[][..], |report| &report.outcomes);
    let mut findings: Vec<Finding> = outcomes.iter().flat_map(findings_of).collect();
    // The sort is stable: rules stay in the order of their list.
    findings.sort_by_key(|finding| finding.severity);
    let mut gaps: Vec<Gap> = outcomes
        .iter()
        .flat_map(|outcome| outcome.verdict.gaps().iter().map(|g| gap(Some(outcome.rule.name), g)))
        .collect();
    match report {
        Some(report) => gaps.extend(report.gaps.iter().map(|g| gap(None, g))),
        None => gaps.extend(audit::unread_facts(snapshot).iter().map(|g| gap(None, g))),
    }
    let mut document = Document {
        schema_version: SCHEMA_VERSION.into(),
        kind: "report".into(),
        tool: tool(),
        host: host(&snapshot.host),
        collected_at,
        summary: None,
        run: None,
        registry: registry(&policy.registry),
        profile: policy.profile.name().into(),
        policy: report.map(|_| measure(policy)),
        services: policy.services.iter().filter(|_| report.is_some()).map(service).collect(),
        status: report.map(|report| status(report.status)),
        scopes: snapshot.scopes.iter().map(|s| scope(s, policy, top)).collect(),
        rules: outcomes.iter().map(|outcome| rule(outcome, policy)).collect(),
        findings,
        gaps,
    };
    document.summary = Some(Summary::of(&document));
    document
}

pub(super) fn measure(policy: &Policy) -> super::Policy {
    super::Policy {
        file: policy.file.clone(),
        fail_on: policy.fail_on.map(severity),
        allowed: policy.allowed.iter().copied().map(span).collect(),
        min_pool: policy.min_pool,
        near_exhaustion: policy.near_exhaustion,
        off: policy
            .weights
            .iter()
            .filter(|(_, weight)| **weight == Weight::Off)
            .map(|(rule, _)| Word::Borrowed(*rule))
            .collect(),
        digest: Some(policy.digest()),
    }
}

fn service(declared: &Declared) -> Service {
    Service {
        name: declared.name.clone(),
        transports: transports(&declared.transports),
        first: declared.ports.first(),
        last: declared.ports.last(),
        origin: declared.by.to_string(),
    }
}

/// The program.
pub const fn tool() -> Tool {
    Tool {
        name: Word::Borrowed(env!("CARGO_PKG_NAME")),
        version: Word::Borrowed(env!("CARGO_PKG_VERSION")),
        confinement: Vec::new(),
    }
}

impl Tool {
    /// Whose reading thread those layers held.
    pub fn held_by(self, layers: &[Layer]) -> Self {
        let confinement = layers.iter().map(|layer| Word::Borrowed(layer.name())).collect();
        Self { confinement, ..self }
    }
}

pub(super) fn registry(registry: &iana::Registry) -> Registry {
    Registry {
        name: REGISTRY_NAME.into(),
        edition: registry.edition().to_owned(),
        entries: registry.entries(),
        source: registry.source().to_owned(),
    }
}

pub(super) fn host(host: &facts::HostInfo) -> Host {
    Host {
        name: host.name.clone(),
        os: host.os.name().into(),
        os_version: host.os_version.clone(),
        os_id: host.os_id.clone(),
        os_version_id: host.os_version_id.clone(),
        kernel: host.kernel.clone(),
        arch: host.arch.clone(),
        environment: host.environment.as_ref().map(ToString::to_string),
        id: None,
        id_source: None,
        booted_at: None,
        labels: Vec::new(),
    }
}

fn scope(scope: &facts::Scope, policy: &Policy, top: usize) -> Scope {
    let pools = ephaudit_platform::pools(scope);
    let start = &scope.unprivileged_start;
    // Whoever makes a namespace fills it as he likes: of those of others a part is told.
    let most = if scope.current { usize::MAX } else { SPANS_OF_OTHERS };
    Scope {
        id: scope.id.clone(),
        kind: scope.kind.name().into(),
        names: scope.names.iter().map(ToString::to_string).collect(),
        current: scope.current,
        path: scope.path.clone(),
        ranges: scope.ranges.iter().map(range).collect(),
        reserved: scope.reserved.iter().map(|list| reserved(list, most)).collect(),
        randomization: scope.randomization.iter().map(randomization).collect(),
        unprivileged_start: Number {
            state: state(start),
            value: start.known().copied(),
            raw: raw(start),
            source: source(start.source()),
            reason: start.why().map(|why| reason(why.reason)),
        },
        time_wait: time_wait(&scope.time_wait),
        listeners: listeners(scope, &pools, policy),
        pools: pools.iter().map(|one| pool(one, most)).collect(),
        usage: usage(scope, top),
        boot: boot::entries(scope),
        boot_reason: boot::unasked(scope).map(Into::into),
        running: boot::running(scope),
        suspects: boot::suspects(scope),
    }
}

fn range(range: &facts::Range) -> Range {
    let bounds = range.bounds.known();
    Range {
        role: range.role.name().into(),
        families: families(range.families),
        transports: transports(range.transports),
        state: state(&range.bounds),
        first: bounds.map(|bounds| bounds.first),
        last: bounds.map(|bounds| bounds.last),
        raw: bounds.map(|bounds| bounds.raw.clone()).or_else(|| raw(&range.bounds)),
        vendor_default: range.vendor_default.map(span),
        source: source(range.bounds.source()),
        reason: range.bounds.why().map(|why| reason(why.reason)),
    }
}

fn reserved(reserved: &facts::Reserved, most: usize) -> Reserved {
    let spans = reserved.ports.known().map(|ports| Spans::of(ports, most)).unwrap_or_default();
    Reserved {
        kind: reserved.kind.name().into(),
        transports: transports(reserved.transports),
        families: families(reserved.families),
        state: state(&reserved.ports),
        spans: spans.first,
        span_count: spans.count,
        truncated: spans.truncated,
        raw: raw(&reserved.ports),
        source: source(reserved.ports.source()),
        reason: reserved.ports.why().map(|why| reason(why.reason)),
    }
}

/// The first spans of a set.
#[derive(Default)]
struct Spans {
    first: Vec<Span>,
    count: u32,
    truncated: bool,
}

impl Spans {
    fn of(ports: &PortSet, most: usize) -> Self {
        let count = ports.spans().len();
        Self {
            first: ports.spans().iter().take(most).copied().map(span).collect(),
            count: u32::try_from(count).unwrap_or(u32::MAX),
            truncated: count > most,
        }
    }
}

fn randomization(knob: &facts::Randomization) -> Randomization {
    Randomization {
        transports: transports(knob.transports),
        families: families(knob.families),
        state: state(&knob.random),
        random: knob.random.known().copied(),
        source: source(knob.random.source()),
        reason: knob.random.why().map(|why| reason(why.reason)),
    }
}

fn time_wait(length: &facts::Reading<u32>) -> TimeWait {
    TimeWait {
        state: state(length),
        milliseconds: length.known().copied(),
        raw: raw(length),
        source: source(length.source()),
        reason: length.why().map(|why| reason(why.reason)),
    }
}

pub(super) fn pool(pool: &facts::Pool, most: usize) -> Pool {
    let spans = Spans::of(&pool.ports, most);
    Pool {
        transport: transport(pool.transport),
        families: families(pool.families),
        ports: pool.ports.count(),
        held_back: pool.held_back,
        spans: spans.first,
        span_count: spans.count,
        truncated: spans.truncated,
        system_ports: pool.count_in(PortClass::System),
        user_ports: pool.count_in(PortClass::User),
        dynamic_ports: pool.count_in(PortClass::Dynamic),
    }
}

fn rule(outcome: &Outcome, policy: &Policy) -> Rule {
    let gravest = |findings: &mut dyn Iterator<Item = &report::Finding>| {
        findings.map(|finding| finding.severity).max()
    };
    let gravest = gravest(&mut outcome.verdict.unwaived())
        .or_else(|| gravest(&mut outcome.verdict.findings().iter()));
    let blind = || {
        let mut details: Vec<&str> =
            outcome.verdict.gaps().iter().map(|gap| gap.detail.as_str()).collect();
        details.dedup();
        details.join("; ")
    };
    let mut asks = None;
    let (verdict, reason) = match &outcome.verdict {
        report::Verdict::Pass => (Verdict::Pass, None),
        report::Verdict::Fail { gaps, .. } => {
            let verdict = match (outcome.verdict.unwaived().next(), &gaps[..]) {
                (Some(_), _) => Verdict::Fail,
                (None, []) => Verdict::Waived,
                // What is accepted is not all there may be.
                (None, _) => Verdict::Unknown,
            };
            (verdict, (!gaps.is_empty()).then(blind))
        }
        report::Verdict::Unknown(_) => (Verdict::Unknown, Some(blind())),
        report::Verdict::NotApplicable(why) => (Verdict::NotApplicable, Some(why.clone())),
        report::Verdict::NotAsked { option, why } => {
            asks = Some(Word::Borrowed(*option));
            (Verdict::NotAsked, Some(why.clone()))
        }
    };
    Rule {
        rule: outcome.rule.name.into(),
        severity: severity(gravest.unwrap_or_else(|| (outcome.rule.severity)(policy.profile))),
        verdict,
        reason,
        asks,
    }
}

fn findings_of(outcome: &Outcome) -> impl Iterator<Item = Finding> + '_ {
    outcome.verdict.findings().iter().map(|found| finding(outcome.rule.name, found))
}

/// How many spans of ports a subject has: a list may have tens of thousands.
const SUBJECT_SPANS: usize = 256;

fn subject(finding: &report::Finding) -> Subject {
    let report::About { transport: of, address, destination, service, process, pid, setting } =
        finding.about.clone();
    let spans = finding.ports.spans();
    Subject {
        transport: of.map(transport),
        ports: spans.iter().take(SUBJECT_SPANS).copied().map(span).collect(),
        more_spans: u32::try_from(spans.len().saturating_sub(SUBJECT_SPANS)).unwrap_or(u32::MAX),
        address: address.map(|address| address.to_string()),
        destination: destination.map(|peer| peer.to_string()),
        service,
        process,
        pid,
        setting,
    }
}

pub(super) fn finding(name: &'static str, finding: &report::Finding) -> Finding {
    Finding {
        rule: name.into(),
        severity: severity(finding.severity),
        scope: finding.scope.clone(),
        subject: subject(finding),
        title: finding.title.clone(),
        message: finding.message.clone(),
        evidence: finding
            .evidence
            .iter()
            .map(|evidence| Evidence {
                what: evidence.what.into(),
                value: evidence.value.clone(),
                source: source(&evidence.source),
                line: evidence.line,
                command: evidence.command.clone(),
            })
            .collect(),
        remediation: steps::sentences(&finding.steps),
        steps: finding.steps.iter().map(steps::step).collect(),
        waived: finding.waived.clone(),
        fingerprint: finding.fingerprint.clone(),
        class: Some(finding.class.clone()),
    }
}

pub(super) fn gap(rule: Option<&'static str>, gap: &report::Gap) -> Gap {
    Gap {
        rule: rule.map(Into::into),
        scope: gap.scope.clone(),
        what: gap.what.clone(),
        why: reason(gap.why),
        detail: gap.detail.clone(),
    }
}

pub(super) const fn severity(severity: report::Severity) -> Severity {
    match severity {
        report::Severity::Critical => Severity::Critical,
        report::Severity::High => Severity::High,
        report::Severity::Medium => Severity::Medium,
        report::Severity::Low => Severity::Low,
        report::Severity::Info => Severity::Info,
    }
}

pub(super) const fn status(status: report::Status) -> Status {
    match status {
        report::Status::Compliant => Status::Compliant,
        report::Status::Findings => Status::Findings,
        report::Status::Undetermined => Status::Undetermined,
    }
}
