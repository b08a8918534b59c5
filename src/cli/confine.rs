//! How the reading of this host is confined.

use clap::{Args, ValueEnum};

use super::{OutputArgs, help};

/// Whether the reading is confined.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Confine {
    /// As far as the kernel grants it
    Auto,
    /// By every layer, or not at all: exit code 4
    Require,
    /// Not confined
    Off,
}

// How the reading of this host is confined.
#[derive(Debug, Args)]
pub struct ConfineArgs {
    /// Read this host in a thread that the kernel lets change nothing
    #[arg(long, value_enum, default_value_t = Confine::Auto, value_name = "WHETHER", env = "EPHAUDIT_CONFINE", hide_env_values = true, help_heading = help::READ)]
    pub confine: Confine,
}

// How to read what a capture holds, and where to write it.
#[derive(Debug, Args)]
pub struct CaptureArgs {
    /// How the reading is confined
    #[command(flatten)]
    pub confine: ConfineArgs,
    /// Where and how to write
    #[command(flatten)]
    pub output: OutputArgs,
}
