//! SARIF 2.1.0 (OASIS), with what GitHub's code scanning asks for beyond it: docs.github.com,
//! "SARIF support for code scanning".

use std::collections::HashMap;
use std::io::{self, Write};

use serde::{Serialize, Serializer};
use serde_json::{Value, json};

use super::json;
use super::view::cases::{Case, Places, cases, host, line};
use super::view::location::{fingerprints, location};
use crate::rules;
use crate::text::{printable, shortened};
use crate::wire::v1::{Document, Finding, Severity};

/// The most characters of a rule's id, and GitHub's limit of its descriptions.
const ID_MAX: usize = 255;
const DESCRIPTION_MAX: usize = 1024;

/// The findings as results at the files that cause them, and what could not be told as
/// notifications.
pub fn write(document: &Document, to: &mut dyn Write) -> io::Result<()> {
    let cases = cases(document);
    let places = Places::of(document);
    let rules = RuleIndex::of(&cases);
    let version = clean(filled(&document.tool.version, "unknown"));
    let driver = Driver {
        name: "ephaudit",
        version: &version,
        rules: Each(|| rules.list.iter().map(|(name, severity)| descriptor(name, *severity))),
    };
    let invocation = Invocation {
        execution_successful: cases.iter().all(|case| case.unread.is_empty()),
        // §3.20.22: what an option of the tool would change. A result of kind "open" would be an
        // alert of GitHub's.
        tool_configuration_notifications: Each(|| {
            let unasked = cases.iter().filter_map(|case| Some((case, case.not_asked()?)));
            unasked.map(|(case, why)| not_asked(case, &why, &rules))
        }),
        tool_execution_notifications: Each(|| {
            let unread = cases.iter().filter(|case| !case.unread.is_empty());
            unread.map(|case| notification(case, &rules, &places))
        }),
    };
    let results = || {
        let findings = document.findings.iter().zip(fingerprints(document));
        findings.map(|(finding, hash)| result(finding, &clean(&hash), document, &rules, &places))
    };
    let log = Log {
        schema: "https://json.schemastore.org/sarif-2.1.0.json",
        version: "2.1.0",
        runs: [SarifRun {
            tool: SarifTool { driver },
            // GitHub keeps one analysis for each category: all before the last slash.
            automation_details: json!({"id": format!("ephaudit/{}/", segment(&host(document)))}),
            invocations: [invocation],
            column_kind: "unicodeCodePoints",
            results: Each(results),
        }],
    };
    json::write(&log, to)
}

#[derive(Serialize)]
struct Log<R> {
    #[serde(rename = "$schema")]
    schema: &'static str,
    version: &'static str,
    runs: [R; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SarifRun<T, I, R> {
    tool: T,
    automation_details: Value,
    invocations: [I; 1],
    column_kind: &'static str,
    results: R,
}

#[derive(Serialize)]
struct SarifTool<D> {
    driver: D,
}

#[derive(Serialize)]
struct Driver<'a, R> {
    name: &'static str,
    version: &'a str,
    rules: R,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Invocation<C, N> {
    execution_successful: bool,
    tool_configuration_notifications: C,
    tool_execution_notifications: N,
}

/// An array whose items are made one after the other, as they are written: as values, many
/// thousands fill gigabytes.
struct Each<F>(F);

impl<F, I> Serialize for Each<F>
where
    F: Fn() -> I,
    I: Iterator<Item = Value>,
{
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_seq((self.0)())
    }
}

/// The rules of a report, each once, with its highest severity.
struct RuleIndex<'a> {
    list: Vec<(&'a str, Severity)>,
    places: HashMap<&'a str, usize>,
}

impl<'a> RuleIndex<'a> {
    fn of(cases: &[Case<'a>]) -> Self {
        let mut rules = Self { list: Vec::new(), places: HashMap::new() };
        for case in cases {
            let at = *rules.places.entry(case.rule).or_insert(rules.list.len());
            match rules.list.get_mut(at) {
                Some((_, severity)) => *severity = case.severity.min(*severity),
                None => rules.list.push((case.rule, case.severity)),
            }
        }
        rules
    }

    /// Its id, and where it stands: every rule that a case or a finding has is here.
    fn reference(&self, name: &str) -> (String, usize) {
        (id(name), self.places.get(name).copied().unwrap_or_default())
    }
}

/// The texts come with the program: a report of a later version may have rules that it does not
/// know.
fn descriptor(name: &str, severity: Severity) -> Value {
    let known = rules::find(name);
    let id = id(name);
    let (summary, page) = match known {
        Some(rule) => (rule.summary, rule.page),
        None => ("a rule unknown to this version of ephaudit", &*id),
    };
    let what = page.split("\n## ").nth(1).and_then(|section| section.split_once('\n'));
    let what = what.map_or(summary, |(_, text)| text.trim());
    // GitHub shows the page in Markdown as it stands, braces too.
    json!({
        "id": id,
        "shortDescription": {"text": shortened(summary, DESCRIPTION_MAX - 1)},
        "fullDescription": {"text": message(&shortened(what, DESCRIPTION_MAX - 1))},
        "help": {"text": message(page), "markdown": page},
        "defaultConfiguration": {"level": level(severity)},
        "properties": {
            "tags": ["security", "network", "configuration"],
            "precision": "very-high",
            "security-severity": score(severity),
        },
    })
}

fn id(name: &str) -> String {
    shortened(&printable(filled(name, "unnamed")), ID_MAX - 1)
}

const fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical | Severity::High => "error",
        Severity::Medium => "warning",
        Severity::Low | Severity::Info => "note",
    }
}

