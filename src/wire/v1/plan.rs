//! What `ephaudit plan` says: its structs, and how they are filled.

use ephaudit_platform::ports::PortSet;
use ephaudit_platform::snapshot as facts;
use schemars::JsonSchema;
use serde::Serialize;

use super::explanation::{ScopeName, scope_name};
use super::make;
use super::steps::{self, Step};
use super::words::{span, spans};
use super::{
    Gap, Host, Policy, Registry, SCHEMA_VERSION, Severity, Span, Status, Tool, Word, closed,
};
use crate::plan::demand::{Prefer, Protected};
use crate::plan::snippets::Snippet;
use crate::plan::{self, Alternative, HostPlan, Present, Proposal, ScopePlan};
use crate::policy;
use crate::remedy::figures::new_a_second;
use crate::rule::Outcome;

/// Which range and list of reserved ports a host had better have. Nothing of it is ever done by
/// this tool.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Planned {
    /// Version of this document's form, MAJOR.MINOR.
    pub schema_version: &'static str,
    /// Always "plan".
    pub kind: &'static str,
    /// The program that wrote it.
    pub tool: Tool,
    /// The host it is about.
    pub host: Host,
    /// When the facts were read: RFC 3339, UTC.
    pub collected_at: String,
    /// The registry of assigned ports that was used.
    pub registry: Registry,
    /// The profile judged by.
    #[schemars(extend("enum" = closed::profiles()))]
    pub profile: Word,
    /// What it was judged by.
    pub policy: Policy,
    /// What an audit would say after the plan; "findings" too where the demand cannot be met.
    pub status: Status,
    /// The plan of each network namespace (or the like), sorted by id.
    pub scopes: Vec<PlannedScope>,
    /// What could not be read.
    pub gaps: Vec<Gap>,
}

/// The plan of a scope.
#[derive(Debug, Serialize, JsonSchema)]
pub struct PlannedScope {
    /// Which.
    pub scope: ScopeName,
    /// What an audit of it would say after the plan.
    pub status: Status,
    /// What is set now; null where that is not known.
    pub now: Option<PlanSettings>,
    /// What is asked for.
    pub demand: PlanDemand,
    /// The plan; null where there is none.
    pub proposal: Option<PlanProposal>,
    /// Why there is none, where everything was read.
    pub refused: Option<String>,
    /// The plan by the other preference; null where that is the same.
    pub alternative: Option<PlanAlternative>,
    /// What is found now.
    pub before: Vec<PlanFinding>,
    /// What would be found after the plan: "stays" now too, "comes" not. Empty without a plan.
    pub after: Vec<PlanFinding>,
    /// What is to be known beside.
    pub remarks: Vec<String>,
}

/// Settings, and what they give.
#[derive(Debug, Serialize, JsonSchema)]
pub struct PlanSettings {
    /// The range.
    pub range: Span,
    /// The list of reserved ports.
    pub reserved: Vec<Span>,
    /// The same as Linux prints it.
    pub reserved_text: String,
    /// How many ports are handed out.
    pub pool: u32,
    /// The even ones among them.
    pub even: u32,
    /// How many new connections a second a client that closes first can open to one destination;
    /// null where the settings do not tell.
    pub rate: Option<u32>,
}

/// What is asked for.
#[derive(Debug, Serialize, JsonSchema)]
pub struct PlanDemand {
    /// Where a range may lie.
    pub allowed: Vec<Span>,
    /// How many ports the pool should have.
    pub wanted: u32,
    /// Which demand is the largest.
    pub why: String,
    /// What must leave the pool, in the present range or the planned one.
    pub protect: Vec<PlanProtected>,
}

/// Ports that must leave the pool.
#[derive(Debug, Serialize, JsonSchema)]
pub struct PlanProtected {
    /// The ports.
    pub ports: Span,
    /// Who has them.
    pub reason: String,
}

/// A plan.
#[derive(Debug, Serialize, JsonSchema)]
pub struct PlanProposal {
    /// By which preference.
    #[schemars(extend("enum" = ["least", "capacity"]))]
    pub prefer: Word,
    /// Whether the present settings are it.
    pub nothing_to_do: bool,
    /// What would be set.
    pub settings: PlanSettings,
    /// What is added to the list.
    pub added: Vec<Span>,
    /// What had better leave the pool, and cannot.
    pub exposed: Vec<Span>,
    /// How many ports are missing.
    pub short: u32,
    /// How many ports are reserved only because the list would have too many spans.
    pub blocks: u32,
    /// What is handed out then and not now.
    pub newly: Vec<Span>,
    /// What is handed out now and not then.
    pub no_longer: Vec<Span>,
    /// How to have it, in order: what the audit prints for the same change.
    pub steps: Vec<Step>,
    /// How to have what was before, in order.
    pub rollback: Vec<Step>,
    /// The same for other tools.
    pub snippets: Vec<PlanSnippet>,
}

/// The plan by the other preference.
#[derive(Debug, Serialize, JsonSchema)]
pub struct PlanAlternative {
    /// The preference.
    #[schemars(extend("enum" = ["least", "capacity"]))]
    pub prefer: Word,
    /// The range.
    pub range: Span,
    /// The list of reserved ports, as Linux prints it.
    pub reserved_text: String,
    /// How many ports are handed out then.
    pub pool: u32,
    /// How many of them are not handed out now.
    pub newly: u32,
    /// How many ports are missing.
    pub short: u32,
}

/// A finding, before or after.
#[derive(Debug, Serialize, JsonSchema)]
pub struct PlanFinding {
    /// The rule.
    pub rule: Word,
    /// How severe.
    pub severity: Severity,
    /// What it says.
    pub title: String,
    /// Before: "goes" or "stays". After: "stays" or "comes". Without a plan "stays".
    #[schemars(extend("enum" = ["goes", "stays", "comes"]))]
    pub change: Word,
    /// The same before and after.
    pub fingerprint: String,
}

