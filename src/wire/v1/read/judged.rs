//! What a report says of its rules, held against what it found and could not see.

use std::collections::{HashMap, HashSet};

use super::super::{Document, Finding, Gap, Rule, Severity, Status, Verdict};

/// What is there for a rule.
#[derive(Default)]
struct Ground<'a> {
    open: Vec<&'a Finding>,
    waived: Vec<&'a Finding>,
    gaps: usize,
}

/// Fails where verdicts, findings, gaps and the status do not come to the same.
pub(super) fn check(document: &Document) -> Result<(), String> {
    match (&document.policy, document.status) {
        (None, None) => return unjudged(document),
        (Some(_), None) => return Err("it has a policy and no status".to_owned()),
        (None, Some(_)) => return Err("it has a status and no policy".to_owned()),
        (Some(_), Some(_)) => {}
    }
    let mut grounds: HashMap<&str, Ground<'_>> = HashMap::new();
    for rule in &document.rules {
        if grounds.insert(&rule.rule, Ground::default()).is_some() {
            return Err(format!("the rule {} is there twice", rule.rule));
        }
    }
    for found in &document.findings {
        whole(found)?;
        let ground = grounds.get_mut(&*found.rule);
        let ground = ground.ok_or_else(|| unheard_of("finding", &found.rule))?;
        let kind = if found.waived.is_some() { &mut ground.waived } else { &mut ground.open };
        kind.push(found);
    }
    for Gap { rule, .. } in &document.gaps {
        let Some(rule) = rule else { continue };
        let ground = grounds.get_mut(&**rule);
        ground.ok_or_else(|| unheard_of("gap", rule))?.gaps += 1;
    }
    for rule in &document.rules {
        let Some(ground) = grounds.get(&*rule.rule) else { continue };
        ground.carries(rule)?;
    }
    if !document.findings.is_sorted_by_key(|finding| finding.severity) {
        return Err("its findings are not in the order of their severities".to_owned());
    }
    status(document)
}

fn unheard_of(what: &str, rule: &str) -> String {
    format!("it has a {what} of {rule:?} and no such rule")
}

/// Facts alone.
fn unjudged(document: &Document) -> Result<(), String> {
    let has = |what: &str| Err(format!("it has no status, and {what}"));
    if !document.rules.is_empty() {
        return has("rules");
    }
    if !document.findings.is_empty() {
        return has("findings");
    }
    if !document.services.is_empty() {
        return has("declared services");
    }
    match document.gaps.iter().find_map(|gap| gap.rule.as_deref()) {
        Some(rule) => has(&format!("a gap of the rule {rule:?}")),
        None => Ok(()),
    }
}

/// A finding without evidence, words or a name of its own was found by no rule.
fn whole(finding: &Finding) -> Result<(), String> {
    let lacks = |what: &str| Err(format!("a finding of {:?} has no {what}", finding.rule));
    if finding.evidence.is_empty() {
        return lacks("evidence");
    }
    for (what, text) in [
        ("title", &finding.title),
        ("message", &finding.message),
        ("fingerprint", &finding.fingerprint),
    ] {
        if text.is_empty() {
            return lacks(what);
        }
    }
    match finding.waived.as_deref() {
        Some(reason) if reason.trim().is_empty() => lacks("reason why it is waived"),
        _ => Ok(()),
    }
}

impl Ground<'_> {
    /// Fails where a rule does not say what an audit would on this ground.
    fn carries(&self, rule: &Rule) -> Result<(), String> {
        let Rule { rule: name, verdict, severity, reason, asks } = rule;
        let idle = matches!(verdict, Verdict::NotApplicable | Verdict::NotAsked);
        let so = match (self.open.len(), self.waived.len(), self.gaps) {
            (0, 0, 0) => idle || *verdict == Verdict::Pass,
            (0, 0 | 1.., 1..) => *verdict == Verdict::Unknown,
            (0, 1.., 0) => *verdict == Verdict::Waived,
            (1.., ..) => *verdict == Verdict::Fail,
        };
        if !so {
            return Err(format!(
                "{name} is called {}, with {} findings, {} more that are waived, and {} gaps",
                verdict.name(),
                self.open.len(),
                self.waived.len(),
                self.gaps
            ));
        }
        // The most severe sorts first.
        let gravest = |found: &[&Finding]| found.iter().map(|f| f.severity).min();
        if let Some(due) = gravest(&self.open).or_else(|| gravest(&self.waived)) {
            same_severity(name, *severity, due)?;
        }
        if asks.is_some() != (*verdict == Verdict::NotAsked) {
            let what = if asks.is_some() { "an option" } else { "no option" };
            return Err(format!("{name} is called {}, with {what} that asks", verdict.name()));
        }
        let due = self.gaps > 0 || idle;
        if due == reason.is_some() {
            return Ok(());
        }
        let what = if due { "no reason" } else { "a reason without a gap" };
        Err(format!("{name} is called {}, with {what}", verdict.name()))
    }
}

pub(super) fn same_severity(rule: &str, is: Severity, due: Severity) -> Result<(), String> {
    if is == due {
        return Ok(());
    }
    let (is, due) = (is.name(), due.name());
    Err(format!("the severity of {rule} is {is}, and what was found makes it {due}"))
}

fn status(document: &Document) -> Result<(), String> {
    let implied = implied(document);
    match document.status {
        Some(said) if said != implied => Err(format!(
            "it is called {}, and its rules and findings make it {}",
            said.name(),
            implied.name()
        )),
        _ => Ok(()),
    }
}

/// The status that the rules and findings of a report come to.
fn implied(document: &Document) -> Status {
    let answers =
        |rule: &Rule| matches!(rule.verdict, Verdict::Pass | Verdict::Fail | Verdict::Waived);
    if document.findings.iter().any(|finding| document.counts(finding)) {
        Status::Findings
    } else if document.gaps.iter().any(|gap| gap.rule.is_some())
        || !document.rules.iter().any(answers)
    {
        Status::Undetermined
    } else {
        Status::Compliant
    }
}

/// Fails where a finding or a gap is of a namespace that the report does not have, or none is the
/// reader's own.
pub(super) fn places(document: &Document) -> Result<(), String> {
    let mut ids: HashSet<&str> = HashSet::new();
    for scope in &document.scopes {
        if scope.id.is_empty() {
            return Err("a namespace has no id".to_owned());
        }
        if !ids.insert(&scope.id) {
            return Err(format!("the namespace {} is there twice", scope.id));
        }
    }
    match document.scopes.iter().filter(|scope| scope.current).count() {
        1 => {}
        own => return Err(format!("{own} of its namespaces are the one it was read in")),
    }
    let findings = document.findings.iter().map(|finding| ("finding", &finding.scope));
    let gaps = document.gaps.iter().map(|gap| ("gap", &gap.scope));
    match findings.chain(gaps).find(|(_, scope)| !ids.contains(scope.as_str())) {
        Some((what, scope)) => Err(format!("it has a {what} in {scope:?} and no such namespace")),
        None => Ok(()),
    }
}
