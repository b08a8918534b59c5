//! In which formats to write, and where.

use std::path::PathBuf;

use clap::builder::PossibleValue;
use clap::{ArgAction, Args, ValueEnum};

use super::hinted::Hinted;
use super::{Color, help};
use crate::render::Format;

/// Gives the format of a report where --format does not.
pub const FORMAT_VARIABLE: &str = "EPHAUDIT_FORMAT";

// In which formats to write a report, and where.
#[derive(Debug, Args)]
#[command(next_help_heading = help::WRITE)]
pub struct ReportArgs {
    /// How to write the report
    #[arg(long, value_enum, default_value_t = Format::Table, env = FORMAT_VARIABLE, hide_env_values = true)]
    pub format: Format,
    /// Also write the report to a file; may be repeated: --emit json=report.json --emit
    /// csv=findings.csv
    #[arg(long, value_name = "FORMAT=PATH", value_parser = Hinted::new(formats(), emission), hide_possible_values = true)]
    pub emit: Vec<Emission>,
    /// Do not protect CSV cells that a spreadsheet would take for formulas; for programs
    #[arg(long)]
    pub csv_raw: bool,
    /// Print nothing; use the exit code
    #[arg(short, long, overrides_with = "verbose")]
    pub quiet: bool,
    /// In the table: everything that was read, and every rule's answer; -vv: also, on standard
    /// error, what was asked, of whom, and what came
    #[arg(short, long, overrides_with = "quiet", action = ArgAction::Count)]
    pub verbose: u8,
    /// Where and how to write
    #[command(flatten)]
    pub output: OutputArgs,
}

/// A format, and the file that is to hold it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Emission {
    /// The format.
    pub format: Format,
    /// The file.
    pub path: PathBuf,
}

/// What shells complete of an emission.
fn formats() -> Vec<PossibleValue> {
    Format::value_variants().iter().filter_map(Format::to_possible_value).collect()
}

fn emission(text: &str) -> Result<Emission, String> {
    let Some((format, path)) = text.split_once('=').filter(|(_, path)| !path.is_empty()) else {
        return Err("it takes a format and a file, such as json=report.json".to_owned());
    };
    let format = Format::from_str(format, false).map_err(|_| {
        let all: Vec<_> =
            Format::value_variants().iter().filter_map(Format::to_possible_value).collect();
        let names: Vec<&str> = all.iter().map(PossibleValue::get_name).collect();
        format!("no format is called {format:?}; there are: {}", names.join(", "))
    })?;
    Ok(Emission { format, path: path.into() })
}

// Where and how to write.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = help::WRITE)]
pub struct OutputArgs {
    /// Write to PATH, completely or not at all, instead of standard output
    #[arg(short, long, value_name = "PATH")]
    pub output: Option<PathBuf>,
    /// Colour; auto means on a terminal, unless NO_COLOR is set
    #[arg(long, value_enum, default_value_t = Color::Auto, value_name = "WHEN", env = "EPHAUDIT_COLOR", hide_env_values = true)]
    pub color: Color,
    /// Draw with ASCII characters only
    #[arg(long)]
    pub ascii: bool,
}
