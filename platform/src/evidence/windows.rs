//! The tables of netsh and PowerShell in evidence.

use std::collections::BTreeMap;

use super::recognise::Signs;
use super::{EvidenceError, Told, not_captured};
use crate::ask::{Answer, NetshTable, Refusal};
use crate::parse::netsh::{self, Kind, Store, Table};
use crate::parse::powershell::{self, Template};
use crate::snapshot::{Family, Reason, Source, Transport, Why};
use crate::unread::{Subject, Unread};

/// The tables, by what they are of.
#[derive(Debug, Default)]
pub(super) struct Tables {
    netsh: BTreeMap<(NetshTable, Family, Transport), Told>,
    settings: BTreeMap<Transport, Told>,
    /// Places of tables that do not say their family.
    familyless: Vec<String>,
}

impl Tables {
    /// Takes what it understands of a piece.
    pub(super) fn read(
        &mut self,
        name: &str,
        bytes: &[u8],
        signs: &mut Signs,
    ) -> Result<(), EvidenceError> {
        let damaged = |what: String| EvidenceError::Damaged { name: name.to_owned(), what };
        let sections = netsh::sections(bytes).map_err(|error| damaged(error.to_string()))?;
        for section in sections {
            let place = format!("{name}:{}", section.line);
            // Without a transport nothing says what it is of; what holds after the next boot does
            // not hold now.
            let Some(transport) = section.transport else { continue };
            if section.store == Some(Store::Persistent) {
                continue;
            }
            signs.see_windows("a table of netsh", &place);
            let table = match section.kind {
                Kind::DynamicPort => NetshTable::DynamicPort,
                Kind::ExcludedPorts => NetshTable::ExcludedPortRange,
            };
            if section.family.is_none() {
                self.familyless.push(place.clone());
            }
            let key = (table, section.family.unwrap_or(Family::Ipv4), transport);
            let told = match (&section.table, &section.more) {
                (Ok(table), None) => Told { place, outcome: Ok(printed(table, transport, true)) },
                (Ok(table), Some(damage)) => {
                    let place = format!("{name}:{}", damage.line);
                    Told { place, outcome: Ok(printed(table, transport, false)) }
                }
                (Err(damage), _) => {
                    let place = format!("{name}:{}", damage.line);
                    let why = Why::new(Reason::Unparsable, damage.what);
                    Told { place, outcome: Err(Refusal::Failed(why)) }
                }
            };
            tell(&mut self.netsh, key, told);
        }
        self.read_settings(name, bytes, signs, &damaged)
    }

    fn read_settings(
        &mut self,
        name: &str,
        bytes: &[u8],
        signs: &mut Signs,
        damaged: &impl Fn(String) -> EvidenceError,
    ) -> Result<(), EvidenceError> {
        let templates = match powershell::templates(bytes) {
            Ok(templates) if templates.is_empty() => return Ok(()),
            Ok(templates) => templates,
            // A text may begin like JSON and be none, such as one with a prompt in brackets.
            Err(powershell::PowershellError::Json(_)) if !names_port_ranges(bytes) => {
                return Ok(());
            }
            Err(error) => return Err(damaged(error.to_string())),
        };
        // Get-NetUDPSetting has one object, and it has no name; the templates of Get-NetTCPSetting
        // have one each.
        let nameless = templates.iter().filter(|template| template.name.is_none()).count();
        if nameless > 1 {
            return Err(damaged("settings without names: of TCP or of UDP?".to_owned()));
        }
        let place = format!("{name}:1");
        signs.see_windows("a setting of PowerShell", &place);
        let (udp, tcp): (Vec<_>, Vec<_>) =
            templates.into_iter().partition(|template| template.name.is_none());
        for (transport, templates) in [(Transport::Udp, udp), (Transport::Tcp, tcp)] {
            if !templates.is_empty() {
                let outcome = Ok(listed(&templates));
                tell(&mut self.settings, transport, Told { place: place.clone(), outcome });
            }
        }
        Ok(())
    }

