//! /proc/net/sctp/eps (`sctp_eps_seq_show`, net/sctp/proc.c): a line for each endpoint, connected
//! ones included.

use crate::ports::{PortRange, PortSet};
use crate::snapshot::Why;

/// The column of the local port.
const PORT: &str = "LPORT";

/// The local ports of all endpoints.
pub(crate) fn ports(bytes: &[u8]) -> Result<PortSet, Why> {
    let text = String::from_utf8_lossy(bytes);
    let mut lines = text.lines();
    let heads = lines.next().unwrap_or_default();
    let at = heads.split_ascii_whitespace().position(|head| head == PORT);
    let at = at.ok_or_else(|| Why::unparsable(format!("no column {PORT}"), bytes))?;
    let port = |line: &str| {
        let word = line.split_ascii_whitespace().nth(at)?;
        word.parse().ok().map(PortRange::single)
    };
    let of_line = |line| port(line).ok_or_else(|| Why::unparsable("a line without a port", bytes));
    lines.filter(|line| !line.trim().is_empty()).map(of_line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADS: &str = " ENDPT     SOCK   STY SST HBKT LPORT   UID INODE LADDRS\n";

    #[test]
    fn every_endpoint_has_a_port_or_none_is_known() {
        let row =
            "ffff9a8b11112222 ffff9a8b33334444 2   10  30    38412     0 34567 0.0.0.0 ::1 \n";
        let read = |text: &str| ports(text.as_bytes()).map(|ports| ports.to_string());
        assert_eq!(read(&format!("{HEADS}{row}{row}")).as_deref(), Ok("38412"));
        assert_eq!(read(HEADS).as_deref(), Ok(""));
        for wrong in ["", "a b\n", &format!("{HEADS}ffff 1 2\n"), &row.repeat(2)] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }
}
