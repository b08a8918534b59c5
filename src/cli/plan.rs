//! What to plan.

use clap::Args;

use super::{MeasureArgs, OutputArgs, ReadArgs, help};
use crate::plan::demand::{FixedValue, Prefer, ProtectedKind, Wish};
use crate::plan::snippets;
use crate::render::PlanFormat;

// What to plan, of which host.
#[derive(Debug, Args)]
pub struct PlanArgs {
    /// Which of the plans that meet the demand is the best
    #[arg(long, value_enum, default_value_t = Prefer::Auto, value_name = "HOW")]
    pub prefer: Prefer,
    /// Choose a value, and have the rest planned: range=A-B, range=keep, reserved=LIST,
    /// reserved=+LIST or reserved=-LIST; may be repeated
    #[arg(long, value_name = "NAME=VALUE")]
    pub set: Vec<FixedValue>,
    /// At least so many ports in the pool, where the policy asks for fewer
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=65_535))]
    pub min_pool: Option<u32>,
    /// So many new connections a second to one destination, each closed by this host first
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub rate: Option<u32>,
    /// So many connections at a time to one destination
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub connections: Option<u32>,
    /// What must leave the pool
    #[arg(
        long,
        value_enum,
        value_name = "WHAT",
        value_delimiter = ',',
        default_value = "listeners,declared"
    )]
    pub protect: Vec<ProtectedKind>,
    /// For which tools to add the settings [default: the host's own]
    #[arg(long = "for", value_name = "NAME", value_delimiter = ',', value_parser = snippets::names_or_all())]
    pub targets: Vec<String>,
    /// Print the settings for one tool alone, as its file has them
    #[arg(long, value_name = "NAME", value_parser = snippets::names(), conflicts_with_all = ["targets", "format"])]
    pub snippet: Option<String>,
    /// Table for people, JSON for programs, Markdown for tickets
    #[arg(long, value_enum, default_value_t = PlanFormat::Table, help_heading = help::WRITE)]
    pub format: PlanFormat,
    /// Print nothing; use the exit code
    #[arg(short, long, help_heading = help::WRITE)]
    pub quiet: bool,
    /// Exit with 0 instead of 1 or 3
    #[arg(long, help_heading = help::JUDGE)]
    pub exit_zero: bool,
    /// What to judge by
    #[command(flatten)]
    pub measure: MeasureArgs,
    /// What to read
    #[command(flatten)]
    pub read: ReadArgs,
    /// Where and how to write
    #[command(flatten)]
    pub output: OutputArgs,
}

impl PlanArgs {
    /// What is asked of the plan.
    pub fn wish(&self) -> Wish {
        Wish {
            prefer: self.prefer,
            fixed: self.set.clone(),
            min_pool: self.min_pool,
            rate: self.rate,
            connections: self.connections,
            protect: self.protect.clone(),
        }
    }
}
