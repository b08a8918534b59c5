//! What write(2) to one of the six sysctls does: Linux 4.19 and later with
//! `kernel.sysctl_writes_strict` at 1, its default.
//!
//! Numbers: `proc_get_long` and `do_proc_dointvec`; lists: `proc_do_large_bitmap` (kernel/sysctl.c,
//! 6.12); which bounds hold: `ipv4_local_port_range`, `ipv4_privileged_ports` and `ipv4_net_table`
//! (net/ipv4/sysctl_net_ipv4.c, 6.12). The tests hold it against the running kernel.

use crate::boot::Rejection;
use crate::ports::{PortRange, PortSet};

/// A sysctl that is predicted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Key {
    PortRange,
    ReservedPorts,
    UnprivilegedStart,
    FinTimeout,
    MaxTwBuckets,
    TwReuse,
}

impl Key {
    /// In the order of their names, in which a pattern of glob(7) finds them.
    pub(crate) const ALL: [Self; 6] = [
        Self::PortRange,
        Self::ReservedPorts,
        Self::UnprivilegedStart,
        Self::FinTimeout,
        Self::MaxTwBuckets,
        Self::TwReuse,
    ];

    /// The name with dots.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::PortRange => "net.ipv4.ip_local_port_range",
            Self::ReservedPorts => "net.ipv4.ip_local_reserved_ports",
            Self::UnprivilegedStart => "net.ipv4.ip_unprivileged_port_start",
            Self::FinTimeout => "net.ipv4.tcp_fin_timeout",
            Self::MaxTwBuckets => "net.ipv4.tcp_max_tw_buckets",
            Self::TwReuse => "net.ipv4.tcp_tw_reuse",
        }
    }

    /// The path below /proc/sys.
    pub(crate) fn path(self) -> String {
        self.name().replace('.', "/")
    }

    /// The sysctl with this path below /proc/sys.
    pub(crate) fn at(path: &[u8]) -> Option<Self> {
        Self::ALL.into_iter().find(|key| key.path().as_bytes() == path)
    }
}

/// The six values; `None` where the default stands, which is the kernel's own choice and matters to
/// no write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Sysctls {
    range: (u16, u16),
    reserved: PortSet,
    unprivileged_start: u16,
    fin_timeout: Option<i32>,
    max_tw_buckets: Option<i32>,
    tw_reuse: Option<i32>,
}

/// `inet_init_net`, net/ipv4/af_inet.c.
impl Default for Sysctls {
    fn default() -> Self {
        Self {
            range: (32768, 60999),
            reserved: PortSet::new(),
            unprivileged_start: 1024,
            fin_timeout: None,
            max_tw_buckets: None,
            tw_reuse: None,
        }
    }
}

/// Why write(2) fails with EINVAL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RefusedWrite {
    pub(crate) rejection: Rejection,
    pub(crate) detail: String,
}

/// What write(2) came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Write {
    /// So many bytes were taken.
    Took(usize),
    /// EINVAL; nothing changed.
    Refused(RefusedWrite),
    /// It depends on how the kernel was built.
    Unsure(String),
}

/// PAGE_SIZE - 1: what one write looks at. Pages are larger on some machines, and then more of a
/// long list is taken.
const LOOKED_AT: usize = 4095;
/// TMPBUFLEN - 1 (kernel/sysctl.c): a number of so many bytes is too long.
const NUMBER_MAX: usize = 21;
/// INT_MAX / HZ is the longest time; HZ is 100 to 1000.
const FIN_TIMEOUT_SURE: i64 = i32::MAX as i64 / 1000;
const FIN_TIMEOUT_MAX: i64 = i32::MAX as i64 / 100;

impl Sysctls {
    /// What reading gives, without the newline; `None` where the default stands that the kernel
    /// chose.
    pub(crate) fn value(&self, key: Key) -> Option<String> {
        match key {
            Key::PortRange => Some(format!("{}\t{}", self.range.0, self.range.1)),
            Key::ReservedPorts => Some(self.reserved.to_string()),
            Key::UnprivilegedStart => Some(self.unprivileged_start.to_string()),
            Key::FinTimeout => self.fin_timeout.map(|value| value.to_string()),
            Key::MaxTwBuckets => self.max_tw_buckets.map(|value| value.to_string()),
            Key::TwReuse => self.tw_reuse.map(|value| value.to_string()),
        }
    }

