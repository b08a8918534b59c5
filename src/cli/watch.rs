//! The options of `watch`.

use std::time::Duration;

use clap::Args;

use super::AuditArgs;
use super::help;

/// The shortest and the longest period.
const SHORTEST: Duration = Duration::from_millis(100);
const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);

// How often to audit.
#[derive(Debug, Args)]
pub struct WatchArgs {
    /// The time from the beginning of one audit to that of the next: 500ms, 2s, 5min
    #[arg(long, value_name = "TIME", default_value = "2s", value_parser = period, help_heading = help::READ)]
    pub every: Duration,
    /// Wait up to so much longer each time, so that many hosts do not report at once
    #[arg(long, value_name = "TIME", default_value = "0s", value_parser = jitter, help_heading = help::READ)]
    pub jitter: Duration,
    /// The audit
    #[command(flatten)]
    pub audit: AuditArgs,
}

fn period(text: &str) -> Result<Duration, String> {
    let period = humantime::parse_duration(text).map_err(|error| error.to_string())?;
    if (SHORTEST..=LONGEST).contains(&period) {
        return Ok(period);
    }
    Err("it takes a time from 100ms to 1day".to_owned())
}

fn jitter(text: &str) -> Result<Duration, String> {
    let jitter = humantime::parse_duration(text).map_err(|error| error.to_string())?;
    if jitter <= LONGEST {
        return Ok(jitter);
    }
    Err("it takes a time up to 1day".to_owned())
}
