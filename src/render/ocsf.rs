//! OCSF 1.5.0, class 2003 Compliance Finding (schema.ocsf.io): one event a line.
//!
//! Each finding is an event, and so are each rule that passed, each that could not tell and each
//! that nobody asked. A rule that does not apply is none.

use std::io::{self, Write};

use serde_json::{Value, json};

use super::json;
use super::view::cases::{Case, NAME, Places, cases, host, line};
use crate::rules;
use crate::text::{printable, shortened};
use crate::wire::v1::{Document, Finding, Severity, Verdict};

const VERSION: &str = "1.5.0";
/// How many bytes of what could not be told an event names one by one; the JSON report has them
/// all.
const DETAILS: usize = 256 * 1024;

/// What the compliance object says: its status_id and the caption of it.
type ComplianceStatus = (u8, &'static str);
const PASS: ComplianceStatus = (1, "Pass");
/// "Warning" is the schema's word for a check without a result because information was missing.
const WARNING: ComplianceStatus = (2, "Warning");
const FAIL: ComplianceStatus = (3, "Fail");
/// "Other" is a status that the schema has no word for.
const NOT_ASKED: ComplianceStatus = (99, "Not asked");

/// The events: findings, most severe first, then the rules' answers.
pub fn write(document: &Document, to: &mut dyn Write) -> io::Result<()> {
    let about = Context { document, places: Places::of(document) };
    let found = document.findings.iter().map(|finding| about.finding(finding));
    let answered = cases(document).into_iter().filter_map(|case| about.case(&case));
    found.chain(answered).try_for_each(|event| json::write_line(&event, to))
}

struct Context<'a> {
    document: &'a Document,
    places: Places<'a>,
}

/// What events differ in.
struct Event<'a> {
    rule: &'a str,
    scope: &'a str,
    severity: Severity,
    outcome: ComplianceStatus,
    title: String,
    message: String,
    /// What tells the event from others of the host and rule, from run to run.
    subject: &'a str,
}

