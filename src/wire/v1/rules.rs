//! The rules as a document.

use schemars::JsonSchema;
use serde::Serialize;

use super::make::{self, severity};
use super::{SCHEMA_VERSION, Severity, Tool, closed};
use crate::policy::Profile;
use crate::rule;

/// Rules and their pages.
#[derive(Debug, Serialize, JsonSchema)]
// The contract names the field so.
#[allow(clippy::struct_field_names)]
pub struct Rules {
    /// Version of this document's form, MAJOR.MINOR.
    pub schema_version: &'static str,
    /// Always "rules".
    pub kind: &'static str,
    /// The program that wrote it.
    pub tool: Tool,
    /// The rules, in the order of reports.
    pub rules: Vec<RulePage>,
}

/// A rule.
#[derive(Debug, Serialize, JsonSchema)]
// The contract names the field so.
#[allow(clippy::struct_field_names)]
pub struct RulePage {
    /// Its name.
    pub rule: &'static str,
    /// What it finds, in one line.
    pub summary: &'static str,
    /// The highest severity of its findings, by profile.
    pub severities: Vec<Weight>,
    /// What it reads beside the settings, which are always read.
    #[schemars(extend("items" = closed::needs()))]
    pub reads: Vec<&'static str>,
    /// Its page, in Markdown.
    pub page: &'static str,
}

/// The highest severity of a rule.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Weight {
    /// Under this profile.
    #[schemars(extend("enum" = closed::profiles()))]
    pub profile: &'static str,
    /// The severity.
    pub severity: Severity,
}

/// The document of these rules.
pub fn rules(rules: &[&rule::Rule]) -> Rules {
    let page = |rule: &&rule::Rule| RulePage {
        rule: rule.name,
        summary: rule.summary,
        severities: Profile::ALL
            .into_iter()
            .map(|profile| Weight {
                profile: profile.name(),
                severity: severity((rule.severity)(profile)),
            })
            .collect(),
        reads: rule.needs.iter().map(|need| need.name()).collect(),
        page: rule.page,
    };
    Rules {
        schema_version: SCHEMA_VERSION,
        kind: "rules",
        tool: make::tool(),
        rules: rules.iter().map(page).collect(),
    }
}
