//! JUnit XML, as Jenkins' junit-10.xsd has it, which GitLab, Azure DevOps and others read too: a
//! scope is a suite, a rule a case.

use std::collections::HashMap;
use std::io::{self, Write};

use super::view::cases::{Case, Places, cases, host, line, status};
use super::view::figures;
use super::view::verdict::measure;
use crate::text::printable;
use crate::wire::v1::{Document, Evidence, Finding, Verdict};

/// The cases of each scope.
///
/// GitLab takes cases of the same class and name for one: the class tells the host and the scope.
pub fn write(document: &Document, to: &mut dyn Write) -> io::Result<()> {
    let places = Places::of(document);
    let cases = cases(document);
    let mut suites: Vec<Suite<'_>> = Vec::new();
    let mut known: HashMap<&str, usize> = HashMap::new();
    for case in &cases {
        let at = *known.entry(case.scope).or_insert_with(|| {
            suites.push(Suite { scope: places.name(case.scope), cases: Vec::new() });
            suites.len() - 1
        });
        suites[at].cases.push(case);
    }
    let mut xml = Xml { to, done: Ok(()) };
    xml.put(&["<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"]);
    xml.open("testsuites", &[("name", "ephaudit")]);
    for suite in &suites {
        suite.write(&mut xml, document);
    }
    xml.close("testsuites");
    xml.done
}

struct Suite<'a> {
    scope: &'a str,
    cases: Vec<&'a Case<'a>>,
}

impl Suite<'_> {
    fn write(&self, xml: &mut Xml<'_>, document: &Document) {
        let count = |wanted: &[Verdict]| {
            let verdicts = self.cases.iter().map(|case| verdict(case, document));
            verdicts.filter(|verdict| wanted.contains(verdict)).count().to_string()
        };
        let host = &*host(document);
        let attributes = [
            ("name", &*format!("{host} {}", self.scope)),
            ("tests", &self.cases.len().to_string()),
            ("failures", &count(&[Verdict::Fail])),
            ("errors", &count(&[Verdict::Unknown])),
            ("skipped", &count(&[Verdict::NotApplicable, Verdict::NotAsked, Verdict::Waived])),
            ("timestamp", &document.collected_at),
            ("hostname", host),
        ];
        xml.open("testsuite", &attributes);
        xml.open("properties", &[]);
        let about = [
            ("ephaudit.version", &*document.tool.version),
            ("ephaudit.status", status(document)),
            ("ephaudit.profile", &document.profile),
            ("ephaudit.judged-by", &measure(document)),
            ("ephaudit.registry", &document.registry.edition),
            ("host.os", &document.host.os),
        ];
        let unasked = figures::gravest_unasked(document);
        let unasked = unasked.iter().map(|names| ("ephaudit.not-asked", names.as_str()));
        for (name, value) in about.into_iter().chain(unasked) {
            xml.empty("property", &[("name", name), ("value", value)]);
        }
        xml.close("properties");
        let class = format!("ephaudit.{host}.{}", self.scope);
        self.cases.iter().for_each(|case| test(xml, document, case, &class));
        xml.close("testsuite");
    }
}

/// The verdict of a case by the report's own threshold: what does not reach it fails no build, as
/// it does not raise the exit code.
fn verdict(case: &Case<'_>, document: &Document) -> Verdict {
    match case.verdict {
        Verdict::Fail if case.failures().any(|finding| document.counts(finding)) => Verdict::Fail,
        Verdict::Fail if case.unread.is_empty() => Verdict::Pass,
        Verdict::Fail => Verdict::Unknown,
        verdict => verdict,
    }
}

