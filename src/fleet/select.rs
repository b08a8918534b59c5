//! Which hosts a list is about.

use super::roll::HostRow;
use super::sum::Sum;
use crate::wire::v1::Status;

/// A condition on hosts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Select {
    /// Every host.
    All,
    /// Few others are set so.
    Odd,
    /// Its status is findings.
    Findings,
    /// Something could not be told.
    Undetermined,
    /// No inventory names it.
    Unexpected,
    /// Its report is too old.
    Stale,
    /// Its status, by the word of the contract.
    Status(String),
    /// Its shape.
    Shape(String),
    /// A rule fails.
    Rule(String),
    /// A service is in its pool: TRANSPORT/PORT.
    AtRisk(String),
    /// Its group.
    Group(String),
}

impl Select {
    /// What the command line says.
    pub fn parse(text: &str) -> Result<Self, String> {
        let known = match text.split_once('=') {
            Some(("status", word)) => Self::Status(word.to_owned()),
            Some(("shape", id)) => Self::Shape(id.to_ascii_lowercase()),
            Some(("rule", name)) => Self::Rule(name.to_owned()),
            Some(("at-risk", service)) => Self::AtRisk(service.to_owned()),
            Some(("group", name)) => Self::Group(name.to_owned()),
            None if text == "all" => Self::All,
            None if text == "odd" => Self::Odd,
            None if text == "findings" => Self::Findings,
            None if text == "undetermined" => Self::Undetermined,
            None if text == "unexpected" => Self::Unexpected,
            None if text == "stale" => Self::Stale,
            _ => {
                return Err("it takes all, odd, findings, undetermined, unexpected, stale, \
                            status=WORD, shape=ID, rule=NAME, at-risk=tcp/PORT or group=NAME"
                    .to_owned());
            }
        };
        Ok(known)
    }

    /// Whether a host is such.
    pub fn holds(&self, sum: &Sum<'_>, row: &HostRow) -> bool {
        match self {
            Self::All => true,
            Self::Odd => sum.is_odd(row),
            Self::Findings => row.status == Some(Status::Findings),
            Self::Undetermined => sum.is_undetermined(row),
            Self::Unexpected => sum.is_unexpected(row),
            Self::Stale => sum.is_stale(row),
            Self::Status(word) => row.status.map_or("unjudged", Status::name) == word,
            Self::Shape(id) => sum.shape(row).is_some_and(|shape| shape.id == *id),
            Self::Rule(rule) => {
                let answers = sum.answers(row);
                answers.is_some_and(|answers| answers.with("fail").any(|failed| failed == rule))
            }
            Self::AtRisk(service) => {
                sum.risks(row).any(|risk| risk.split(' ').next() == Some(service))
            }
            Self::Group(name) => sum.group(row).as_ref() == Some(name),
        }
    }
}
