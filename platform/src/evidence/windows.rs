//! The tables of netsh and PowerShell in evidence.

use std::collections::BTreeMap;

use super::recognise::Signs;
use super::tunables::TunableText;
use super::{EvidenceError, not_captured};
use crate::ask::{Answer, NetshTable, Refusal};
use crate::parse::netsh::{self, Kind, Store, Table};
use crate::parse::powershell::{self, FoundObject, Template};
use crate::parse::transcript::Transcript;
use crate::parse::writes::Change;
use crate::snapshot::{Family, Reason, Source, Transport, Why};
use crate::unread::{Subject, Unread};

/// The tables, by what they are of.
#[derive(Debug, Default)]
pub(super) struct Tables {
    netsh: BTreeMap<(NetshTable, Family, Transport), TunableText>,
    settings: BTreeMap<Transport, TunableText>,
    /// Those that do not say their family.
    familyless: BTreeMap<(NetshTable, Transport), TunableText>,
    /// What was told twice.
    replaced: Vec<Unread>,
}

impl Tables {
    /// Takes what it understands of a piece.
    pub(super) fn read(
        &mut self,
        name: &str,
        bytes: &[u8],
        transcript: &Transcript,
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
            let line = match (&section.table, &section.more) {
                (Err(damage), _) | (Ok(_), Some(damage)) => damage.line,
                (Ok(_), None) => section.line,
            };
            let place = format!("{name}:{line}");
            let outcome = match &section.table {
                Ok(table) => Ok(printed(table, transport, section.more.is_none())),
                Err(damage) => {
                    let detail = format!("{place}: {}", damage.what);
                    Err(Refusal::Failed(Why::new(Reason::Unparsable, detail)))
                }
            };
            // Two that do not say their family may be of one each: neither is the later state.
            let named = section.family.is_some();
            let epoch = if named {
                transcript.at(section.line)
            } else {
                transcript.of_no_command(section.line)
            };
            let setting = TunableText { place, epoch, outcome };
            let what = table.arguments(section.family.unwrap_or(Family::Ipv4), transport).join(" ");
            self.replaced.extend(match section.family {
                Some(family) => add(&mut self.netsh, (table, family, transport), setting, &what),
                None => add(&mut self.familyless, (table, transport), setting, &what),
            });
        }
        self.read_settings((name, bytes), transcript, signs, &damaged)
    }

    fn read_settings(
        &mut self,
        (name, bytes): (&str, &[u8]),
        transcript: &Transcript,
        signs: &mut Signs,
        damaged: &impl Fn(String) -> EvidenceError,
    ) -> Result<(), EvidenceError> {
        let found = powershell::found(bytes).map_err(|error| damaged(error.to_string()))?;
        let nameless = |found: &&FoundObject| found.transport.is_none();
        // Get-NetUDPSetting has one object; of several, some are blank where they are TCP's.
        let several = found.iter().filter(nameless).count() > 1;
        let blank = found
            .iter()
            .filter(nameless)
            .any(|found| found.template.as_ref().is_ok_and(|template| template.dynamic.is_none()));
        let of = |found: &FoundObject| match found.transport {
            Some(transport) => Some(transport),
            None if blank => Some(Transport::Tcp),
            None => (!several && found.template.is_ok()).then_some(Transport::Udp),
        };
        for &transport in Transport::ALL {
            let mine = found.iter().filter(|found| of(found).is_none_or(|of| of == transport));
            let mine: Vec<&FoundObject> = mine.collect();
            for listing in mine.chunk_by(|one, other| one.command == other.command) {
                let Some(first) = listing.first() else { continue };
                signs.see_windows("a setting of PowerShell", &format!("{name}:{}", first.line));
                let unsure = listing.iter().find(|found| of(found).is_none());
                let wrong = listing
                    .iter()
                    .find_map(|found| Some((found.line, found.template.as_ref().err()?)));
                let (line, outcome) = match (unsure, wrong) {
                    (_, Some((line, error))) => (line, Err(error.to_string())),
                    (Some(found), None) => {
                        (found.line, Err("settings without names: of TCP or of UDP?".to_owned()))
                    }
                    (None, None) => {
                        let templates: Vec<&Template> = listing
                            .iter()
                            .filter_map(|found| found.template.as_ref().ok())
                            .collect();
                        (first.line, Ok(listed(&templates, transport)))
                    }
                };
                let place = format!("{name}:{line}");
                let outcome = outcome.map_err(|what| {
                    Refusal::Failed(Why::new(Reason::Unparsable, format!("{place}: {what}")))
                });
                let setting = TunableText { place, epoch: transcript.at(first.line), outcome };
                self.replaced.extend(add(
                    &mut self.settings,
                    transport,
                    setting,
                    command(transport),
                ));
            }
        }
        Ok(())
    }

    /// What was told before a command changed it holds no more.
    pub(super) fn outdate(&mut self, written: &Change, at: &TunableText) {
        let of_kind = |kind: Kind| match written {
            Change::Table { kind: changed, .. } => changed.is_none_or(|changed| changed == kind),
            _ => kind == Kind::DynamicPort,
        };
        let (of_family, of_transport) = match *written {
            Change::Table { family, transport, .. } => (family, transport),
            Change::Templates(transport) => (None, Some(transport)),
            _ => return,
        };
        let fits = |kind, family: Option<Family>, transport: Transport| {
            of_kind(match kind {
                NetshTable::DynamicPort => Kind::DynamicPort,
                NetshTable::ExcludedPortRange => Kind::ExcludedPorts,
            }) && family.is_none_or(|family| of_family.is_none_or(|of| of == family))
                && of_transport.is_none_or(|of| of == transport)
        };
        let tables = self.netsh.iter_mut().map(|((kind, family, transport), setting)| {
            (fits(*kind, Some(*family), *transport), setting)
        });
        let familyless = self
            .familyless
            .iter_mut()
            .map(|((kind, transport), setting)| (fits(*kind, None, *transport), setting));
        let settings = self
            .settings
            .iter_mut()
            .map(|(transport, setting)| (fits(NetshTable::DynamicPort, None, *transport), setting));
        for (fits, setting) in tables.chain(familyless).chain(settings) {
            if fits {
                setting.outdate(at);
            }
        }
    }

    /// The table of that family and transport.
    pub(super) fn netsh(&self, table: NetshTable, family: Family, transport: Transport) -> Answer {
        let command = format!("netsh {}", table.arguments(family, transport).join(" "));
        let named = self.netsh.get(&(table, family, transport));
        let familyless = self.familyless.get(&(table, transport));
        answer(named.or(familyless.filter(|_| family == Family::Ipv4)), &command)
    }

    /// The settings of that transport.
    pub(super) fn net_setting(&self, transport: Transport) -> Answer {
        answer(self.settings.get(&transport), command(transport))
    }

    /// netsh does not print the family: where no echoed command line does, IPv4 is what `netsh int
    /// ip` shows too. Beside a table that a command line says is IPv4's it may be of either.
    pub(super) fn notes(&self) -> Vec<Unread> {
        let note = |((table, transport), setting): (&(NetshTable, Transport), &TunableText)| {
            let named = self.netsh.get(&(*table, Family::Ipv4, *transport));
            let place = &setting.place;
            let taken = match named {
                None => "it is taken for IPv4".to_owned(),
                Some(named) => format!("that of IPv4 is in {}: not read", named.place),
            };
            let detail = format!("{place} does not say its family; {taken}");
            Unread::new(Subject::NetshFamily, Why::new(Reason::NotCaptured, detail))
        };
        self.familyless.iter().map(note).chain(self.replaced.iter().cloned()).collect()
    }
}

const fn command(transport: Transport) -> &'static str {
    match transport {
        Transport::Tcp => "Get-NetTCPSetting",
        Transport::Udp => "Get-NetUDPSetting",
    }
}

fn answer(setting: Option<&TunableText>, command: &str) -> Answer {
    match setting {
        Some(setting) => {
            Answer::new(Source::Capture(setting.place.clone().into()), setting.outcome.clone())
        }
        None => not_captured(Source::Command(command.to_owned().into()), command),
    }
}

fn add<K: Ord>(
    tables: &mut BTreeMap<K, TunableText>,
    key: K,
    setting: TunableText,
    what: &str,
) -> Option<Unread> {
    match tables.get_mut(&key) {
        None => {
            tables.insert(key, setting);
            None
        }
        Some(known) => known.again(what, setting),
    }
}

/// The templates alone, as PowerShell lists them.
fn listed(templates: &[&Template], transport: Transport) -> Vec<u8> {
    let mut text = String::new();
    for template in templates {
        // A template whose list left its name out is TCP's all the same.
        let name = template.name.as_deref().or((transport == Transport::Tcp).then_some("-"));
        let name = name.into_iter().map(|name| format!("SettingName : {name}\r\n"));
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