impl Context<'_> {
    fn finding(&self, finding: &Finding) -> Value {
        let mut event = self.event(&Event {
            rule: &finding.rule,
            scope: &finding.scope,
            severity: finding.severity,
            outcome: FAIL,
            title: clean(&finding.title),
            message: clean(&finding.message),
            subject: &finding.fingerprint,
        });
        let evidence = finding.evidence.iter().map(|evidence| {
            json!({"data": {
                "what": clean(&evidence.what),
                "value": clean(&evidence.value),
                "source": clean(&evidence.source.location),
                "line": evidence.line,
                "command": clean(&evidence.command),
            }})
        });
        event["evidences"] = evidence.collect();
        if !finding.remediation.is_empty() {
            let steps: Vec<String> = finding.remediation.iter().map(|step| clean(step)).collect();
            event["remediation"] = json!({"desc": steps.join("; ")});
        }
        let (id, state) = if finding.waived.is_some() { (3, "Suppressed") } else { (1, "New") };
        event["status_id"] = json!(id);
        event["status"] = json!(state);
        if let Some(reason) = &finding.waived {
            event["comment"] = json!(clean(reason));
            event["compliance"]["status_details"] = json!([format!("waived: {}", clean(reason))]);
        }
        event
    }

    fn case(&self, case: &Case<'_>) -> Option<Value> {
        let (outcome, says) = match case.verdict {
            Verdict::Pass => (PASS, "as it should be"),
            Verdict::NotAsked => (NOT_ASKED, "not asked"),
            _ if case.unread.is_empty() => return None,
            _ => (WARNING, "could not be determined"),
        };
        let mut unread: Vec<String> = Vec::new();
        let mut room = DETAILS;
        for why in case.unread.iter().map(ToString::to_string).chain(case.not_asked()) {
            unread.push(clean(&why));
            room = room.saturating_sub(why.len());
            if room == 0 {
                break;
            }
        }
        let more = case.unread.len().saturating_sub(unread.len());
        if more > 0 {
            unread.push(format!("and {more} more"));
        }
        let mut event = self.event(&Event {
            rule: case.rule,
            scope: case.scope,
            severity: if outcome == WARNING { case.severity } else { Severity::Info },
            outcome,
            title: format!("{}: {says}", clean(case.rule)),
            message: line(&unread),
            subject: self.places.name(case.scope),
        });
        event["compliance"]["status_details"] = json!(unread);
        Some(event)
    }

    fn event(&self, event: &Event<'_>) -> Value {
        let document = self.document;
        let host = shortened(&clean(&host(document)), NAME);
        let (severity_id, severity) = severity(event.severity);
        let (status_id, status) = event.outcome;
        let rule = clean(event.rule);
        let scope = clean(event.scope);
        let mut made = json!({
            "activity_id": 1,
            "activity_name": "Create",
            "category_uid": 2,
            "category_name": "Findings",
            "class_uid": 2003,
            "class_name": "Compliance Finding",
            "type_uid": 200_301,
            "type_name": "Compliance Finding: Create",
            "severity_id": severity_id,
            "severity": severity,
            "message": format!("{}. {}", event.title, event.message).trim_end(),
            "metadata": {
                "version": VERSION,
                "profiles": ["host"],
                "product": {
                    "name": "ephaudit",
                    "vendor_name": "ephaudit",
                    "version": clean(&document.tool.version),
                },
            },
            "device": {"hostname": host, "type_id": 0, "type": "Unknown", "os": self.system()},
            "finding_info": {
                "uid": format!("{host}/{rule}/{}", clean(event.subject)),
                "title": event.title,
                "desc": event.message,
                "analytic": {"name": rule, "type_id": 1, "type": "Rule"},
            },
            "compliance": {
                "control": rule,
                "standards": ["RFC 6335"],
                "status_id": status_id,
                "status": status,
            },
            "resources": [{
                "type": "network namespace",
                "name": clean(self.places.name(event.scope)),
                "uid": scope,
            }],
        });
        if let Some(known) = rules::find(event.rule) {
            made["compliance"]["desc"] = json!(known.summary);
        }
        // The schema wants a time: what a report without one is about, no event can tell.
        if let Some(time) = milliseconds(&document.collected_at) {
            made["time"] = json!(time);
        }
        made
    }

    fn system(&self) -> Value {
        let host = &self.document.host;
        let (type_id, kind) = match &*host.os {
            "windows" => (100, "Windows"),
            "linux" => (200, "Linux"),
            "macos" => (300, "macOS"),
            "solaris" => (400, "Solaris"),
            "aix" => (401, "AIX"),
            other => (99, other),
        };
        let name = host.os_version.as_deref().unwrap_or(&host.os);
        let mut system = json!({"name": shortened(&clean(&shortened(name, NAME)), NAME), "type_id": type_id, "type": clean(kind)});
        if let Some(kernel) = &host.kernel {
            system["kernel_release"] = json!(shortened(&clean(&shortened(kernel, NAME)), NAME));
        }
        system
    }
}

const fn severity(severity: Severity) -> (u8, &'static str) {
    match severity {
        Severity::Info => (1, "Informational"),
        Severity::Low => (2, "Low"),
        Severity::Medium => (3, "Medium"),
        Severity::High => (4, "High"),
        Severity::Critical => (5, "Critical"),
    }
}

/// Since 1970; nothing where the text is no time, or one before.
fn milliseconds(at: &str) -> Option<u64> {
    let at = humantime::parse_rfc3339(at).ok()?;
    let since = at.duration_since(std::time::UNIX_EPOCH).ok()?;
    u64::try_from(since.as_millis()).ok()
}

/// A reader of the events may print them to a terminal.
fn clean(text: &str) -> String {
    printable(text).into_owned()
}
