//! Every other network namespace: found by what holds it, entered by a thread that ends with its
//! visits.
//!
//! setns(2) moves a thread, and only what is opened after it is of the namespace: a file or folder
//! of /proc/sys/net that is open already stays what it was, /proc/net is the main thread's, and a
//! netlink socket is of the namespace it was made in. So each visit opens everything anew, and the
//! thread never comes back.

mod find;
mod mountinfo;
mod way;

use std::collections::BTreeMap;
use std::panic;
use std::thread;
use std::time::{Duration, Instant};

use super::files::Proc;
use crate::ask::{Answer, Place, Question, Refusal, Toured, Visitor};
use crate::snapshot::{Reason, Source, Why};
use crate::unread::{Namespaces, Subject, Unread};
pub(super) use find::FIRST_PID_NAMESPACE;
use find::{FoundNamespace, NamespaceSearch, WAYS};
use way::{Closed, NamespaceId};

/// How many namespaces are read through one procfs: with more of them each look-up takes longer,
/// with fewer the mounts do.
const BATCH: usize = 32;
/// How long the visits may take, all in all.
const PATIENCE: Duration = Duration::from_secs(20);
/// How many namespaces or processes a line names.
const NAMED: usize = 8;

/// Visits every other namespace that can be found. What cannot be entered is visited too, and
/// answers nothing.
pub(super) fn tour(visit: &mut Visitor<'_>) -> Toured {
    let mut search = match NamespaceSearch::begin() {
        Ok(search) => search,
        Err(why) => {
            let all = Subject::Namespaces(Namespaces::All);
            return Toured { own: None, unread: vec![Unread::new(all, why)] };
        }
    };
    search.run();
    let own = search.own;
    let here = search.found.remove(&own.inode).map(|found| place(own.inode, &found));
    let others: Vec<(u64, FoundNamespace)> =
        std::mem::take(&mut search.found).into_iter().collect();
    let began = Instant::now();
    let mut guide =
        Guide { visit, device: own.device, missed: BTreeMap::new(), full: false, began };
    if !in_a_thread(|| guide.lead(&others)) {
        let why = Why::new(Reason::Unsupported, "no thread could be started to enter it");
        for (inode, found) in &others {
            guide.miss(place(*inode, found), &why);
        }
    }
    let mut unread = search.unread();
    unread.extend(guide.unread());
    Toured { own: here, unread }
}

/// Whether there was a thread to be had; it has ended by then.
fn in_a_thread(work: impl FnOnce() + Send) -> bool {
    thread::scope(|scope| match thread::Builder::new().spawn_scoped(scope, work) {
        Ok(thread) => {
            thread.join().unwrap_or_else(|panicked| panic::resume_unwind(panicked));
            true
        }
        Err(_) => false,
    })
}

fn place(inode: u64, found: &FoundNamespace) -> Place {
    Place {
        id: format!("net:[{inode}]"),
        path: found.ways.first().map(way::NamespaceFile::path).unwrap_or_default(),
        named: found.named.clone(),
        process: found.process,
    }
}

struct Guide<'a, 'v> {
    visit: &'a mut Visitor<'v>,
    /// Of which all namespaces are files.
    device: (u32, u32),
    /// What was not entered: why, and which.
    missed: BTreeMap<(Reason, String), Missed>,
    /// Whether the visitor broke off.
    full: bool,
    began: Instant,
}

/// The first few namespaces that were not entered, and how many there are.
#[derive(Default)]
struct Missed {
    named: Vec<String>,
    count: usize,
}

impl Guide<'_, '_> {
    /// Moves this thread into one namespace after the other.
    fn lead(&mut self, others: &[(u64, FoundNamespace)]) {
        for batch in others.chunks(BATCH) {
            let proc = Proc::fresh();
            for (inode, found) in batch {
                let entered = match self.began.elapsed() {
                    _ if self.full => Err(Closed::Why(full())),
                    spent if spent > PATIENCE => Err(Closed::Why(late())),
                    _ => enter(NamespaceId { device: self.device, inode: *inode }, found),
                };
                match entered {
                    Ok(()) => {
                        if (self.visit)(place(*inode, found), &proc).is_break() {
                            self.full = true;
                            self.miss(place(*inode, found), &full());
                        }
                    }
                    Err(Closed::Gone) => {}
                    Err(Closed::Why(why)) => self.miss(place(*inode, found), &why),
                }
            }
        }
    }

    /// Nobody is asked: what the visitor wants to know of that namespace is refused for one reason.
    fn miss(&mut self, place: Place, why: &Why) {
        let key = (why.reason, why.detail.clone());
        let missed = self.missed.entry(key).or_default();
        missed.count += 1;
        if missed.named.len() < NAMED {
            let names = place.named.first().map(|name| format!(" ({name})")).unwrap_or_default();
            missed.named.push(format!("{}{names}", place.id));
        }
        // A few are there with unknown values, so that no rule passes; the others would fill the
        // report again.
        if self.full && missed.count > NAMED {
            return;
        }
        let detail = format!("this namespace was not entered: {}", why.detail);
        let refusal = Refusal::Failed(Why::new(why.reason, detail));
        let source = Source::File(place.path.clone().into());
        let ask = |_: Question<'_>| Answer::new(source.clone(), Err(refusal.clone()));
        if (self.visit)(place.clone(), &ask).is_break() && !self.full {
            self.full = true;
            // It is the first of those few.
            let _ = (self.visit)(place, &ask);
        }
    }

    fn unread(self) -> impl Iterator<Item = Unread> {
        self.missed.into_iter().map(|((reason, detail), Missed { named, count })| {
            let more = match count.saturating_sub(named.len()) {
                0 => String::new(),
                more => format!(" and {more} more"),
            };
            let named = named.join(", ");
            let subject = Subject::Namespaces(Namespaces::Found(count));
            Unread::new(subject, Why::new(reason, format!("not entered: {detail}: {named}{more}")))
        })
    }
}

/// Moves this thread into a namespace by the first way that still leads there.
fn enter(identity: NamespaceId, found: &FoundNamespace) -> Result<(), Closed> {
    let mut refused = None;
    for way in &found.ways {
        match way.enter(identity) {
            Ok(()) => return Ok(()),
            Err(Closed::Gone) => {}
            Err(Closed::Why(why)) => refused = Some(why),
        }
    }
    Err(match refused {
        Some(why) => Closed::Why(why),
        // Not every way was kept: another may lead there still.
        None if found.ways.len() == WAYS => {
            let detail = "every process and mount that held it is gone";
            Closed::Why(Why::new(Reason::Unsupported, detail))
        }
        None => Closed::Gone,
    })
}

fn full() -> Why {
    Why::new(Reason::Truncated, "the namespaces before it fill all the room that a report has")
}

fn late() -> Why {
    Why::new(Reason::TimedOut, "visiting the others took all the time allowed")
}
