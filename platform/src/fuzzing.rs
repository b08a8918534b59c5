//! What only the fuzz targets reach (`fuzz/`): it is compiled under `--cfg fuzzing` alone. A claim
//! that does not hold ends the process, and the fuzzer saves the input.

use crate::ask::{OpenSockets, SocketOwners};
use crate::os;
use crate::parse::{
    bsd_conf, cgroup, cmdline, console, containers, ipadm, linux_sysctl, ndd, netsh, no,
    os_release, port_list, powershell, registry, shown, sock_diag, socket_table, sockets, sockstat,
    sysctl_conf, sysctl_text, uname, writes,
};
use crate::persisted::{File, Found, Persisted};
use crate::ports::{PortRange, PortSet};
use crate::snapshot::{Os, Reason, Transport, Why};
use crate::source::kernel_takes_filter;
use crate::usage::CensusRows;

pub use crate::capture::sealed;

/// Every parser of texts takes any bytes.
pub fn parse(bytes: &[u8]) {
    let text = &*String::from_utf8_lossy(bytes);
    for &transport in Transport::ALL {
        let _ = socket_table::rows(bytes, transport);
        let _ = socket_table::sockets(bytes, transport);
        let _ = CensusRows::parse(bytes, transport);
    }
    for separator in [linux_sysctl::BoundsSeparator::Tab, linux_sysctl::BoundsSeparator::Space] {
        let _ = linux_sysctl::port_range(bytes, separator);
    }
    let _ = linux_sysctl::unprivileged_start(bytes);
    let _ = linux_sysctl::switch(bytes);
    if let Ok(reserved) = linux_sysctl::reserved_ports(bytes) {
        assert_eq!(format!("{reserved}\n").as_bytes(), bytes, "the kernel's own form comes back");
    }
    if let Ok(ports) = port_list::ports(text) {
        assert!(ports.count() <= 65_536);
    }
    for blanks in [false, true] {
        let _ = bsd_conf::lines(bytes, blanks);
    }
    for grammar in [sysctl_conf::Grammar::Systemd, sysctl_conf::Grammar::Procps] {
        for line in sysctl_conf::lines(bytes, grammar) {
            let path = sysctl_conf::path(line.key, grammar);
            let _ = sysctl_conf::parts(&path).count();
        }
    }
    let _ = console::two_places(bytes);
    let _ = sysctl_text::entries(text).count();
    let _ = sysctl_text::refused(text).count();
    let _ = ipadm::rows(text).count();
    let _ = ndd::values(text).count();
    let _ = no::tunables(text).count();
    let _ = shown::values(text).len();
    let _ = uname::facts(text).count();
    let _ = registry::values(text).count();
    let _ = writes::writes(text).count();
    let listed = sockets::listed(text);
    assert!(listed.damaged.is_none() || listed.whole.is_empty(), "a damaged list is not whole");
    let lines = text.split('\n').count();
    assert!(listed.sockets.iter().all(|socket| (1..=lines).contains(&socket.line)));
    let _ = powershell::found(bytes);
    let _ = netsh::sections(bytes);
    let _ = powershell::templates(bytes);
    let _ = cmdline::sysctls(bytes);
    let _ = containers::inspected(bytes);
    let _ = cgroup::RunBy::parse(bytes);
    let _ = os_release::value(text, "PRETTY_NAME");
    let _ = SocketOwners::parse(bytes);
    let _ = OpenSockets::parse(bytes);
    let _ = sockstat::counter(text, "TCP:", "inuse");
}

/// A dump of sock_diag takes any bytes; and the filter that goes with a dump, made of the bytes as
/// ports, is one that the kernel takes, and lets these ports pass and no others.
pub fn netlink(bytes: &[u8]) {
    let sockets = sock_diag::sockets(bytes);
    let ends = sock_diag::ends(bytes);
    if let (Ok(sockets), Ok(ends)) = (&sockets, &ends) {
        assert_eq!(sockets.len(), ends.len(), "both readers see the same rows");
        assert!(sockets.len() * 88 <= bytes.len(), "no row without its 72 bytes and header");
    }
    let ranges: Vec<PortRange> = ranges(bytes).take(6).collect();
    let ends = ranges.iter().flat_map(|range| [range.first(), range.last()]);
    let near = ends.flat_map(|port| [port.saturating_sub(1), port, port.saturating_add(1)]);
    if !ranges.is_empty() {
        kernel_takes_filter(&ranges, near);
    }
}

/// [`PortSet`] against 65,536 plain bits: the bytes are the ranges of two sets, in turn.
pub fn ports(bytes: &[u8]) {
    let (mut a, mut b): (Vec<PortRange>, Vec<PortRange>) = (Vec::new(), Vec::new());
    for (index, range) in ranges(bytes).enumerate() {
        if index % 2 == 0 { a.push(range) } else { b.push(range) }
    }
    let ((a, in_a), (b, in_b)) = (both(a), both(b));
    same(&a, &in_a);
    same(&a.union(&b), &each(&in_a, &in_b, |a, b| a || b));
    same(&a.intersection(&b), &each(&in_a, &in_b, |a, b| a && b));
    same(&a.difference(&b), &each(&in_a, &in_b, |a, b| a && !b));
    same(&a.complement(), &each(&in_a, &in_b, |a, _| !a));
    let text = a.to_string();
    if !a.is_empty() {
        assert_eq!(port_list::ports(&text).as_ref(), Ok(&a), "what is printed is read again");
    }
}

