//! Which host it is, where the host does not say so itself, and what is known of it beside.

use clap::{Args, ValueEnum};

use super::OutputArgs;

/// The longest name of a host.
const NAME: usize = 255;
/// The longest id of a run, and value of a label.
const VALUE: usize = 128;

// Which host it is.
#[derive(Debug, Args)]
pub struct IdentityArgs {
    /// Name the host, where its own name is another one's: in a container, of an image
    #[arg(long, value_name = "NAME", value_parser = name, env = "EPHAUDIT_HOST", hide_env_values = true)]
    pub host: Option<String>,
    /// Give the host's id: 32 hexadecimal digits, instead of a keyed hash of its machine-id
    #[arg(long, value_name = "HEX", value_parser = id, env = "EPHAUDIT_HOST_ID", hide_env_values = true)]
    pub host_id: Option<String>,
    /// Say something of the host, such as env=prod; may be repeated
    #[arg(long, value_name = "NAME=VALUE", value_parser = label, value_delimiter = ',', env = "EPHAUDIT_LABELS", hide_env_values = true)]
    pub label: Vec<(String, String)>,
    /// Name the run of a job that this is part of
    #[arg(long, value_name = "ID", value_parser = value, env = "EPHAUDIT_RUN", hide_env_values = true)]
    pub run_id: Option<String>,
}

// Of which host there is no report, and why.
#[derive(Debug, Args)]
pub struct AbsenceArgs {
    /// The host
    #[arg(long, value_name = "NAME", value_parser = name)]
    pub host: String,
    /// Its id, where it is known
    #[arg(long, value_name = "HEX", value_parser = id)]
    pub host_id: Option<String>,
    /// Why there is no report
    #[arg(long, value_enum)]
    pub why: AbsentBecause,
    /// What happened
    #[arg(long, value_name = "TEXT", value_parser = detail)]
    pub detail: Option<String>,
    /// Where and how to write
    #[command(flatten)]
    pub output: OutputArgs,
}

/// Why there is no report of a host.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum AbsentBecause {
    /// It could not be reached
    Unreachable,
    /// It was reached, and gave no report
    Failed,
    /// It did not answer in time
    TimedOut,
}

impl AbsentBecause {
    /// The word of the contract.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Unreachable => "unreachable",
            Self::Failed => "failed",
            Self::TimedOut => "timed-out",
        }
    }
}

fn bounded(text: &str, most: usize) -> Result<String, String> {
    match text.len() {
        0 => Err("it is empty".to_owned()),
        length if length > most => Err(format!("it is longer than {most} bytes")),
        _ => Ok(text.to_owned()),
    }
}

fn name(text: &str) -> Result<String, String> {
    bounded(text, NAME)
}

fn value(text: &str) -> Result<String, String> {
    bounded(text, VALUE)
}

fn detail(text: &str) -> Result<String, String> {
    bounded(text, 1024)
}

fn id(text: &str) -> Result<String, String> {
    if text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Ok(text.to_ascii_lowercase());
    }
    Err("it takes 32 hexadecimal digits".to_owned())
}

fn label(text: &str) -> Result<(String, String), String> {
    let (name, text) = text.split_once('=').ok_or("it takes a name and a value, as env=prod")?;
    let known =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_.-".contains(&byte);
    if name.is_empty() || name.len() > 63 || !name.bytes().all(known) {
        return Err("its name takes 1 to 63 of a-z, 0-9, _ . and -".to_owned());
    }
    Ok((name.to_owned(), value(text)?))
}
