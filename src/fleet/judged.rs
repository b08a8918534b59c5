//! What a report says of its rules, as one text that many hosts share: it is checked once.

use std::collections::HashMap;
use std::fmt::Write;

use serde::Deserialize;

use super::names::Names;
use super::read::{Refusal, ReportView};
use crate::wire::v1::{Claims, FindingClaim, RuleClaim, Severity, Verdict};

/// How many bytes of texts of `rules` are remembered, and how many checks.
const MOST: usize = 4 * 1024 * 1024;
const CHECKS: usize = 4096;

/// The rules of a report, from their text.
#[derive(Debug, Clone, Deserialize)]
// The contract names the field so.
#[allow(clippy::struct_field_names)]
struct RuleAnswer {
    rule: String,
    severity: Severity,
    verdict: Verdict,
    reason: Option<String>,
    #[serde(default)]
    asks: Option<String>,
}

/// What was checked before.
#[derive(Default)]
pub struct Memory {
    rules: Names,
    /// By their text's place; behind these the one that is not remembered.
    lists: Vec<Vec<RuleAnswer>>,
    checked: HashMap<Box<[u8]>, u32>,
    key: Vec<u8>,
}

impl Memory {
    /// The answers of a report, by their place among `answers`.
    pub(super) fn answers(
        &mut self,
        report: &ReportView<'_>,
        answers: &mut Names,
    ) -> Result<u32, Refusal> {
        let list = self.list(report.rules.get())?;
        let unread = Refusal::contradicts("its rules cannot be told");
        let Some(rules) = self.lists.get(list as usize) else { return Err(unread) };
        // There are at most 256.
        let place = |name: &str| {
            let found = rules.iter().position(|rule| rule.rule == name)?;
            u8::try_from(found).ok()
        };
        self.key.clear();
        self.key.extend(list.to_le_bytes());
        self.key.push(report.status.map_or(9, |status| status as u8));
        self.key.push(report.policy.is_some().into());
        let fail_on = report.policy.as_ref().and_then(|policy| policy.fail_on);
        self.key.push(fail_on.map_or(9, |severity| severity as u8));
        self.key.push(u8::from(!report.services.is_empty()));
        for finding in &report.findings {
            let rule = place(&finding.rule.0).ok_or_else(|| unknown_rule(&finding.rule.0))?;
            let waived = match &finding.waived {
                None => 0,
                Some(reason) if reason.0.trim().is_empty() => 1,
                Some(_) => 2,
            };
            let whole = !finding.evidence.is_empty()
                && ![&finding.title, &finding.message, &finding.fingerprint]
                    .iter()
                    .any(|text| text.0.is_empty());
            self.key.push(rule);
            self.key.extend([finding.severity as u8, waived, whole.into()]);
        }
        self.key.push(0xff);
        for gap in &report.gaps {
            let Some(rule) = &gap.rule else { continue };
            let rule = place(&rule.0).ok_or_else(|| unknown_rule(&rule.0))?;
            self.key.push(rule);
            self.key.extend(gap.why.0.bytes().chain([0]));
        }
        if let Some(known) = self.checked.get(&*self.key) {
            return Ok(*known);
        }
        claims(report, rules).check().map_err(Refusal::contradicts)?;
        let id = answers.intern(&text(report, rules));
        if self.checked.len() < CHECKS {
            self.checked.insert(self.key.clone().into(), id);
        }
        Ok(id)
    }

    fn list(&mut self, text: &str) -> Result<u32, Refusal> {
        if let Some(known) = self.rules.find(text) {
            return Ok(known);
        }
        let rules: Vec<RuleAnswer> = serde_json::from_str(text)
            .map_err(|error| Refusal::new("not-a-report", format!("its rules: {error}")))?;
        let plain = |rule: &RuleAnswer| rule.rule.bytes().all(|byte| byte.is_ascii_graphic());
        if rules.len() > 256 || !rules.iter().all(|rule| plain(rule) && rule.rule.len() <= 64) {
            return Err(Refusal::new("not-a-report", "its rules have no names"));
        }
        // One that is not remembered has the last place, which the next one takes.
        if self.lists.len() > self.rules.len() {
            self.lists.pop();
            self.checked.clear();
        }
        let place = self.lists.len();
        self.lists.push(rules);
        let remembered = self.rules.intern_within(text, MOST);
        Ok(remembered.unwrap_or(u32::try_from(place).unwrap_or(u32::MAX)))
    }
}

fn unknown_rule(rule: &str) -> Refusal {
    Refusal::contradicts(format!("it has a finding or a gap of {rule:.64?} and no such rule"))
}

/// What is claimed, for the check that `convert` makes too.
fn claims<'a>(report: &'a ReportView<'_>, rules: &'a [RuleAnswer]) -> Claims<'a> {
    Claims {
        has_policy: report.policy.is_some(),
        fail_on: report.policy.as_ref().and_then(|policy| policy.fail_on),
        status: report.status,
        has_services: !report.services.is_empty(),
        rules: rules
            .iter()
            .map(|rule| RuleClaim {
                rule: &rule.rule,
                severity: rule.severity,
                verdict: rule.verdict,
                has_reason: rule.reason.is_some(),
                has_option: rule.asks.is_some(),
            })
            .collect(),
        findings: report
            .findings
            .iter()
            .map(|finding| FindingClaim {
                rule: &finding.rule.0,
                severity: finding.severity,
                waived: finding.waived.as_ref().map(|reason| &*reason.0),
                has_evidence: !finding.evidence.is_empty(),
                title: &finding.title.0,
                message: &finding.message.0,
                fingerprint: &finding.fingerprint.0,
            })
            .collect(),
        gaps: report.gaps.iter().map(|gap| gap.rule.as_ref().map(|rule| &*rule.0)).collect(),
    }
}

/// The answers as a text, one line each: the same where two hosts have the same.
fn text(report: &ReportView<'_>, rules: &[RuleAnswer]) -> String {
    let mut lines: Vec<String> =
        rules.iter().map(|rule| format!("V {} {}", rule.rule, rule.verdict.name())).collect();
    let mut found: HashMap<(&str, Severity, bool), u32> = HashMap::new();
    for finding in &report.findings {
        let kind = (&*finding.rule.0, finding.severity, finding.waived.is_some());
        *found.entry(kind).or_default() += 1;
    }
    lines.extend(found.into_iter().map(|((rule, severity, waived), count)| {
        let waived = if waived { "waived" } else { "open" };
        format!("F {rule} {} {waived} {count}", severity.name())
    }));
    lines.extend(report.gaps.iter().filter_map(|gap| {
        let why = gap.why.0.replace(char::is_whitespace, "_");
        Some(format!("G {} {why}", gap.rule.as_ref()?.0))
    }));
    lines.sort_unstable();
    lines.dedup();
    let mut text = String::new();
    for line in lines {
        // Writing to a String does not fail.
        let _ = writeln!(text, "{line}");
    }
    text
}
