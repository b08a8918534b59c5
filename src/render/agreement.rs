//! What a report in a format says of its host, read off the text as the format's readers do: tests
//! and fuzzers hold all formats to one status.

#[cfg(test)]
mod tests;

use serde_json::Value;

use super::{Format, Look, render};
use crate::wire::v1::{Document, Status};

const COMPLIANT: &str = "compliant";
const FINDINGS: &str = "findings";
const UNDETERMINED: &str = "undetermined";
const UNJUDGED: &str = "unjudged";

/// Fails where a format says another status than the report has, and names both.
pub fn agreed(document: &Document) -> Result<(), String> {
    let status = document.status.map_or(UNJUDGED, Status::name);
    let look = Look::plain(80);
    for &format in clap::ValueEnum::value_variants() {
        let text = String::from_utf8_lossy(&render(document, format, look)).into_owned();
        let reported =
            reported(format, &text).map_err(|why| format!("{format:?}: {why}: {text}"))?;
        if !reported.contains(&status) {
            return Err(format!(
                "{format:?} says {reported:?} of a report that is {status}: {text}"
            ));
        }
    }
    Ok(())
}

/// The statuses that a report may have which looks so in that format: one, where the format tells
/// what counts.
///
/// Fails where the text is not of the format, or contradicts itself.
pub fn reported(format: Format, text: &str) -> Result<Vec<&'static str>, String> {
    match format {
        Format::Status => one(text.split(&[',', '\n']).next().unwrap_or_default()),
        Format::Table => one(&text.split(' ').next().unwrap_or_default().to_lowercase()),
        Format::Markdown => one(&between(text, "\n**", "** ")?.to_lowercase()),
        Format::Html => one(between(text, "<body class=\"", "\"")?),
        Format::Json | Format::Ndjson | Format::Summary => match &json(text)?["status"] {
            Value::Null => one(UNJUDGED),
            word => one(word.as_str().unwrap_or_default()),
        },
        Format::Prometheus | Format::Openmetrics => metrics(text),
        Format::Nagios => plugin(text, between(text, "EPHEMERAL ", " - ")?),
        Format::Checkmk => plugin(text, text.split(' ').next().unwrap_or_default()),
        Format::Csv => csv(text),
        Format::Junit => junit(text),
        Format::Sarif => sarif(text),
        Format::Ocsf => ocsf(text),
        Format::Github => one(&between(text, " title=ephaudit%3A ", "::")?.to_lowercase()),
        Format::Codequality => codequality(text),
    }
}

fn one(word: &str) -> Result<Vec<&'static str>, String> {
    Ok(vec![match word {
        COMPLIANT => COMPLIANT,
        FINDINGS | "found" => FINDINGS,
        UNDETERMINED => UNDETERMINED,
        UNJUDGED | "facts" => UNJUDGED,
        other => return Err(format!("{other:?} is not a status")),
    }])
}

fn between<'a>(text: &'a str, before: &str, behind: &str) -> Result<&'a str, String> {
    let rest = text.split_once(before).map(|(_, rest)| rest);
    let word = rest.and_then(|rest| rest.split_once(behind)).map(|(word, _)| word);
    word.ok_or_else(|| format!("nothing between {before:?} and {behind:?}"))
}

fn json(text: &str) -> Result<Value, String> {
    serde_json::from_str(text).map_err(|error| error.to_string())
}

fn metrics(text: &str) -> Result<Vec<&'static str>, String> {
    let series = |line: &str| {
        let rest = line.strip_prefix("ephemeral_port_audit_status{status=\"")?;
        rest.strip_suffix("\"} 1").map(str::to_owned)
    };
    let mut reported = text.lines().filter_map(series);
    match (reported.next(), reported.next()) {
        (None, _) => one(UNJUDGED),
        (Some(word), None) => one(&word),
        (Some(word), Some(other)) => Err(format!("{word} and {other}")),
    }
}

/// By the state of a plugin: its word, or its number.
fn plugin(text: &str, state: &str) -> Result<Vec<&'static str>, String> {
    one(match state {
        "OK" | "0" => COMPLIANT,
        "WARNING" | "CRITICAL" | "1" | "2" => FINDINGS,
        "UNKNOWN" | "3" if text.contains("facts only, nothing judged") => UNJUDGED,
        "UNKNOWN" | "3" => UNDETERMINED,
        other => return Err(format!("{other:?} is not a state")),
    })
}