    /// One write(2); `first` is the one at offset 0.
    pub(crate) fn write(&mut self, key: Key, bytes: &[u8], first: bool) -> Write {
        let done = match key {
            Key::ReservedPorts => return self.write_list(bytes, first),
            // Only the write at offset 0 counts (`proc_first_pos_non_zero_ignore`).
            _ if !first => return Write::Took(bytes.len()),
            Key::PortRange => self.write_range(bytes),
            Key::UnprivilegedStart => self.write_start(bytes),
            Key::FinTimeout => match one(bytes, -FIN_TIMEOUT_MAX, FIN_TIMEOUT_MAX) {
                Ok(value) if i64::from(value).abs() > FIN_TIMEOUT_SURE => {
                    return Write::Unsure(format!(
                        "whether {value} is too long depends on CONFIG_HZ of the kernel"
                    ));
                }
                value => value.map(|value| self.fin_timeout = Some(value)),
            },
            Key::MaxTwBuckets => one(bytes, i32::MIN.into(), i32::MAX.into())
                .map(|value| self.max_tw_buckets = Some(value)),
            // Unsigned, so "-0" is refused as well; 0 to 2 since 4.19.
            Key::TwReuse => match one(bytes, 0, 2) {
                Ok(_) if spaces_off(bytes).starts_with(b"-") => {
                    Err(invalid("a number from 0 to 2 is expected"))
                }
                value => value.map(|value| self.tw_reuse = Some(value)),
            },
        };
        match done {
            Ok(()) => Write::Took(bytes.len()),
            Err(mut refused) => {
                if bytes.contains(&b'"') || bytes.contains(&b'\'') {
                    refused.rejection = Rejection::QuotedValue;
                    "the kernel accepts no quotes".clone_into(&mut refused.detail);
                }
                Write::Refused(refused)
            }
        }
    }

    /// One number sets the low bound only; what stands after the second is not looked at.
    fn write_range(&mut self, bytes: &[u8]) -> Result<(), RefusedWrite> {
        let (first, rest) = number(looked_at(bytes), 1, 65535)?;
        let first = first.ok_or_else(|| invalid("there is no number"))?;
        let (last, _) = number(rest, 1, 65535)?;
        let (first, last) = (port(first), last.map_or(self.range.1, port));
        if last < first {
            return Err(invalid(&format!("{last} is below {first}")));
        }
        if first < self.unprivileged_start {
            let start = self.unprivileged_start;
            let detail = format!("{first} is below ip_unprivileged_port_start, {start} then");
            return Err(RefusedWrite { rejection: Rejection::Order, detail });
        }
        self.range = (first, last);
        Ok(())
    }

    fn write_start(&mut self, bytes: &[u8]) -> Result<(), RefusedWrite> {
        let start = u16::try_from(one(bytes, 0, 65535)?);
        let start = start.map_err(|_| invalid("a port is expected"))?;
        let first = self.range.0;
        if start > first {
            let detail = format!("{start} is above the range's first port, {first} then");
            return Err(RefusedWrite { rejection: Rejection::Order, detail });
        }
        self.unprivileged_start = start;
        Ok(())
    }

    /// A write at offset 0 replaces the list, one that follows adds to it. A long one is taken up
    /// to the last item that is certainly whole.
    fn write_list(&mut self, bytes: &[u8], first: bool) -> Write {
        let skipped = bytes.len().saturating_sub(LOOKED_AT);
        let mut left = without_newlines(&bytes[..bytes.len() - skipped]);
        let mut ranges = Vec::new();
        while !left.is_empty() {
            let parsed = item(left, skipped > 0);
            match parsed {
                Ok(None) => break,
                Ok(Some((range, rest))) => {
                    ranges.push(range);
                    left = without_newlines(rest);
                }
                Err(mut refused) => {
                    let has = |wanted: &[u8]| bytes.trim_ascii().iter().any(|b| wanted.contains(b));
                    if has(b"\"'") {
                        refused.rejection = Rejection::QuotedValue;
                        "the kernel accepts no quotes".clone_into(&mut refused.detail);
                    } else if has(b" \t") {
                        refused.rejection = Rejection::SpaceInList;
                        "the kernel accepts no space in the list".clone_into(&mut refused.detail);
                    }
                    return Write::Refused(refused);
                }
            }
        }
        let added: PortSet = ranges.into_iter().collect();
        self.reserved = if first { added } else { self.reserved.union(&added) };
        Write::Took(bytes.len() - skipped - left.len())
    }
}

type Item<'a> = (PortRange, &'a [u8]);

