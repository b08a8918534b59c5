//! The lists of sockets in evidence, as the listeners of a host.

use std::collections::BTreeMap;
use std::net::IpAddr;

use super::not_captured;
use crate::ask::{CensusOf, OpenSockets, Refusal, Reply};
use crate::parse::sockets::{self, Listed};
use crate::snapshot::{Family, Reason, Source, Transport, Why};
use crate::usage::CensusRows;

/// The lists of all texts.
#[derive(Debug, Default)]
pub(super) struct Lists(Vec<(String, Listed)>);

impl Lists {
    pub(super) fn read(&mut self, name: &str, text: &str) {
        let listed = sockets::listed(text);
        if listed.line.is_some() {
            self.0.push((name.to_owned(), listed));
        }
    }

    /// The sockets of a family and transport; where no list has all of them, it says so.
    pub(super) fn of(&self, family: Family, transport: Transport) -> Reply<OpenSockets> {
        let Some((name, first)) = self.0.first() else {
            return not_captured(Source::Capture("evidence".into()), "a list of sockets");
        };
        let source = Source::Capture(format!("{name}:{}", first.line.unwrap_or(1)).into());
        let mut open = OpenSockets::default();
        // pfiles tells whose a socket is that netstat lists.
        let mut pids = BTreeMap::<(IpAddr, u16), Vec<u32>>::new();
        for socket in self.0.iter().flat_map(|(_, listed)| &listed.sockets) {
            let fits = socket.transport == transport
                && socket.address.is_ipv6() == (family == Family::Ipv6);
            if fits {
                pids.entry((socket.address, socket.port)).or_default().extend(socket.pid);
            }
        }
        open.sockets.extend(pids.into_iter().map(|((address, port), pids)| (address, port, pids)));
        let damaged = self.0.iter().find_map(|(name, listed)| {
            listed.damaged.map(|(line, what)| format!("{name}:{line}: {what}"))
        });
        let whole = self.0.iter().any(|(_, listed)| listed.whole.contains(&(family, transport)));
        let part = || {
            format!(
                "{name} may hold a part of the sockets: give what `netstat -an` prints, with its command line"
            )
        };
        let missing = damaged.or_else(|| (!whole).then(part));
        open.hidden.extend(missing.map(|detail| Why::new(Reason::NotCaptured, detail)));
        if open.sockets.is_empty() && !open.hidden.is_empty() {
            let why = open.hidden.remove(0);
            return Reply::new(source, Err(Refusal::Failed(why)));
        }
        Reply::new(source, Ok(open))
    }

    /// Who uses the ports of a pool, where one list, and no more than one, has every socket.
    pub(super) fn census(&self, of: &CensusOf<'_>) -> Reply<CensusRows> {
        let Some((name, first)) = self.0.first() else {
            return not_captured(Source::Capture("evidence".into()), "a list of sockets");
        };
        let source = Source::Capture(format!("{name}:{}", first.line.unwrap_or(1)).into());
        let lists = || self.0.iter().map(|(_, listed)| listed);
        if lists().all(|list| list.all_uses.is_empty() && !list.whole.is_empty()) {
            return not_captured(source, "a list with the connections that no process holds");
        }
        let times = |family| {
            lists().flat_map(|list| &list.all_uses).filter(|of_list| **of_list == family).count()
        };
        let times = Family::ALL.iter().map(|&family| times((family, of.transport)));
        let partly = |what: &str| {
            let detail = format!(
                "{what}: give what `netstat -an` prints once, with its command line and to its end"
            );
            Err(Refusal::Failed(Why::new(Reason::Unparsable, detail)))
        };
        let outcome = match (times.clone().min(), times.max()) {
            _ if lists().any(|list| list.too_many) => partly("there are too many sockets to count"),
            _ if lists().any(|list| list.cut_ends) => {
                partly("the addresses of some connections are cut")
            }
            (Some(1), Some(1)) => Ok(sockets::census(lists(), of)),
            (Some(1..), _) => partly("there are several lists, of several moments"),
            _ => partly("no list has every socket"),
        };
        Reply::new(source, outcome)
    }
}
