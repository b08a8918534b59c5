//! The clock. What it shows is told only where it can be written as a time of RFC 3339.

use std::fmt::Write;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::Failure;

/// The present time, in UTC.
pub(super) fn now() -> Result<String, Failure> {
    written(Some(SystemTime::now()))
}

/// The present day, in UTC: `YYYY-MM-DD`.
pub(super) fn today() -> Result<String, Failure> {
    now().map(day)
}

/// The day that comes so long after today.
pub(super) fn day_after(length: Duration) -> Result<String, Failure> {
    written(SystemTime::now().checked_add(length)).map(day)
}

fn day(mut time: String) -> String {
    time.truncate("YYYY-MM-DD".len());
    time
}

/// Years have four digits there (RFC 3339 section 5.6), and none is before 1970.
pub(super) fn written(time: Option<SystemTime>) -> Result<String, Failure> {
    let mut text = String::new();
    let whole = time
        .filter(|time| time.duration_since(UNIX_EPOCH).is_ok())
        .is_some_and(|time| write!(text, "{}", humantime::format_rfc3339_seconds(time)).is_ok());
    if whole {
        return Ok(text);
    }
    let what = "the clock shows a time before the year 1970 or after 9999; set the clock";
    Err(Failure::Output(what.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// From the beginning of 1970.
    fn rfc3339(seconds: u64) -> Option<String> {
        written(UNIX_EPOCH.checked_add(Duration::from_secs(seconds))).ok()
    }

    #[test]
    fn a_time_that_cannot_be_written_is_none() {
        assert_eq!(rfc3339(0).as_deref(), Some("1970-01-01T00:00:00Z"));
        assert_eq!(rfc3339(253_402_300_799).as_deref(), Some("9999-12-31T23:59:59Z"));
        assert_eq!(rfc3339(253_402_300_800), None);
        assert_eq!(rfc3339(u64::MAX), None);
        assert!(written(UNIX_EPOCH.checked_sub(Duration::from_nanos(1))).is_err());
        assert_eq!(rfc3339(86_400).map(day).as_deref(), Some("1970-01-02"));
    }
}