    /// The table of that family and transport.
    pub(super) fn netsh(&self, table: NetshTable, family: Family, transport: Transport) -> Answer {
        let command = format!("netsh {}", table.arguments(family, transport).join(" "));
        answer(self.netsh.get(&(table, family, transport)), &command)
    }

    /// The settings of that transport.
    pub(super) fn net_setting(&self, transport: Transport) -> Answer {
        let command = match transport {
            Transport::Tcp => "Get-NetTCPSetting",
            Transport::Udp => "Get-NetUDPSetting",
        };
        answer(self.settings.get(&transport), command)
    }

    /// netsh does not print the family: where no echoed command line does, IPv4 is what `netsh int
    /// ip` shows too.
    pub(super) fn notes(&self) -> Vec<Unread> {
        let note = |place: &String| {
            let detail = format!("{place} does not say its family; it is taken for IPv4");
            Unread::new(Subject::NetshFamily, Why::new(Reason::NotCaptured, detail))
        };
        self.familyless.iter().map(note).collect()
    }
}

/// Whether the properties of Get-NetTCPSetting are named.
fn names_port_ranges(bytes: &[u8]) -> bool {
    bytes.windows(9).any(|window| window == b"PortRange")
}

fn answer(told: Option<&Told>, command: &str) -> Answer {
    match told {
        Some(told) => Answer::new(Source::Capture(told.place.clone().into()), told.outcome.clone()),
        None => not_captured(Source::Command(command.to_owned().into()), command),
    }
}

fn tell<K: Ord>(tables: &mut BTreeMap<K, Told>, key: K, told: Told) {
    match tables.get_mut(&key) {
        None => {
            tables.insert(key, told);
        }
        Some(known) if known.outcome == told.outcome => {}
        Some(known) => {
            let detail = format!(
                "{} and {} give different values for the same setting",
                known.place, told.place
            );
            known.outcome = Err(Refusal::Failed(Why::new(Reason::Unparsable, detail)));
        }
    }
}

/// The templates alone, as PowerShell lists them.
fn listed(templates: &[Template]) -> Vec<u8> {
    let mut text = String::new();
    for template in templates {
        let name = template.name.iter().map(|name| format!("SettingName : {name}\r\n"));
        let range = |what: &str, range: Option<powershell::StartCount>| {
            let (start, count) =
                range.map(|range| (range.start.to_string(), range.count.to_string())).unzip();
            let (start, count) = (start.unwrap_or_default(), count.unwrap_or_default());
            format!("{what}StartPort : {start}\r\n{what}NumberOfPorts : {count}\r\n")
        };
        text.extend(name);
        text += &range("DynamicPortRange", template.dynamic);
        if template.auto_reuse.is_some() {
            text += &range("AutoReusePortRange", template.auto_reuse);
        }
        text += "\r\n";
    }
    text.into_bytes()
}

/// The table alone, as netsh prints it, for the reader that the live host's output goes through
/// too. A list that may go on ends in the middle.
fn printed(table: &Table, transport: Transport, whole: bool) -> Vec<u8> {
    let mut lines = Vec::new();
    match table {
        Table::DynamicPort { start, count } => {
            lines.push(format!("\r\nProtocol {transport} Dynamic Port Range"));
            lines.push("---------------------------------".to_owned());
            lines.push(format!("Start Port      : {start}"));
            lines.push(format!("Number of Ports : {count}"));
        }
        Table::ExcludedPorts(rows) => {
            lines.push(format!("\r\nProtocol {transport} Port Exclusion Ranges\r\n"));
            lines.push("Start Port    End Port\r\n----------    --------".to_owned());
            lines.extend(rows.iter().map(|row| {
                let mark = if row.administered { "     *" } else { "" };
                format!("{:>10}  {:>10}{mark}", row.range.first(), row.range.last())
            }));
            lines.push(
                if whole { "\r\n* - Administered port exclusions." } else { "..." }.to_owned(),
            );
        }
    }
    lines.push("\r\n".to_owned());
    lines.join("\r\n").into_bytes()
}