/// Four bytes a range.
fn ranges(bytes: &[u8]) -> impl Iterator<Item = PortRange> {
    let port = |two: &[u8]| u16::from_be_bytes([two[0], two[1]]);
    bytes.chunks_exact(4).map(move |four| PortRange::between(port(&four[..2]), port(&four[2..])))
}

fn bits<'a>(ranges: impl IntoIterator<Item = &'a PortRange>) -> Vec<bool> {
    let mut bits = vec![false; 65_536];
    for range in ranges {
        bits[range.first().into()..=range.last().into()].fill(true);
    }
    bits
}

fn both(ranges: Vec<PortRange>) -> (PortSet, Vec<bool>) {
    let bits = bits(&ranges);
    (ranges.into_iter().collect(), bits)
}

fn each(a: &[bool], b: &[bool], of: fn(bool, bool) -> bool) -> Vec<bool> {
    a.iter().zip(b).map(|(a, b)| of(*a, *b)).collect()
}

fn same(set: &PortSet, wanted: &[bool]) {
    assert!(bits(set.spans()) == wanted);
    let apart = |pair: &[PortRange]| u32::from(pair[0].last()) + 1 < pair[1].first().into();
    assert!(set.spans().windows(2).all(apart), "spans touch");
    let odd: usize = wanted.iter().skip(1).step_by(2).map(|is| usize::from(*is)).sum();
    let all: usize = wanted.iter().map(|is| usize::from(*is)).sum();
    assert_eq!((set.count_parity(true) as usize, set.count() as usize), (odd, all));
    assert_eq!(set.count_parity(false) as usize, all - odd);
    for span in set.spans() {
        let near = [span.first(), span.last()]
            .map(|port| [port.saturating_sub(1), port.saturating_add(1)]);
        for port in near.concat().into_iter().chain([span.first(), span.last()]) {
            assert_eq!(set.contains(port), wanted[usize::from(port)], "{port}");
        }
    }
    assert_eq!(set.iter().next().map(usize::from), wanted.iter().position(|is| *is));
    assert_eq!(set.iter().last().map(usize::from), wanted.iter().rposition(|is| *is));
}

/// The files of a host in one text: `@@ PATH` on a line, and the content behind it. A content of
/// `!null`, `!nothing` or `!unread` is no text but what it says. Paths where the system keeps no
/// settings are left out.
pub fn persisted(os: Os, text: &[u8]) -> Persisted {
    let wanted = os::persisted(os);
    let mut persisted = Persisted {
        folders: wanted.folders.iter().map(|_| Vec::new()).collect(),
        ..Persisted::default()
    };
    for piece in split(text, b"@@ ") {
        let end = piece.iter().position(|byte| *byte == b'\n').unwrap_or(piece.len());
        let (path, content) = (&piece[..end], piece.get(end + 1..).unwrap_or_default());
        let Some(slash) = path.iter().rposition(|byte| *byte == b'/') else { continue };
        let (folder, name) = (&path[..slash], &path[slash + 1..]);
        let found = match content.trim_ascii_end() {
            b"!null" => Found::Null,
            b"!nothing" => Found::Nothing("it is a folder"),
            b"!unread" => Found::Unread(Why::new(Reason::Denied, "not allowed")),
            _ => Found::Text(content.to_vec()),
        };
        let place = String::from_utf8_lossy(path).into_owned();
        let file = File { name: name.to_vec(), path: place.clone(), place, found };
        if wanted.files.iter().any(|known| known.as_bytes() == path) {
            persisted.files.push(file);
        } else if let Some(at) = wanted.folders.iter().position(|known| known.as_bytes() == folder)
        {
            if (wanted.matters)(name) && !persisted.folders[at].iter().any(|f| f.name == name) {
                persisted.folders[at].push(file);
            }
        }
    }
    for folder in &mut persisted.folders {
        folder.sort_by(|a, b| a.name.cmp(&b.name));
    }
    persisted
}

/// The pieces that begin behind `mark` at the start of a line.
pub fn split<'a>(text: &'a [u8], mark: &[u8]) -> Vec<&'a [u8]> {
    let starts: Vec<usize> = (0..text.len())
        .filter(|&at| (at == 0 || text[at - 1] == b'\n') && text[at..].starts_with(mark))
        .collect();
    let ends = starts.iter().skip(1).copied().chain([text.len()]);
    starts.iter().zip(ends).map(|(&start, end)| &text[start + mark.len()..end]).collect()
}
