//! Workflow commands of GitHub Actions (docs.github.com, "Workflow commands"): an annotation a
//! line.
//!
//! GitHub shows ten errors, ten warnings and ten notices of a step, and all of them in its log: the
//! verdict comes first, then the findings by severity.

use std::io::{self, Write};

use super::view::cases::{Places, cases, host, line};
use super::view::location::location;
use super::view::verdict::verdict;
use crate::text::printable;
use crate::wire::v1::{Document, Finding, Severity, Status};

/// The verdict, the findings, and what could not be told or was not asked.
pub fn write(document: &Document, to: &mut dyn Write) -> io::Result<()> {
    let places = Places::of(document);
    let (word, rest) = verdict(document);
    let level = match document.status {
        Some(Status::Findings | Status::Undetermined) => "error",
        Some(Status::Compliant) | None => "notice",
    };
    annotate(to, level, None, &format!("ephaudit: {word}"), &rest)?;
    for finding in &document.findings {
        let level = if finding.waived.is_some() { "notice" } else { level_of(finding.severity) };
        let title = format!("{} on {}", finding.rule, place(document, &places, finding));
        annotate(to, level, Some(location(finding)), &title, &message(finding))?;
    }
    for case in cases(document) {
        let title = |what: &str| format!("{} on {}: {what}", case.rule, host(document));
        if let Some(why) = case.not_asked() {
            annotate(to, "notice", None, &title("not asked"), &why)?;
        } else if !case.unread.is_empty() {
            annotate(to, "warning", None, &title("could not be determined"), &line(&case.unread))?;
        }
    }
    Ok(())
}

const fn level_of(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical | Severity::High => "error",
        Severity::Medium => "warning",
        Severity::Low | Severity::Info => "notice",
    }
}

/// The host, and the namespace where there are several.
fn place(document: &Document, places: &Places<'_>, finding: &Finding) -> String {
    let host = host(document);
    match document.scopes.len() {
        0 | 1 => host.into_owned(),
        _ => format!("{host}, {}", places.name(&finding.scope)),
    }
}

fn message(finding: &Finding) -> String {
    let waived = finding.waived.as_ref().map(|reason| format!("waived: {reason}"));
    let what = format!("{}: {}", finding.severity.name(), finding.title);
    let lines = waived.into_iter().chain([what, finding.message.clone()]);
    lines.chain(finding.remediation.iter().cloned()).collect::<Vec<_>>().join("\n")
}

fn annotate(
    to: &mut dyn Write,
    level: &str,
    at: Option<(&str, u32)>,
    title: &str,
    message: &str,
) -> io::Result<()> {
    let at = at.filter(|(path, _)| !path.is_empty());
    let at =
        at.map_or_else(String::new, |(path, line)| format!("file={},line={line},", property(path)));
    writeln!(to, "::{level} {at}title={}::{}", property(title), data(message))
}

/// The value of a property, which ends at a comma, and the properties at a colon.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

/// A message on one line: the runner decodes `%0A` and no other newline.
fn data(text: &str) -> String {
    let lines = text.lines().map(|line| printable(line).replace('%', "%25"));
    lines.collect::<Vec<_>>().join("%0A")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_ends_an_annotation_or_begins_another() {
        let hostile = "a%0A::error::b\r\n::add-mask::c\u{1b}]0;d\r";
        let text = data(hostile);
        assert_eq!(text, "a%250A::error::b%0A::add-mask::c\\u{1b}]0;d\\u{d}");
        assert_eq!(property("a:b,c\nd%"), "a%3Ab%2Cc%0Ad%25");
        let mut bytes = Vec::new();
        annotate(&mut bytes, "error", Some(("/etc/a,b", 3)), "t::u", hostile).expect("written");
        let text = String::from_utf8(bytes).expect("UTF-8");
        assert!(
            text.starts_with("::error file=/etc/a%2Cb,line=3,title=t%3A%3Au::a%250A"),
            "{text}"
        );
        assert_eq!(text.lines().count(), 1, "{text}");
    }
}
