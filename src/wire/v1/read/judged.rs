//! What a report says of its rules, held against what it found and could not see.

use std::collections::{HashMap, HashSet};

use super::super::{Document, Severity, Status, Verdict};

/// What a report says of its rules, as it is held against itself: of a whole document, or of what
/// a roll-up reads of one.
pub struct Claims<'a> {
    /// Whether it names what it judged by.
    pub has_policy: bool,
    /// The lowest severity that counts.
    pub fail_on: Option<Severity>,
    /// The status it says.
    pub status: Option<Status>,
    /// Whether it declares services.
    pub has_services: bool,
    /// Its rules.
    pub rules: Vec<RuleClaim<'a>>,
    /// Its findings, in their order.
    pub findings: Vec<FindingClaim<'a>>,
    /// The rules of its gaps, where they have one.
    pub gaps: Vec<Option<&'a str>>,
}

/// A rule's answer.
pub struct RuleClaim<'a> {
    /// Its name.
    pub rule: &'a str,
    /// Its severity.
    pub severity: Severity,
    /// Its verdict.
    pub verdict: Verdict,
    /// Whether it says why.
    pub has_reason: bool,
    /// Whether it names an option that asks.
    pub has_option: bool,
}

/// A finding.
pub struct FindingClaim<'a> {
    /// Its rule.
    pub rule: &'a str,
    /// Its severity.
    pub severity: Severity,
    /// Why it is waived.
    pub waived: Option<&'a str>,
    /// Whether it rests on anything.
    pub has_evidence: bool,
    /// Its title.
    pub title: &'a str,
    /// Its message.
    pub message: &'a str,
    /// Its fingerprint.
    pub fingerprint: &'a str,
}

/// What is there for a rule.
#[derive(Default)]
struct Ground {
    open: Vec<Severity>,
    waived: Vec<Severity>,
    gaps: usize,
}

/// Fails where verdicts, findings, gaps and the status do not come to the same.
pub(super) fn check(document: &Document) -> Result<(), String> {
    Claims::of(document).check()
}

impl<'a> Claims<'a> {
    fn of(document: &'a Document) -> Self {
        let rules = document.rules.iter().map(|rule| RuleClaim {
            rule: &rule.rule,
            severity: rule.severity,
            verdict: rule.verdict,
            has_reason: rule.reason.is_some(),
            has_option: rule.asks.is_some(),
        });
        let findings = document.findings.iter().map(|finding| FindingClaim {
            rule: &finding.rule,
            severity: finding.severity,
            waived: finding.waived.as_deref(),
            has_evidence: !finding.evidence.is_empty(),
            title: &finding.title,
            message: &finding.message,
            fingerprint: &finding.fingerprint,
        });
        Self {
            has_policy: document.policy.is_some(),
            fail_on: document.policy.as_ref().and_then(|policy| policy.fail_on),
            status: document.status,
            has_services: !document.services.is_empty(),
            rules: rules.collect(),
            findings: findings.collect(),
            gaps: document.gaps.iter().map(|gap| gap.rule.as_deref()).collect(),
        }
    }

    /// Fails where verdicts, findings, gaps and the status do not come to the same.
    pub fn check(&self) -> Result<(), String> {
        match (self.has_policy, self.status) {
            (false, None) => return self.unjudged(),
            (true, None) => return Err("it has a policy and no status".to_owned()),
            (false, Some(_)) => return Err("it has a status and no policy".to_owned()),
            (true, Some(_)) => {}
        }
        let mut grounds: HashMap<&str, Ground> = HashMap::new();
        for rule in &self.rules {
            if grounds.insert(rule.rule, Ground::default()).is_some() {
                return Err(format!("the rule {} is there twice", rule.rule));
            }
        }
        for found in &self.findings {
            found.whole()?;
            let ground = grounds.get_mut(found.rule);
            let ground = ground.ok_or_else(|| unknown_name("finding", found.rule))?;
            let kind = if found.waived.is_some() { &mut ground.waived } else { &mut ground.open };
            kind.push(found.severity);
        }
        for rule in self.gaps.iter().flatten() {
            let ground = grounds.get_mut(rule);
            ground.ok_or_else(|| unknown_name("gap", rule))?.gaps += 1;
        }
        for rule in &self.rules {
            let Some(ground) = grounds.get(rule.rule) else { continue };
            ground.carries(rule)?;
        }
        if !self.findings.is_sorted_by_key(|finding| finding.severity) {
            return Err("its findings are not in the order of their severities".to_owned());
        }
        let implied = self.implied();
        match self.status {
            Some(status) if status != implied => Err(format!(
                "it is called {}, and its rules and findings make it {}",
                status.name(),
                implied.name()
            )),
            _ => Ok(()),
        }
    }

    /// Facts alone.
    fn unjudged(&self) -> Result<(), String> {
        let has = |what: &str| Err(format!("it has no status, and {what}"));
        if !self.rules.is_empty() {
            return has("rules");
        }
        if !self.findings.is_empty() {
            return has("findings");
        }
        if self.has_services {
            return has("declared services");
        }
        match self.gaps.iter().flatten().next() {
            Some(rule) => has(&format!("a gap of the rule {rule:?}")),
            None => Ok(()),
        }
    }

    /// The status that the rules and findings of a report come to.
    fn implied(&self) -> Status {
        let answers = |rule: &RuleClaim<'_>| {
            matches!(rule.verdict, Verdict::Pass | Verdict::Fail | Verdict::Waived)
        };
        // The most severe sorts first.
        let counts = |finding: &FindingClaim<'_>| {
            finding.waived.is_none() && self.fail_on.is_some_and(|least| finding.severity <= least)
        };
        if self.findings.iter().any(counts) {
            Status::Findings
        } else if self.gaps.iter().any(Option::is_some) || !self.rules.iter().any(answers) {
            Status::Undetermined
        } else {
            Status::Compliant
        }
    }
}

fn unknown_name(what: &str, rule: &str) -> String {
    format!("it has a {what} of {rule:?} and no such rule")
}

/// A finding without evidence, words or a name of its own was found by no rule.
impl FindingClaim<'_> {
    fn whole(&self) -> Result<(), String> {
        let lacks = |what: &str| Err(format!("a finding of {:?} has no {what}", self.rule));
        if !self.has_evidence {
            return lacks("evidence");
        }
        for (what, text) in
            [("title", self.title), ("message", self.message), ("fingerprint", self.fingerprint)]
        {
            if text.is_empty() {
                return lacks(what);
            }
        }
        match self.waived {
            Some(reason) if reason.trim().is_empty() => lacks("reason why it is waived"),
            _ => Ok(()),
        }
    }
}

impl Ground {
    /// Fails where a rule does not say what an audit would on this ground.
    fn carries(&self, rule: &RuleClaim<'_>) -> Result<(), String> {
        let RuleClaim { rule: name, verdict, severity, has_reason, has_option } = rule;
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
        let gravest = |found: &[Severity]| found.iter().min().copied();
        if let Some(due) = gravest(&self.open).or_else(|| gravest(&self.waived)) {
            same_severity(name, *severity, due)?;
        }
        if *has_option != (*verdict == Verdict::NotAsked) {
            let what = if *has_option { "an option" } else { "no option" };
            return Err(format!("{name} is called {}, with {what} that asks", verdict.name()));
        }
        let due = self.gaps > 0 || idle;
        if due == *has_reason {
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
