//! The options of `fleet` and `fleet diff`.

use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use clap::{Args, Subcommand};

use super::{OutputArgs, help};
use crate::fleet::{By, Select};
use crate::render::FleetFormat;

// What to put together, or to compare.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub struct FleetArgs {
    /// What to do with the reports; to put them together by default
    #[command(subcommand)]
    pub command: Option<FleetCommand>,
    /// Which reports
    #[command(flatten)]
    pub roll: RollArgs,
}

// What to do with reports.
#[derive(Debug, Subcommand)]
pub enum FleetCommand {
    /// Compare two sets of reports, or two reports of a host: what is set otherwise, what is found
    /// now, and what is fixed
    #[command(before_help = help::FLEET_DIFF, after_help = help::FLEET_DIFF_CODES, help_template = help::TEMPLATE)]
    Diff(FleetDiffArgs),
}

// Which reports, and how to write what they come to.
#[derive(Debug, Args)]
pub struct RollArgs {
    /// Files and folders of reports, as --format json or ndjson writes them, also compressed (gzip,
    /// zstd); - is standard input
    #[arg(value_name = "PATH", required = true)]
    pub paths: Vec<PathBuf>,
    /// The expected hosts: a CSV with a column host (and group), a name a line, or what
    /// `ansible-inventory --list` prints
    #[arg(long, value_name = "FILE")]
    pub inventory: Option<PathBuf>,
    /// Among which hosts one is odd: os, os-version, profile, group, or label:NAME
    #[arg(long, value_parser = by, default_value = "os", value_name = "WHICH")]
    pub by: By,
    /// Of how few hosts a shape is odd
    #[arg(long, value_parser = share, default_value = "0.1%", value_name = "PERCENT")]
    pub odd: u32,
    /// From which age on a report is stale
    #[arg(long, value_parser = humantime::parse_duration, default_value = "7d", value_name = "AGE")]
    pub stale: Duration,
    /// How many rows of each list the table has
    #[arg(long, value_name = "N", default_value_t = 20)]
    pub top: usize,
    /// Which hosts --format hosts and csv list: all, odd, findings, undetermined, unexpected, stale,
    /// status=WORD, shape=ID, rule=NAME, at-risk=tcp/PORT, group=NAME; several must all hold
    #[arg(long, value_parser = Select::parse, value_name = "SELECT")]
    pub hosts: Vec<Select>,
    /// How to write it
    #[arg(long, value_enum, default_value_t = FleetFormat::Table)]
    pub format: FleetFormat,
    /// The part of the expected hosts below which the exit code is 3
    #[arg(long, value_parser = share, value_name = "PERCENT", requires = "inventory")]
    pub min_coverage: Option<u32>,
    /// Do not protect CSV cells that a spreadsheet would take for formulas; for programs
    #[arg(long)]
    pub csv_raw: bool,
    /// How to read them
    #[command(flatten)]
    pub read: RollReadArgs,
}

// How to read them.
#[derive(Debug, Args)]
pub struct RollReadArgs {
    /// Whether hosts are known by their full names, or up to the first dot
    #[arg(long, default_value = "full", value_parser = ["full", "short"])]
    pub names: String,
    /// The time that ages count from [default: when the newest file was written; for standard input
    /// the clock]
    #[arg(long, value_parser = humantime::parse_rfc3339_weak, value_name = "TIME")]
    pub now: Option<SystemTime>,
    /// How many processors to use
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=256))]
    pub jobs: u16,
    /// Exit with 0 instead of 1 or 3
    #[arg(long)]
    pub exit_zero: bool,
    /// Print nothing; use the exit code
    #[arg(short, long)]
    pub quiet: bool,
    /// Where and how to write
    #[command(flatten)]
    pub output: OutputArgs,
}

// What to compare.
#[derive(Debug, Args)]
pub struct FleetDiffArgs {
    /// The earlier reports: a file or folder, or rows that --format hosts wrote
    #[arg(value_name = "OLD")]
    pub old: PathBuf,
    /// The later ones
    #[arg(value_name = "NEW")]
    pub new: PathBuf,
    /// How many rows of each list the table has
    #[arg(long, value_name = "N", default_value_t = 20)]
    pub top: usize,
    /// Table for people, JSON for programs
    #[arg(long, value_enum, default_value_t = crate::render::Screen::Table)]
    pub format: crate::render::Screen,
    /// How to read them
    #[command(flatten)]
    pub read: RollReadArgs,
}

fn by(text: &str) -> Result<By, String> {
    Ok(match text {
        "os" => By::Os,
        "os-version" => By::OsVersion,
        "profile" => By::Profile,
        "group" => By::Group,
        _ => match text.strip_prefix("label:").filter(|name| !name.is_empty()) {
            Some(name) => By::Label(name.to_owned()),
            None => return Err("it takes os, os-version, profile, group or label:NAME".to_owned()),
        },
    })
}

/// Parts of a million.
fn share(text: &str) -> Result<u32, String> {
    let percent = text.strip_suffix('%').and_then(|number| number.parse::<f64>().ok());
    let percent = percent.filter(|percent| (0.0..=100.0).contains(percent));
    let percent = percent.ok_or("it takes a percentage, such as 0.1%")?;
    // At most 1,000,000, and not negative.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 1,000,000")]
    Ok((percent * 10_000.0).round() as u32)
}
