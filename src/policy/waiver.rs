//! Exceptions: which findings are accepted, by whom, why, and until when.

use std::fmt;

use ephaudit_platform::ports::PortSet;
use ephaudit_platform::snapshot::{HostInfo, Reason, Scope, ScopeName, Snapshot, Why};
use wildmatch::WildMatch;

use crate::iana::Registry;
use crate::report::Finding;

/// An exception for a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiver {
    /// The rule's name.
    pub rule: String,
    /// Of which scopes, by a name or the id: a pattern, `*` and `?`.
    pub scope: String,
    /// Of which hosts: a pattern.
    pub host: String,
    /// Only findings about these ports, and no others; `None` for any finding of the rule.
    pub ports: Option<PortSet>,
    /// Why it is accepted.
    pub reason: String,
    /// Who answers for it.
    pub owner: String,
    /// The last day it holds, `YYYY-MM-DD` in UTC; `None` for ever.
    pub expires: Option<String>,
    /// The line of the policy's file that it begins at, from 1.
    pub line: usize,
}

impl Waiver {
    /// What it accepts, as a line: the same wherever it stands, and for whatever reason.
    pub fn measure(&self) -> String {
        let ports = self.ports.as_ref().map_or_else(|| "any".to_owned(), ToString::to_string);
        let last = self.expires.as_deref().unwrap_or("ever");
        format!("{} {:?} {:?} {ports} {last}", self.rule, self.scope, self.host)
    }

    /// Whether it is for that finding of the rule; its date is not looked at.
    pub fn covers(&self, snapshot: &Snapshot, rule: &str, finding: &Finding) -> bool {
        let scope = snapshot.scopes.iter().find(|scope| scope.id == finding.scope);
        let ports = self.ports.as_ref().is_none_or(|accepted| {
            !finding.ports.is_empty() && finding.ports.difference(accepted).is_empty()
        });
        self.rule == rule
            && ports
            && self.is_for(&snapshot.host) == Some(true)
            && scope.is_some_and(|scope| self.is_of(scope))
    }

    /// Whether it is for that host; `None` where the host's name is not known.
    pub fn is_for(&self, host: &HostInfo) -> Option<bool> {
        match &host.name {
            _ if self.host == "*" => Some(true),
            // Host names differ by more than case (RFC 4343).
            Some(name) => Some(WildMatch::new_case_insensitive(&self.host).matches(name)),
            None => None,
        }
    }

    /// Whether it is for that scope.
    pub fn is_of(&self, scope: &Scope) -> bool {
        like(&self.scope, &scope.id) || scope.names.iter().any(|name| self.names_scope(name))
    }

    fn names_scope(&self, name: &ScopeName) -> bool {
        // What a process is called its owner chooses.
        let chosen = matches!(name, ScopeName::Process { .. });
        self.scope == "*" || (!chosen && like(&self.scope, &name.to_string()))
    }

    /// Whether it still holds on that day (`YYYY-MM-DD` as the clock says it), up to and on its
    /// last; an error where the clock is wrong, so that nobody can tell. Such dates sort as text.
    pub fn holds(&self, today: &str) -> Result<bool, Why> {
        match (self.expires.as_deref(), wrong_clock(today)) {
            (None, _) => Ok(true),
            (Some(last), None) => Ok(last >= today),
            // Whatever day it is, it comes after that.
            (Some(last), Some(_)) if last < Registry::built_in().edition() => Ok(false),
            (Some(_), Some(why)) => Err(why),
        }
    }
}

/// Why no day can be told from a clock that says this one: it is before the data was made that the
/// program is built with. A host without a battery begins in 1970, and would have waivers hold
/// again that are long over.
pub fn wrong_clock(today: &str) -> Option<Why> {
    let registry = Registry::built_in();
    let made = registry.edition();
    (today < made).then(|| {
        let detail = format!(
            "the clock says {today}, earlier than this program's registry of {made}; set the clock"
        );
        Why::new(Reason::Unsupported, detail)
    })
}

/// Why, who, until when.
impl fmt::Display for Waiver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.expires {
            Some(last) => write!(f, "{} ({}, until {last})", self.reason, self.owner),
            None => write!(f, "{} ({})", self.reason, self.owner),
        }
    }
}

fn like(pattern: &str, text: &str) -> bool {
    WildMatch::new(pattern).matches(text)
}

#[cfg(test)]
mod tests {
    use ephaudit_platform::snapshot::Os;

    use super::*;

    #[test]
    fn it_holds_up_to_and_on_its_last_day() {
        let waiver = Waiver {
            rule: "listener-in-pool".to_owned(),
            scope: "*".to_owned(),
            host: "*".to_owned(),
            ports: None,
            reason: "moved next quarter".to_owned(),
            owner: "hdfs".to_owned(),
            expires: Some("2027-01-31".to_owned()),
            line: 1,
        };
        assert_eq!(waiver.holds("2027-01-31"), Ok(true));
        assert_eq!(waiver.holds("2027-02-01"), Ok(false));
        assert_eq!(waiver.to_string(), "moved next quarter (hdfs, until 2027-01-31)");
        let until =
            |last: Option<&str>| Waiver { expires: last.map(str::to_owned), ..waiver.clone() };
        assert_eq!(until(None).holds("9999-12-31"), Ok(true));

        let registry = Registry::built_in();
        let made = registry.edition();
        assert_eq!(waiver.holds(made), Ok(true), "the first day that can be");
        for wrong in ["1970-01-02", "2026-09-16", ""] {
            assert!(wrong < made);
            assert!(waiver.holds(wrong).is_err(), "{wrong}");
            assert!(until(Some(made)).holds(wrong).is_err(), "{wrong}");
            assert_eq!(until(Some("2026-09-16")).holds(wrong), Ok(false), "{wrong}: over by then");
            assert_eq!(until(None).holds(wrong), Ok(true), "{wrong}");
        }
    }

    #[test]
    fn hosts_are_named_in_any_case_and_scopes_not_by_their_processes() {
        let waiver = Waiver {
            rule: "narrow-pool".to_owned(),
            scope: "web*".to_owned(),
            host: "WEB*".to_owned(),
            ports: None,
            reason: "x".to_owned(),
            owner: "x".to_owned(),
            expires: None,
            line: 1,
        };
        let host = |name: Option<&str>| {
            let mut host = HostInfo::of(Os::Linux);
            host.name = name.map(str::to_owned);
            host
        };
        let covered = [Some("web1"), Some("db1"), None].map(|name| waiver.is_for(&host(name)));
        assert_eq!(covered, [Some(true), Some(false), None]);
        let given = |name: &str| ScopeName::Given(name.to_owned());
        assert!(waiver.names_scope(&given("web-a")) && !waiver.names_scope(&given("Web-a")));
        assert!(waiver.names_scope(&given("web (pid 65)")), "its maker calls it so");
        let process = ScopeName::Process { command: "web-ci".to_owned(), pid: 65 };
        assert!(!waiver.names_scope(&process));
        assert!(Waiver { scope: "*".to_owned(), ..waiver }.names_scope(&process));
    }
}