/// By what was found that nobody waived, and whether all was seen, in a format that does not tell
/// which findings count.
fn by_parts(found: bool, successful: bool) -> Vec<&'static str> {
    match (found, successful) {
        (true, true) => vec![COMPLIANT, FINDINGS],
        (true, false) => vec![FINDINGS, UNDETERMINED],
        (false, true) => vec![COMPLIANT],
        (false, false) => vec![UNDETERMINED, UNJUDGED],
    }
}

/// The word that a format tells beside its parts.
fn held(word: &str, parts: &[&'static str]) -> Result<Vec<&'static str>, String> {
    let status = one(word)?;
    if status.iter().all(|word| parts.contains(word)) {
        return Ok(status);
    }
    Err(format!("it says {word}, and its parts {parts:?}"))
}

/// A file without a row is of a host with nothing to tell.
fn csv(text: &str) -> Result<Vec<&'static str>, String> {
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let heads = reader.headers().map_err(|error| error.to_string())?.clone();
    let column = |name: &str| heads.iter().position(|head| head == name).unwrap_or(usize::MAX);
    let (status, verdict) = (column("status"), column("verdict"));
    let (mut words, mut found, mut successful) = (Vec::new(), false, true);
    for row in reader.records() {
        let row = row.map_err(|error| error.to_string())?;
        words.push(row.get(status).unwrap_or_default().to_owned());
        found |= row.get(verdict) == Some("fail");
        successful &= row.get(verdict) != Some("unknown");
    }
    words.dedup();
    match &words[..] {
        [] => one(COMPLIANT),
        [word] => held(word, &by_parts(found, successful)),
        more => Err(format!("{more:?}")),
    }
}

/// By the counts of the suites, which builds fail by, and by the property.
fn junit(text: &str) -> Result<Vec<&'static str>, String> {
    let suites = || text.lines().filter(|line| line.starts_with("<testsuite "));
    let sum = |what: &str| {
        let counts = suites().map(|line| between(line, &format!(" {what}=\""), "\""));
        let counts =
            counts.map(|count| count.and_then(|n| n.parse::<usize>().map_err(|_| n.to_owned())));
        counts.sum::<Result<usize, String>>()
    };
    let parts = match (sum("failures")?, sum("errors")?) {
        (1.., _) => vec![FINDINGS],
        (0, 1..) => vec![UNDETERMINED, UNJUDGED],
        (0, 0) => vec![COMPLIANT],
    };
    held(between(text, "name=\"ephaudit.status\" value=\"", "\"")?, &parts)
}

fn sarif(text: &str) -> Result<Vec<&'static str>, String> {
    let log = json(text)?;
    let run = &log["runs"][0];
    let results = run["results"].as_array().ok_or("no results")?;
    let open = |result: &Value| result["suppressions"] == Value::Array(Vec::new());
    let successful = &run["invocations"][0]["executionSuccessful"];
    let successful = successful.as_bool().ok_or("no executionSuccessful")?;
    Ok(by_parts(results.iter().any(open), successful))
}

fn ocsf(text: &str) -> Result<Vec<&'static str>, String> {
    let (mut found, mut successful) = (false, true);
    for line in text.lines() {
        let event = json(line)?;
        let answer = event["compliance"]["status"].as_str().ok_or("no answer")?;
        found |= answer == "Fail" && event["status"] != "Suppressed";
        successful &= answer != "Warning";
    }
    Ok(by_parts(found, successful))
}

fn codequality(text: &str) -> Result<Vec<&'static str>, String> {
    let (mut found, mut successful) = (false, true);
    for issue in json(text)?.as_array().ok_or("no array")? {
        let words = issue["description"].as_str().ok_or("no description")?;
        if words.contains(" could not be determined: ") {
            successful = false;
        } else if !words.contains(": waived (") && !words.contains(" was not asked: ") {
            found = true;
        }
    }
    Ok(by_parts(found, successful))
}