/// One port or range at the start of a list, and what follows its separator; `None` where the text
/// is cut in it.
fn item(text: &[u8], cut: bool) -> Result<Option<Item<'_>>, RefusedWrite> {
    let unsigned = |text: &[u8], number: i64| {
        let port = u16::try_from(number).ok().filter(|_| !text.starts_with(b"-"));
        port.ok_or_else(|| invalid("a port is 0 to 65535"))
    };
    let (low, rest) = digits(text, b"-,\n")?;
    // The one byte may be a hyphen with more behind it.
    if cut && rest.len() <= 1 {
        return Ok(None);
    }
    let low = unsigned(text, low)?;
    let Some((separator, rest)) = rest.split_first() else {
        return Ok(Some((PortRange::single(low), rest)));
    };
    if *separator != b'-' {
        return Ok(Some((PortRange::single(low), rest)));
    }
    let (high, after) = digits(rest, b",\n\0")?;
    if cut && after.is_empty() {
        return Ok(None);
    }
    let high = unsigned(rest, high)?;
    let range = PortRange::new(low, high);
    let range = range.ok_or_else(|| invalid(&format!("{low}-{high} runs backwards")))?;
    Ok(Some((range, after.get(1..).unwrap_or_default())))
}

fn one(bytes: &[u8], min: i64, max: i64) -> Result<i32, RefusedWrite> {
    let (value, _) = number(looked_at(bytes), min, max)?;
    let value = value.ok_or_else(|| invalid("there is no number"))?;
    i32::try_from(value).map_err(|_| invalid("the number is too large"))
}

fn port(number: i64) -> u16 {
    u16::try_from(number).unwrap_or(u16::MAX)
}

fn looked_at(bytes: &[u8]) -> &[u8] {
    &bytes[..bytes.len().min(LOOKED_AT)]
}

/// A number after blanks, and what follows; `None` where there is none.
fn number(text: &[u8], min: i64, max: i64) -> Result<(Option<i64>, &[u8]), RefusedWrite> {
    let text = spaces_off(text);
    if text.is_empty() {
        return Ok((None, text));
    }
    let (value, rest) = digits(text, b" \t\n")?;
    if value < min || value > max {
        return Err(invalid(&format!("{value} is not in {min} to {max}")));
    }
    Ok((Some(value), rest))
}

/// A number as strtoul(3) with base 0 reads it: 0x is hexadecimal, a leading zero octal. One of
/// `ends` follows it, where any is given, or nothing.
fn digits<'a>(text: &'a [u8], ends: &[u8]) -> Result<(i64, &'a [u8]), RefusedWrite> {
    let window = &text[..text.len().min(NUMBER_MAX)];
    let negative = text.len() > 1 && text.starts_with(b"-");
    let after_sign = &window[usize::from(negative)..];
    let (base, prefix) = match after_sign {
        [b'0', b'x' | b'X', digit, ..] if digit.is_ascii_hexdigit() => (16, 2),
        [b'0', ..] => (8, 0),
        [digit, ..] if digit.is_ascii_digit() => (10, 0),
        _ => return Err(invalid("something other than a number is where one should be")),
    };
    let number = &after_sign[prefix..];
    let length = number.iter().take_while(|byte| char::from(**byte).is_digit(base)).count();
    let end = usize::from(negative) + prefix + length;
    let mut value: u64 = 0;
    for digit in number[..length].iter().filter_map(|byte| char::from(*byte).to_digit(base)) {
        let next = value.checked_mul(base.into()).and_then(|v| v.checked_add(digit.into()));
        value = next.ok_or_else(|| invalid("the number is too large"))?;
    }
    let too_large = |_| invalid("the number is too large");
    let value = i64::try_from(value).map_err(too_large)?;
    let rest = &text[end..];
    if end == NUMBER_MAX {
        return Err(invalid("the number has too many digits"));
    }
    match rest.first() {
        Some(next) if !ends.is_empty() && !ends.contains(next) => {
            Err(invalid(&format!("{:?} follows a number", char::from(*next))))
        }
        _ => Ok((if negative { -value } else { value }, rest)),
    }
}

/// Without the blanks before it, as the kernel's isspace() has them (lib/ctype.c): 0xa0 is one.
fn spaces_off(text: &[u8]) -> &[u8] {
    let blank = |byte: &u8| matches!(byte, b'\t'..=b'\r' | b' ' | 0xa0);
    let blanks = text.iter().take_while(|byte| blank(byte)).count();
    &text[blanks..]
}

fn without_newlines(text: &[u8]) -> &[u8] {
    let newlines = text.iter().take_while(|byte| **byte == b'\n').count();
    &text[newlines..]
}

fn invalid(detail: &str) -> RefusedWrite {
    RefusedWrite { rejection: Rejection::Invalid, detail: detail.to_owned() }
}

#[cfg(test)]
mod tests;
