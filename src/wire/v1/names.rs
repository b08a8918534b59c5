//! The contract's words, as they stand in a document.

use super::{Document, Family, Finding, Severity, Status, Transport, Verdict};

impl Document {
    /// What was found that nobody accepted, most severe first.
    pub fn unwaived(&self) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(|finding| finding.waived.is_none())
    }

    /// Whether a finding counts: nobody accepted it, and it reaches the threshold.
    pub fn counts(&self, finding: &Finding) -> bool {
        let least = self.policy.as_ref().and_then(|policy| policy.fail_on);
        // The most severe sorts first.
        finding.waived.is_none() && least.is_some_and(|least| finding.severity <= least)
    }
}

impl Severity {
    /// The word of the contract.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Critical => "critical",
            Self::High => "high",
            Self::Medium => "medium",
            Self::Low => "low",
            Self::Info => "info",
        }
    }

    /// All, most severe first.
    pub const ALL: [Self; 5] = [Self::Critical, Self::High, Self::Medium, Self::Low, Self::Info];
}

impl Status {
    /// The word of the contract.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Compliant => "compliant",
            Self::Findings => "findings",
            Self::Undetermined => "undetermined",
        }
    }

    /// All.
    pub const ALL: [Self; 3] = [Self::Compliant, Self::Findings, Self::Undetermined];
}

impl Verdict {
    /// The word of the contract.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::Unknown => "unknown",
            Self::NotApplicable => "not-applicable",
            Self::NotAsked => "not-asked",
            Self::Waived => "waived",
        }
    }

    /// All.
    pub const ALL: [Self; 6] =
        [Self::Pass, Self::Fail, Self::Unknown, Self::NotApplicable, Self::NotAsked, Self::Waived];
}

impl Transport {
    /// The word of the contract.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Tcp => "tcp",
            Self::Udp => "udp",
        }
    }
}

impl Family {
    /// The word of the contract.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ipv4 => "ipv4",
            Self::Ipv6 => "ipv6",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_are_those_of_the_documents() {
        let holds = |value: serde_json::Value, name: &str| assert_eq!(value, name);
        for severity in Severity::ALL {
            holds(serde_json::json!(severity), severity.name());
        }
        for status in Status::ALL {
            holds(serde_json::json!(status), status.name());
        }
        for verdict in Verdict::ALL {
            holds(serde_json::json!(verdict), verdict.name());
        }
        holds(serde_json::json!(Transport::Udp), Transport::Udp.name());
        holds(serde_json::json!(Family::Ipv6), Family::Ipv6.name());
    }
}
