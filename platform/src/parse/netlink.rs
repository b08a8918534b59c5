//! Netlink message framing (netlink(7); include/uapi/linux/netlink.h). All integers are in the
//! host's byte order.

use crate::snapshot::{Reason, Why};

const HEADER: usize = 16;
const NLMSG_NOOP: u16 = 1;
const NLMSG_ERROR: u16 = 2;
const NLMSG_DONE: u16 = 3;
const NLMSG_OVERRUN: u16 = 4;
const NLM_F_DUMP_INTR: u16 = 0x10;

/// What a datagram of a dump leaves to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Progress {
    /// More datagrams follow.
    More,
    /// The kernel said it is done.
    Done,
}

/// Why a dump failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum DumpError {
    /// The kernel answered with this errno, in an error message or at the end of the dump.
    Errno(i32),
    /// The tables changed under the dump (`NLM_F_DUMP_INTR`): what was sent may lack or repeat
    /// sockets.
    Interrupted,
    /// The bytes are not netlink messages.
    Malformed(&'static str),
}

impl From<DumpError> for Why {
    fn from(error: DumpError) -> Self {
        match error {
            // EPERM, EACCES
            DumpError::Errno(errno @ (1 | 13)) => {
                Self::new(Reason::Denied, format!("the kernel refused the dump (errno {errno})"))
            }
            // ENOENT: no handler, since the diag module is missing or may not be loaded
            DumpError::Errno(2) => Self::new(
                Reason::Unsupported,
                "the kernel has no sock_diag handler for it (is the tcp_diag or udp_diag module loadable?)",
            ),
            DumpError::Errno(errno) => {
                Self::new(Reason::Unsupported, format!("the dump ended with errno {errno}"))
            }
            DumpError::Interrupted => Self::new(
                Reason::Truncated,
                "the socket tables changed during every dump (NLM_F_DUMP_INTR); try again when the host is calmer",
            ),
            DumpError::Malformed(what) => Self::new(Reason::Unparsable, what),
        }
    }
}

/// Calls `each` with the type and payload of every data message in `bytes`, one datagram or several
/// in a row.
pub(crate) fn walk<'a>(
    bytes: &'a [u8],
    mut each: impl FnMut(u16, &'a [u8]) -> Result<(), DumpError>,
) -> Result<Progress, DumpError> {
    let mut rest = bytes;
    while !rest.is_empty() {
        let short = DumpError::Malformed("a netlink message is shorter than its header says");
        let (Some(length), Some(kind), Some(flags)) =
            (native_u32(rest, 0), native_u16(rest, 4), native_u16(rest, 6))
        else {
            return Err(short);
        };
        let length = length as usize;
        let Some(payload) = rest.get(HEADER..length) else {
            return Err(short);
        };
        if flags & NLM_F_DUMP_INTR != 0 {
            return Err(DumpError::Interrupted);
        }
        match kind {
            NLMSG_NOOP => {}
            NLMSG_OVERRUN => return Err(DumpError::Interrupted),
            NLMSG_ERROR => match native_i32(payload, 0) {
                Some(errno) => return Err(DumpError::Errno(errno.saturating_neg())),
                None => return Err(short),
            },
            // Linux sends the dump's result as an int: negative is an errno.
            NLMSG_DONE => match native_i32(payload, 0) {
                Some(errno) if errno < 0 => return Err(DumpError::Errno(errno.saturating_neg())),
                // `netlink_dump` puts nothing behind it (net/netlink/af_netlink.c).
                _ if rest.len() > length.next_multiple_of(4) => {
                    return Err(DumpError::Malformed("there are bytes after the end of the dump"));
                }
                _ => return Ok(Progress::Done),
            },
            _ => each(kind, payload)?,
        }
        rest = rest.get(length.next_multiple_of(4)..).unwrap_or_default();
    }
    Ok(Progress::More)
}

pub(crate) fn native_u16(bytes: &[u8], at: usize) -> Option<u16> {
    let field = bytes.get(at..at.checked_add(2)?)?;
    field.try_into().ok().map(u16::from_ne_bytes)
}

pub(crate) fn native_u32(bytes: &[u8], at: usize) -> Option<u32> {
    let field = bytes.get(at..at.checked_add(4)?)?;
    field.try_into().ok().map(u32::from_ne_bytes)
}

fn native_i32(bytes: &[u8], at: usize) -> Option<i32> {
    native_u32(bytes, at).map(|word| i32::from_ne_bytes(word.to_ne_bytes()))
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// One netlink message as the kernel lays it out.
    pub(crate) fn message(kind: u16, flags: u16, payload: &[u8]) -> Vec<u8> {
        let length = HEADER + payload.len();
        let mut bytes = u32::try_from(length).expect("small").to_ne_bytes().to_vec();
        bytes.extend(kind.to_ne_bytes());
        bytes.extend(flags.to_ne_bytes());
        bytes.extend([0; 8]);
        bytes.extend(payload);
        bytes.resize(length.next_multiple_of(4), 0);
        bytes
    }

    fn outcome(bytes: &[u8]) -> Result<(Progress, usize), DumpError> {
        let mut read = 0;
        walk(bytes, |_, _| {
            read += 1;
            Ok(())
        })
        .map(|progress| (progress, read))
    }

    #[test]
    fn a_dump_ends_only_with_done() {
        let rows = [message(20, 2, &[1; 72]), message(20, 2, &[1; 73])].concat();
        assert_eq!(outcome(&rows), Ok((Progress::More, 2)));
        let done = [rows, message(NLMSG_DONE, 2, &0i32.to_ne_bytes())].concat();
        assert_eq!(outcome(&done), Ok((Progress::Done, 2)));
        assert_eq!(outcome(b""), Ok((Progress::More, 0)));
    }

    #[test]
    fn nothing_stands_behind_the_end() {
        let done = message(NLMSG_DONE, 2, &0i32.to_ne_bytes());
        for behind in [message(20, 2, &[1; 72]), done.clone(), vec![0]] {
            let dump = [done.clone(), behind].concat();
            assert!(matches!(outcome(&dump), Err(DumpError::Malformed(_))), "{dump:?}");
        }
    }

    #[test]
    fn kernel_errors_are_errors() {
        let error = message(NLMSG_ERROR, 0, &(-2i32).to_ne_bytes());
        assert_eq!(outcome(&error), Err(DumpError::Errno(2)));
        let done = message(NLMSG_DONE, 2, &(-13i32).to_ne_bytes());
        assert_eq!(outcome(&done), Err(DumpError::Errno(13)));
        assert_eq!(Why::from(DumpError::Errno(13)).reason, Reason::Denied);
        assert_eq!(outcome(&message(NLMSG_OVERRUN, 0, &[])), Err(DumpError::Interrupted));
        let torn = message(20, 2 | NLM_F_DUMP_INTR, &[0; 72]);
        assert_eq!(outcome(&torn), Err(DumpError::Interrupted));
    }

    #[test]
    fn malformed_lengths_are_errors() {
        for length in [0u32, 15, 17, u32::MAX] {
            let mut bytes = message(20, 0, &[]);
            bytes[..4].copy_from_slice(&length.to_ne_bytes());
            assert!(matches!(outcome(&bytes), Err(DumpError::Malformed(_))), "{length}");
        }
        assert!(matches!(outcome(&[1, 2, 3]), Err(DumpError::Malformed(_))));
    }
}