fn test(xml: &mut Xml<'_>, document: &Document, case: &Case<'_>, class: &str) {
    let attributes = [("classname", class), ("name", case.rule)];
    let verdict = verdict(case, document);
    if verdict == Verdict::Pass && case.findings.is_empty() {
        return xml.empty("testcase", &attributes);
    }
    xml.open("testcase", &attributes);
    let waived = case.findings.iter().filter(|finding| finding.waived.is_some());
    let excepted = waived.map(|finding| message(finding));
    let unread = case.unread.iter().map(|why| labelled("not read", &why.to_string()));
    let failures = case.failures().map(message);
    match verdict {
        Verdict::Fail => {
            let titles = line(case.failures().map(|found| &*found.title));
            let text = failures.chain(excepted).chain(unread);
            xml.outcome("failure", case.rule, &titles, text);
        }
        Verdict::Unknown => {
            xml.outcome(
                "error",
                "undetermined",
                &line(&case.unread),
                unread.chain(failures).chain(excepted),
            );
        }
        Verdict::Waived => {
            let reasons = case.findings.iter().filter_map(|finding| finding.waived.as_deref());
            let message = format!("waived: {}", line(reasons));
            xml.outcome("skipped", "waived", &message, excepted);
        }
        Verdict::Pass => {
            xml.open("system-out", &[]);
            failures.chain(excepted).for_each(|lines| xml.put(&[&escaped(&lines)]));
            xml.close("system-out");
        }
        Verdict::NotApplicable => {
            let why = case.reason.unwrap_or("not applicable");
            xml.outcome("skipped", "not-applicable", why, std::iter::empty());
        }
        Verdict::NotAsked => {
            let why = format!("not asked: {}", case.not_asked().unwrap_or_default());
            xml.outcome("skipped", "not-asked", &why, std::iter::empty());
        }
    }
    xml.close("testcase");
}

/// A finding in lines, each behind a label of ours: none begins with words from outside that a CI
/// runner would obey.
fn message(finding: &Finding) -> String {
    let mut lines = labelled(finding.severity.name(), &finding.title);
    if let Some(reason) = &finding.waived {
        lines += &labelled("waived", reason);
    }
    lines += &labelled("why", &finding.message);
    let evidence_lines =
        finding.evidence.iter().map(|evidence_lines| labelled("seen", &evidence(evidence_lines)));
    let steps = finding.remediation.iter().map(|step| labelled("do", step));
    lines.extend(evidence_lines.chain(steps));
    lines + &labelled("fingerprint", &finding.fingerprint)
}

fn evidence(evidence_lines: &Evidence) -> String {
    let command = match &*evidence_lines.command {
        "" => String::new(),
        command => format!("; to see it: {command}"),
    };
    format!(
        "{} {} ({}){command}",
        evidence_lines.what, evidence_lines.value, evidence_lines.source.location
    )
}

fn labelled(label: &str, text: &str) -> String {
    format!("{label}: {}\n", printable(text))
}

/// XML 1.0 as text; names are ours, and everything else goes through [`escaped`].
struct Xml<'a> {
    to: &'a mut dyn Write,
    /// How it went so far; after a failure nothing more is written.
    done: io::Result<()>,
}

impl Xml<'_> {
    fn put(&mut self, pieces: &[&str]) {
        for piece in pieces {
            if self.done.is_ok() {
                self.done = self.to.write_all(piece.as_bytes());
            }
        }
    }

    fn open(&mut self, name: &str, attributes: &[(&str, &str)]) {
        self.tag(name, attributes);
        self.put(&[">\n"]);
    }

    fn empty(&mut self, name: &str, attributes: &[(&str, &str)]) {
        self.tag(name, attributes);
        self.put(&["/>\n"]);
    }

    fn close(&mut self, name: &str) {
        self.put(&["</", name, ">\n"]);
    }

    /// A failure, error or skipped element; its lines are printable already.
    fn outcome(
        &mut self,
        name: &str,
        kind: &str,
        message: &str,
        lines: impl Iterator<Item = String>,
    ) {
        self.tag(name, &[("type", kind), ("message", message)]);
        self.put(&[">"]);
        lines.for_each(|line| self.put(&[&escaped(&line)]));
        self.close(name);
    }

    fn tag(&mut self, name: &str, attributes: &[(&str, &str)]) {
        self.put(&["<", name]);
        for (name, value) in attributes {
            self.put(&[" ", name, "=\"", &escaped(&printable(value)), "\""]);
        }
    }
}

/// XML 1.0 has no way to write U+FFFE and U+FFFF; `printable` has replaced the control characters,
/// which it has none for either.
fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\u{fffe}' | '\u{ffff}' => safe.push('\u{fffd}'),
            c => safe.push(c),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_ends_an_attribute_or_an_element() {
        let mut text = Vec::new();
        let mut xml = Xml { to: &mut text, done: Ok(()) };
        xml.empty("a", &[("b", "\"/><c d=']]>&\u{1b}\n\u{ffff}")]);
        let text = String::from_utf8(text).expect("UTF-8");
        assert_eq!(text, "<a b=\"&quot;/&gt;&lt;c d=']]&gt;&amp;\\u{1b}\\u{a}\u{fffd}\"/>\n");
    }
}