/// The planned settings as a tool takes them.
#[derive(Debug, Serialize, JsonSchema)]
pub struct PlanSnippet {
    /// The target's name, as --snippet takes it.
    pub name: Word,
    /// When the settings hold then.
    #[schemars(extend("enum" = closed::moments()))]
    pub when: Word,
    /// The text.
    pub text: String,
    /// The file that it is for; null where it is none.
    pub file: Option<String>,
    /// Where its form is described.
    pub source: Word,
    /// What texts of this target are tried with by this program's own tests; null where nothing
    /// does.
    pub validator: Option<Word>,
}

/// The document of a plan.
pub fn planned(
    host: &facts::HostInfo,
    policy: &policy::Policy,
    plan: &HostPlan<'_>,
    collected_at: String,
) -> Planned {
    let mut gaps: Vec<Gap> = plan.gaps.iter().map(|gap| make::gap(None, gap)).collect();
    for scope in &plan.scopes {
        gaps.extend(scope.gaps.iter().map(|gap| make::gap(None, gap)));
        let proposal = scope.proposal.as_ref();
        let judged = proposal.map_or(&scope.before, |proposal| &proposal.after);
        for outcome in judged {
            let of_rule = outcome.verdict.gaps().iter();
            gaps.extend(of_rule.map(|gap| make::gap(Some(outcome.rule.name), gap)));
        }
    }
    Planned {
        schema_version: SCHEMA_VERSION,
        kind: "plan",
        tool: make::tool(),
        host: make::host(host),
        collected_at,
        registry: make::registry(&policy.registry),
        profile: policy.profile.name().into(),
        policy: make::measure(policy),
        status: make::status(plan.status),
        scopes: plan.scopes.iter().map(scope).collect(),
        gaps,
    }
}

fn scope(plan: &ScopePlan<'_>) -> PlannedScope {
    let proposal = plan.proposal.as_ref();
    PlannedScope {
        scope: scope_name(plan.scope),
        status: make::status(plan.status),
        now: plan.now.as_ref().map(|Present { range, reserved, pool }| {
            settings(plan.scope, span(*range), reserved, pool)
        }),
        demand: PlanDemand {
            allowed: plan.allowed.iter().copied().map(span).collect(),
            wanted: plan.size.wanted,
            why: plan.size.why.clone(),
            protect: proposal.iter().flat_map(|p| &p.protect).map(protected).collect(),
        },
        refused: plan.refused.clone(),
        alternative: plan.other.as_ref().map(alternative),
        before: findings(
            &plan.before,
            proposal.map_or(&plan.before, |proposal| &proposal.after),
            "goes",
        ),
        after: proposal
            .map_or_else(Vec::new, |after| findings(&after.after, &plan.before, "comes")),
        proposal: proposal.map(|proposal| self::proposal(plan.scope, proposal)),
        remarks: plan.remarks.clone(),
    }
}

fn settings(scope: &facts::Scope, range: Span, reserved: &PortSet, pool: &PortSet) -> PlanSettings {
    PlanSettings {
        range,
        reserved: spans(reserved),
        reserved_text: reserved.to_string(),
        pool: pool.count(),
        even: pool.count_parity(false),
        rate: new_a_second(scope, pool.count()),
    }
}

fn protected(one: &Protected) -> PlanProtected {
    PlanProtected { ports: span(one.ports), reason: one.reason.clone() }
}

fn proposal(scope: &facts::Scope, plan: &Proposal) -> PlanProposal {
    let solution = &plan.solution;
    PlanProposal {
        prefer: word(plan.prefer),
        nothing_to_do: plan.values.is_empty(),
        settings: settings(scope, span(solution.range), &solution.reserved, &solution.pool),
        added: spans(&plan.added),
        exposed: spans(&solution.exposed),
        short: solution.short,
        blocks: solution.blocks,
        newly: spans(&plan.newly),
        no_longer: spans(&plan.no_longer),
        steps: plan.steps.iter().map(steps::step).collect(),
        rollback: plan.rollback.iter().map(steps::step).collect(),
        snippets: plan.snippets.iter().map(snippet).collect(),
    }
}

fn alternative(other: &Alternative) -> PlanAlternative {
    PlanAlternative {
        prefer: word(other.prefer),
        range: span(other.solution.range),
        reserved_text: other.solution.reserved.to_string(),
        pool: other.solution.pool.count(),
        newly: other.newly,
        short: other.solution.short,
    }
}

const fn word(prefer: Prefer) -> Word {
    Word::Borrowed(prefer.name())
}

fn snippet(snippet: &Snippet) -> PlanSnippet {
    PlanSnippet {
        name: snippet.name.into(),
        when: snippet.when.name().into(),
        text: snippet.text.clone(),
        file: snippet.file.clone(),
        source: snippet.source.into(),
        validator: snippet.validator.map(Into::into),
    }
}

/// What is found, most severe first; `alone` where the others have no such finding.
fn findings(of: &[Outcome], others: &[Outcome], alone: &'static str) -> Vec<PlanFinding> {
    let mut rows: Vec<PlanFinding> = plan::found(of)
        .map(|(rule, finding)| {
            let same = |(other, found): (&str, &crate::report::Finding)| {
                other == rule && found.fingerprint == finding.fingerprint
            };
            let stays = plan::found(others).any(same);
            PlanFinding {
                rule: rule.into(),
                severity: make::severity(finding.severity),
                title: finding.title.clone(),
                change: if stays { "stays" } else { alone }.into(),
                fingerprint: finding.fingerprint.clone(),
            }
        })
        .collect();
    rows.sort_by_key(|row| row.severity);
    rows
}