/// In the middle of what GitHub calls critical, high, medium and low; it has nothing below low.
const fn score(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "9.5",
        Severity::High => "8.0",
        Severity::Medium => "5.5",
        Severity::Low => "2.0",
        Severity::Info => "0.1",
    }
}

fn result(
    finding: &Finding,
    hash: &str,
    document: &Document,
    rules: &RuleIndex<'_>,
    places: &Places<'_>,
) -> Value {
    let (id, index) = rules.reference(&finding.rule);
    let title = filled(&finding.title, &finding.rule);
    let words = format!("{}\n{}", clean(title), clean(&finding.message));
    let evidence: Vec<String> = finding
        .evidence
        .iter()
        .map(|evidence| format!("{}: {}", evidence.what, evidence.value))
        .collect();
    let scope = places.name(&finding.scope);
    let suppressions: Vec<Value> = finding
        .waived
        .iter()
        .map(|reason| {
            json!({
                "kind": "external",
                "status": "accepted",
                "justification": message(&clean(filled(reason, "no reason is given"))),
            })
        })
        .collect();
    json!({
        "ruleId": id,
        "ruleIndex": index,
        "level": level(finding.severity),
        "message": {"text": message(filled(words.trim(), "a finding without a description"))},
        "locations": [{
            "physicalLocation": place(finding),
            "logicalLocations": [{
                "name": clean(filled(scope, "scope")),
                "fullyQualifiedName": clean(&format!("{}/{scope}", host(document))),
                "kind": "namespace",
            }],
        }],
        "partialFingerprints": {"primaryLocationLineHash": hash},
        "suppressions": suppressions,
        "properties": {
            "severity": finding.severity.name(),
            "scope": clean(&finding.scope),
            "evidence": evidence.iter().map(|evidence| clean(evidence)).collect::<Vec<_>>(),
            "remediation": finding.remediation.iter().map(|step| clean(step)).collect::<Vec<_>>(),
        },
    })
}

fn notification(case: &Case<'_>, rules: &RuleIndex<'_>, places: &Places<'_>) -> Value {
    let (id, index) = rules.reference(case.rule);
    let words = format!("{id} in {}: {}", places.name(case.scope), line(&case.unread));
    json!({
        "level": "error",
        "message": {"text": message(&clean(&words))},
        "associatedRule": {"id": id, "index": index},
    })
}

fn not_asked(case: &Case<'_>, why: &str, rules: &RuleIndex<'_>) -> Value {
    let (id, index) = rules.reference(case.rule);
    json!({
        "level": "note",
        "message": {"text": message(&clean(&format!("{id} was not asked: {why}")))},
        "associatedRule": {"id": id, "index": index},
    })
}

fn place(finding: &Finding) -> Value {
    let (path, line) = location(finding);
    json!({
        "artifactLocation": {"uri": uri(path)},
        // GitHub wants all four; the end of a line that is not there any more is not known.
        "region": {"startLine": line, "startColumn": 1, "endLine": line, "endColumn": 2},
    })
}

/// A reference relative to the root, RFC 3986: no empty segment and none that leads upwards.
fn uri(path: &str) -> String {
    let segments: Vec<String> =
        path.split('/').filter(|part| !matches!(*part, "" | "." | "..")).map(segment).collect();
    match segments.join("/") {
        empty if empty.is_empty() => "host".to_owned(),
        uri => uri,
    }
}

/// A segment with everything but unreserved characters percent-encoded.
fn segment(text: &str) -> String {
    let unreserved = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._~".contains(byte);
    text.bytes()
        .map(
            |byte| {
                if unreserved(&byte) {
                    char::from(byte).to_string()
                } else {
                    format!("%{byte:02X}")
                }
            },
        )
        .collect()
}

/// GitHub refuses empty strings.
fn filled<'a>(text: &'a str, instead: &'a str) -> &'a str {
    if text.trim().is_empty() { instead } else { text }
}

/// Words from outside on one line.
fn clean(text: &str) -> String {
    printable(text).into_owned()
}

/// A message string: braces stand for themselves only in pairs (§3.11.5), and `[text](target)` is a
/// link (§3.11.6), which words from outside must not make.
fn message(text: &str) -> String {
    text.replace('{', "{{").replace('}', "}}").replace("](", "] (")
}
