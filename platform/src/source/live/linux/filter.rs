//! The filter that the kernel runs on each socket of a dump: `INET_DIAG_REQ_BYTECODE`
//! (include/uapi/linux/inet_diag.h).

use crate::ports::PortRange;

const REQ_BYTECODE: u16 = 1;
const NOP: u8 = 0;
const JMP: u8 = 1;
const S_GE: u8 = 2;
const S_LE: u8 = 3;

/// In bytes: a comparison has its port in an operation of its own behind it.
const COMPARISON: usize = 8;
const JUMP: usize = 4;

/// The attribute that lets only local ports in one of the ranges pass. The kernel refuses the one
/// of no range at all.
///
/// A program passes a socket where it arrives right at its end, and not where it jumps 4 bytes past
/// it (`inet_diag_bc_run`). Before, `inet_diag_bc_audit` (both net/ipv4/inet_diag.c) goes through
/// it by `yes` alone, so each of those leads to the next operation, and the end is reached early by
/// the `no` of a jump.
pub(super) fn local_ports(ranges: &[PortRange]) -> Vec<u8> {
    // The last range needs no jump over others.
    let length = (ranges.len() * (2 * COMPARISON + JUMP)).saturating_sub(JUMP);
    let mut program = Vec::with_capacity(4 + length);
    program.extend(distance(4 + length).to_ne_bytes());
    program.extend(REQ_BYTECODE.to_ne_bytes());
    for (index, range) in ranges.iter().enumerate() {
        let to_end = length - index * (2 * COMPARISON + JUMP);
        let last = index + 1 == ranges.len();
        let to_next = if last { to_end + 4 } else { 2 * COMPARISON + JUMP };
        program.extend(comparison(S_GE, range.first(), to_next));
        program.extend(comparison(S_LE, range.last(), to_next - COMPARISON));
        if !last {
            program.extend(operation(JMP, JUMP, distance(to_end - 2 * COMPARISON)));
        }
    }
    program
}

/// `struct inet_diag_bc_op`: where to go on, in bytes from here.
fn operation(code: u8, yes: usize, no: u16) -> [u8; 4] {
    let [low, high] = no.to_ne_bytes();
    [code, distance(yes).to_le_bytes()[0], low, high]
}

fn comparison(code: u8, port: u16, no: usize) -> Vec<u8> {
    [operation(code, COMPARISON, distance(no)), operation(NOP, 0, port)].concat()
}

fn distance(bytes: usize) -> u16 {
    u16::try_from(bytes).unwrap_or(u16::MAX)
}

/// What the kernel makes of a filter.
#[cfg(any(test, fuzzing))]
pub(crate) mod kernel {
    use super::*;

    type Op = (u8, usize, usize);

    fn op(program: &[u8], at: usize) -> Op {
        let no = u16::from_ne_bytes([program[at + 2], program[at + 3]]);
        (program[at], program[at + 1].into(), no.into())
    }

    /// The checks of `inet_diag_bc_audit` for these operations.
    fn audit(program: &[u8]) {
        let mut at = 0;
        while at < program.len() {
            let (code, yes, no) = op(program, at);
            let least = if code == JMP { JUMP } else { COMPARISON };
            let left = program.len() - at;
            assert!(matches!(code, JMP | S_GE | S_LE));
            assert!(left >= least && (least..=left + 4).contains(&no) && no % 4 == 0);
            assert!(no >= left || reached(program, at + no), "no leads between two operations");
            assert!((least..=left).contains(&yes) && yes % 4 == 0);
            if code != JMP {
                assert_eq!(op(program, at + 4).0, NOP);
            }
            at += yes;
        }
        assert_eq!(at, program.len());
    }

    fn reached(program: &[u8], target: usize) -> bool {
        let mut at = 0;
        while at < target {
            at += op(program, at).1;
        }
        at == target
    }

    /// `inet_diag_bc_run`.
    fn passes(program: &[u8], port: u16) -> bool {
        let mut at = 0;
        while at < program.len() {
            let (code, yes, no) = op(program, at);
            let with = || op(program, at + 4).2;
            let met = match code {
                S_GE => usize::from(port) >= with(),
                S_LE => usize::from(port) <= with(),
                _ => false,
            };
            at += if met { yes } else { no };
        }
        at == program.len()
    }

    /// Holds the filter of some ranges, at least one, to it, by these ports.
    pub(crate) fn takes(ranges: &[PortRange], ports: impl Iterator<Item = u16>) {
        let attribute = local_ports(ranges);
        let length = u16::from_ne_bytes([attribute[0], attribute[1]]);
        assert_eq!((usize::from(length), length % 4), (attribute.len(), 0));
        let program = &attribute[4..];
        audit(program);
        for port in ports {
            let wanted = ranges.iter().any(|range| range.contains(port));
            assert_eq!(passes(program, port), wanted, "{port} of {ranges:?}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_program_is_valid_and_lets_these_ports_pass_and_no_others() {
        let range = PortRange::between;
        for ranges in [
            vec![range(1, 1023)],
            vec![range(32_768, 60_999), range(1, 1023)],
            vec![range(1, 65_535), range(1, 1023)],
            vec![range(40_000, 40_000), range(0, 0), range(65_535, 65_535)],
        ] {
            kernel::takes(&ranges, 0..=u16::MAX);
        }
    }
}
