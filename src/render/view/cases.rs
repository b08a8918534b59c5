//! What each rule says about each scope: the cases of a report, for the formats that count them.
//!
//! A rule has a case in the reader's own scope, and one in each other scope where it found
//! something or could not tell, so that there are never more cases than rules, findings and gaps
//! together.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::fmt::{self, Display};

use crate::text::shortened;
use crate::wire::v1::{Document, Finding, Gap, Severity, Status, Verdict};

/// The name of the case of the audit as a whole, where it gave no answer and no rule says so.
const AUDIT: &str = "audit";
/// How long a line is made of many texts, in bytes; each of them is told elsewhere, and in the JSON
/// report.
const LINE: usize = 4096;
/// How long a name is that stands in every row: DNS has none longer, nor any file system.
pub const NAME: usize = 255;

/// What a rule says about a scope.
pub struct Case<'a> {
    /// The rule's name.
    pub rule: &'a str,
    /// The scope's id.
    pub scope: &'a str,
    /// How much it matters.
    pub severity: Severity,
    /// The answer here: `Fail` where a finding is not waived, `Unknown` where there is none and
    /// something was not seen.
    pub verdict: Verdict,
    /// What was found here, waived or not.
    pub findings: Vec<&'a Finding>,
    /// What could not be told; never empty where the answer is `Unknown`.
    pub unread: Vec<CaseGap<'a>>,
    /// Why it does not apply, or was not asked.
    pub reason: Option<&'a str>,
    /// The option that asks.
    pub asks: Option<&'a str>,
}

impl Case<'_> {
    /// What was not looked at, and the option that looks; nothing where the rule was asked.
    pub fn not_asked(&self) -> Option<String> {
        let why = self.reason.unwrap_or("what it needs was not requested");
        let option = self.asks.map_or_else(String::new, |option| format!(" ({option})"));
        (self.verdict == Verdict::NotAsked).then(|| format!("{why}{option}"))
    }

    /// The findings that are not waived.
    pub fn failures(&self) -> impl Iterator<Item = &Finding> {
        self.findings.iter().copied().filter(|finding| finding.waived.is_none())
    }
}

/// Something that could not be told.
pub enum CaseGap<'a> {
    /// A gap.
    Gap(&'a Gap),
    /// What the report says instead of one.
    Why(&'a str),
}

impl Display for CaseGap<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Gap(gap) => write!(f, "{} ({}): {}", gap.what, gap.why, gap.detail),
            Self::Why(why) => f.write_str(why),
        }
    }
}

/// Texts on one line; of very many the first, and how many more there are.
pub fn line<T: Display>(texts: impl IntoIterator<Item = T>) -> String {
    let mut texts = texts.into_iter();
    let mut line = String::new();
    for text in texts.by_ref() {
        if !line.is_empty() {
            line.push_str("; ");
        }
        line.push_str(&text.to_string());
        if line.len() > LINE {
            line = shortened(&line, LINE);
            break;
        }
    }
    match texts.count() {
        0 => line,
        more => format!("{line}; and {more} more"),
    }
}

