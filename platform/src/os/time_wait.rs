//! How long TIME_WAIT lasts, in milliseconds: what the knobs and constants of the systems have in
//! common.

use super::knobs;
use crate::ask::Ask;
use crate::snapshot::{Reading, Reason, Source, Why};

/// A length that no knob changes, from a constant of the kernel.
pub(super) fn fixed(milliseconds: u32, place: &'static str) -> Reading<u32> {
    Reading::Known { value: milliseconds, source: Source::Kernel(place.into()) }
}

/// A length that the system does not tell, and where it would be.
pub(super) fn unknown(source: Source, detail: &str) -> Reading<u32> {
    Reading::Unknown { source, why: Why::new(Reason::Unsupported, detail) }
}

/// FreeBSD, DragonFly BSD and macOS: twice the maximum segment lifetime, which
/// `sysctl_msec_to_ticks` of netinet/tcp_timer.c shows in milliseconds. Newer FreeBSD has
/// `net.inet.tcp.msl_local` for peers on the host itself.
pub(super) fn twice_msl(ask: &dyn Ask) -> Reading<u32> {
    knob(ask, "net.inet.tcp.msl", 2)
}

/// A knob whose unit is so many milliseconds of TIME_WAIT.
pub(super) fn knob(ask: &dyn Ask, name: &str, unit: u32) -> Reading<u32> {
    knobs::tunable(ask, name, |text| milliseconds(text, unit))
}

/// Of a C int as `%d` prints it; neither 0 nor less is a length, nor what overflows.
pub(super) fn milliseconds(text: &str, unit: u32) -> Result<u32, String> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit()) && !text.starts_with('0');
    let count = if digits { text.parse::<i32>().ok() } else { None };
    count
        .and_then(|count| u32::try_from(count).ok()?.checked_mul(unit))
        .ok_or_else(|| format!("{:?} is not a duration", text.chars().take(64).collect::<String>()))
}

/// Windows keeps the seconds in a value of the registry that is not there out of the box; what
/// holds then is told as 240 s in its old manuals and as 120 s since Vista.
pub(super) fn of_windows() -> Reading<u32> {
    let command =
        r"reg query HKLM\SYSTEM\CurrentControlSet\Services\Tcpip\Parameters /v TcpTimedWaitDelay";
    unknown(
        Source::Command(command.into()),
        "TcpTimedWaitDelay is not read, and what holds without it is disputed",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_length_is_a_positive_int_that_does_not_overflow() {
        assert_eq!(milliseconds("30000", 2), Ok(60_000));
        assert_eq!(milliseconds("2147483647", 2), Ok(4_294_967_294));
        assert_eq!(milliseconds("1", 15_000), Ok(15_000));
        for text in
            ["", "0", "-1", "+1", "030", "1.5", " 1", "30000 -> 5", "30s", "2147483648", "9e9"]
        {
            assert!(milliseconds(text, 2).is_err(), "{text:?}");
        }
        assert!(milliseconds("2147483647", 1000).is_err(), "it overflows");
        let long = milliseconds(&"9".repeat(1_000_000), 2);
        assert!(long.is_err_and(|what| what.len() < 100));
    }
}