/// The cases, rule by rule.
pub fn cases(document: &Document) -> Vec<Case<'_>> {
    let own = document.scopes.iter().find(|scope| scope.current).or(document.scopes.first());
    let own = own.map_or("", |scope| &scope.id);
    let mut made = Made::default();
    for rule in &document.rules {
        made.at(&rule.rule, own).severity = rule.severity;
    }
    for finding in &document.findings {
        let case = made.at(&finding.rule, &finding.scope);
        case.severity = case.severity.min(finding.severity);
        case.findings.push(finding);
    }
    for gap in &document.gaps {
        if let Some(rule) = &gap.rule {
            made.at(rule, &gap.scope).unread.push(CaseGap::Gap(gap));
        }
    }
    let counts = |case: &Case<'_>| !case.findings.is_empty() || !case.unread.is_empty();
    let elsewhere: HashSet<&str> =
        made.cases.iter().filter(|case| counts(case)).map(|case| case.rule).collect();
    for rule in &document.rules {
        let case = made.at(&rule.rule, own);
        if matches!(rule.verdict, Verdict::NotApplicable | Verdict::NotAsked) {
            case.reason = rule.reason.as_deref();
            case.asks = rule.asks.as_deref();
        }
        if !counts(case) {
            case.verdict = match rule.verdict {
                Verdict::Pass | Verdict::NotApplicable | Verdict::NotAsked => rule.verdict,
                // It judges scope by scope, and what it has to say is said of others.
                _ if elsewhere.contains(&*rule.rule) => Verdict::Pass,
                _ => Verdict::Unknown,
            };
            if case.verdict == Verdict::Unknown {
                let why = rule.reason.as_deref().unwrap_or("the report does not say why");
                case.unread.push(CaseGap::Why(why));
            }
        }
    }
    let silent = made.cases.iter().all(|case| case.unread.is_empty());
    let why = match document.status {
        None => "nothing was judged: these are the facts of ephaudit show",
        Some(Status::Undetermined) if silent => "undetermined: the report does not say why",
        Some(_) => return made.finish(),
    };
    made.at(AUDIT, own).unread.push(CaseGap::Why(why));
    made.finish()
}

#[derive(Default)]
struct Made<'a> {
    cases: Vec<Case<'a>>,
    places: HashMap<(&'a str, &'a str), usize>,
}

impl<'a> Made<'a> {
    /// The case of the rule in the scope, begun where there is none.
    fn at(&mut self, rule: &'a str, scope: &'a str) -> &mut Case<'a> {
        let at = *self.places.entry((rule, scope)).or_insert_with(|| {
            self.cases.push(Case {
                rule,
                scope,
                severity: Severity::Info,
                verdict: Verdict::Unknown,
                findings: Vec::new(),
                unread: Vec::new(),
                reason: None,
                asks: None,
            });
            self.cases.len() - 1
        });
        &mut self.cases[at]
    }

    /// With the answers of what was found.
    fn finish(mut self) -> Vec<Case<'a>> {
        for case in &mut self.cases {
            if case.failures().next().is_some() {
                case.verdict = Verdict::Fail;
            } else if !case.unread.is_empty() {
                case.verdict = Verdict::Unknown;
            } else if !case.findings.is_empty() {
                case.verdict = Verdict::Waived;
            }
        }
        self.cases
    }
}

/// What the scopes of a report are called: by name where that is theirs alone, else by name and id.
pub struct Places<'a>(HashMap<&'a str, String>);

impl<'a> Places<'a> {
    /// Of a report.
    pub fn of(document: &'a Document) -> Self {
        let first = |names: &'a [String]| names.first().filter(|name| !name.is_empty());
        let mut owners: HashMap<&str, u32> = HashMap::new();
        for name in document.scopes.iter().filter_map(|scope| first(&scope.names)) {
            let count = owners.entry(name).or_default();
            *count = count.saturating_add(1);
        }
        let called = document.scopes.iter().map(|scope| {
            let name = match first(&scope.names) {
                Some(name) if name.len() > NAME => {
                    format!("{} {}", shortened(name, NAME), scope.id)
                }
                Some(name) if owners.get(name.as_str()) == Some(&1) => name.clone(),
                Some(name) => format!("{name} {}", scope.id),
                // Its number is another one at the next boot.
                None if scope.current => "current".to_owned(),
                None => scope.id.clone(),
            };
            (scope.id.as_str(), name)
        });
        Self(called.collect())
    }

    /// The name of a scope.
    pub fn name<'b>(&'b self, id: &'b str) -> &'b str {
        self.0.get(id).map_or(id, String::as_str)
    }
}

/// The host by its name, for formats that must have one.
pub fn host(document: &Document) -> Cow<'_, str> {
    match document.host.name.as_deref() {
        None | Some("") => "unknown-host".into(),
        Some(name) if name.len() > NAME => shortened(name, NAME).into(),
        Some(name) => name.into(),
    }
}

/// The word for the status, where nothing was judged too.
pub fn status(document: &Document) -> &'static str {
    document.status.map_or("unjudged", Status::name)
}
