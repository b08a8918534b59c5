//! /etc/sysctl.conf of the BSDs: every line is written in its turn, and each write is judged by
//! itself.

use super::told::{OfKey, Place};
use super::{Wanted, suspects};
use crate::boot::{Boot, Loader, Rejection};
use crate::parse::bsd_conf::{self, Grammar, Line, Number, Says};
use crate::persisted::{Found, Persisted};
use crate::ports::PortSet;
use crate::snapshot::{Reason, Source, Why};
use crate::unread::Unread;

pub(super) const SYSCTL_CONF: &str = "/etc/sysctl.conf";

/// What the write of a value comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Write {
    /// What reading gives then.
    Took(String),
    /// The same; what it gives, [`Kernel::list`] says at the end.
    TookList,
    /// The same, where it is not what was written.
    Clamped(String, String),
    /// Nothing changes.
    Refused(Rejection, String),
    /// Not every release makes the same of it.
    Unsure(&'static str),
    /// The same, and sysctl(8) may end there, before the lines that follow.
    Ends(Rejection, String),
}

impl Write {
    pub(super) fn invalid(detail: impl Into<String>) -> Self {
        Self::Refused(Rejection::Invalid, detail.into())
    }
}

/// The values of a kernel as the writes so far left them.
pub(super) trait Kernel {
    /// Why a key is not known before the first line, where that is so.
    fn doubt(&self, _key: &str) -> Option<&'static str> {
        None
    }

    /// Writes a value.
    fn write(&mut self, key: &'static str, value: &[u8]) -> Write;

    /// A list as sysctl(8) prints it.
    fn list(&self, _key: &str) -> Option<String> {
        None
    }
}

/// How a system applies its files.
pub(super) struct Rules {
    pub(super) loader: Loader,
    pub(super) grammar: Grammar,
    /// In the order in which they are applied.
    pub(super) files: &'static [&'static str],
    pub(super) keys: &'static [&'static str],
}

impl Rules {
    pub(super) fn wanted(&self) -> Wanted {
        let files = self.files.iter().copied().chain([suspects::RC_LOCAL]).collect();
        Wanted { folders: &[], files, matters: |_| true }
    }

    /// What the files leave in the kernel.
    pub(super) fn boot(&self, persisted: &Persisted, kernel: &mut dyn Kernel) -> Boot {
        let mut told = Told::new(self, kernel);
        let mut unread = persisted.unread.clone();
        for path in self.files {
            let name = path.trim_start_matches("/etc/").as_bytes();
            let Some(file) = persisted.files.iter().find(|file| file.name == name) else {
                let why = Why::new(Reason::NotCaptured, format!("{path} was not looked for"));
                unread.push(Unread::of_file(*path, why));
                continue;
            };
            match &file.found {
                Found::Text(text) => {
                    let source = Source::File(file.place.clone().into());
                    for line in bsd_conf::lines(text, self.grammar) {
                        told.apply(&line, (&source, Some(line.number)), kernel);
                    }
                }
                Found::Unread(why) => unread.push(file.unread(why.clone())),
                Found::Null | Found::Nothing(_) => {}
            }
        }
        // A file may set any key, and the order of the writes counts.
        let entries = told.keys.into_iter().map(|key| {
            let value = if key.listed { kernel.list(key.name) } else { key.value };
            key.lines.entry(key.name, self.loader, unread.first(), value)
        });
        Boot {
            entries: entries.collect(),
            suspects: suspects::rc_local(persisted, self.keys),
            unread,
            ..Boot::default()
        }
    }
}

struct Key {
    name: &'static str,
    lines: OfKey,
    /// What reading it gives, where a line decides.
    value: Option<String>,
    /// Whether the kernel is asked for it at the end.
    listed: bool,
}

struct Told {
    keys: Vec<Key>,
    /// Whether sysctl(8) may have ended.
    ended: bool,
}

impl Told {
    fn new(rules: &Rules, kernel: &dyn Kernel) -> Self {
        let keys = rules.keys.iter().map(|&name| {
            let mut lines = OfKey::default();
            if let Some(detail) = kernel.doubt(name) {
                lines.doubt(detail);
            }
            Key { name, lines, value: None, listed: false }
        });
        Self { keys: keys.collect(), ended: false }
    }

    fn apply(&mut self, line: &Line<'_>, place: Place<'_>, kernel: &mut dyn Kernel) {
        match line.says {
            Says::Odd(why) => {
                let named = |key: &&mut Key| contains(line.text, key.name.as_bytes());
                // What an odd line leaves, the lines after it build upon.
                for key in self.keys.iter_mut().filter(named) {
                    kernel.write(key.name, UNKNOWN);
                    key.lines.doubt(format!("line {}: {why}", line.number));
                }
            }
            Says::Show { key } => {
                if let Some(key) = self.key(key) {
                    let detail = "nothing is set: there must be a = and no blank before it";
                    let reason = (Rejection::NoAssignment, detail.to_owned());
                    key.lines.reject(line.text, place, reason);
                } else {
                    self.meant(key, line.text, place);
                }
            }
            Says::Set { key: name, value } => {
                let ended = self.ended;
                let Some(key) = self.key(name) else { return self.meant(name, value, place) };
                let done = kernel.write(key.name, if ended { UNKNOWN } else { value });
                if ended {
                    key.lines.doubt("sysctl(8) may have stopped at an earlier line");
                    return;
                }
                self.ended = key.wrote(done, value, place);
            }
        }
    }

    fn key(&mut self, name: &[u8]) -> Option<&mut Key> {
        self.keys.iter_mut().find(|key| key.name.as_bytes() == name)
    }

    /// A line whose key is no sysctl, and looks like one of ours.
    fn meant(&mut self, name: &[u8], value: &[u8], place: Place<'_>) {
        let marked = name.strip_prefix(b"\xef\xbb\xbf");
        let word = marked.unwrap_or(name);
        let bare: Vec<u8> = word.iter().copied().filter(|byte| !b"\"' \t".contains(byte)).collect();
        let dots = |byte: u8| if byte == b'/' { b'.' } else { byte };
        let lower: Vec<u8> = bare.iter().map(|byte| dots(byte.to_ascii_lowercase())).collect();
        let (rejection, detail) = if marked.is_some() {
            (Rejection::ByteOrderMark, "a byte order mark is part of the key")
        } else if word.iter().any(|byte| b"\"'".contains(byte)) {
            (Rejection::QuotedKey, "the quotes are part of the key")
        } else if bare.iter().any(u8::is_ascii_uppercase) {
            (Rejection::Case, "keys are in lower case")
        } else {
            (Rejection::Spelling, "there is no sysctl of that name")
        };
        if let Some(key) = self.key(&lower) {
            key.lines.reject(value, place, (rejection, detail.to_owned()));
        }
    }
}

impl Key {
    /// Keeps what a write came to; whether sysctl(8) may have ended with it.
    fn wrote(&mut self, done: Write, value: &[u8], place: Place<'_>) -> bool {
        match done {
            Write::Took(read) => {
                self.lines.won(value, place);
                self.value = Some(read);
            }
            Write::TookList => {
                self.lines.won(value, place);
                self.listed = true;
            }
            Write::Clamped(read, detail) => {
                self.lines.won(value, place);
                self.lines.reject(value, place, (Rejection::Clamped, detail));
                self.value = Some(read);
            }
            Write::Refused(rejection, detail) => {
                self.lines.reject(value, place, (rejection, detail));
            }
            Write::Ends(rejection, detail) => {
                self.lines.reject(value, place, (rejection, detail));
                return true;
            }
            Write::Unsure(detail) => self.lines.doubt(detail),
        }
        false
    }
}

/// The value of a write of which it is not known whether and what it writes: [`Kernel::write`] says
/// [`Write::Unsure`] to it, and to those that hang on what it left.
pub(super) const UNKNOWN: &[u8] = b"\0";

/// The number that sysctl(8) makes of a value, or why it writes none.
pub(super) fn int(value: &[u8], base: u32) -> Result<i32, Write> {
    if value == UNKNOWN {
        return Err(Write::Unsure("what an earlier line wrote is not known"));
    }
    match bsd_conf::number(value, base) {
        Number::Fits(number) => Ok(number),
        Number::Beyond => Err(Write::Unsure("the number is too large for an int")),
        Number::None if value.is_empty() => Err(Write::invalid("there is no value")),
        Number::None if value.iter().any(|byte| b"\"'".contains(byte)) => {
            Err(Write::Refused(Rejection::QuotedValue, "sysctl(8) accepts no quotes".to_owned()))
        }
        Number::None => Err(Write::invalid("sysctl(8) expects a number")),
    }
}

/// A list as sysctl(8) prints it: port by port, without ranges.
pub(super) fn printed(list: &PortSet) -> String {
    list.iter().map(|port| port.to_string()).collect::<Vec<_>>().join(",")
}

fn contains(text: &[u8], name: &[u8]) -> bool {
    text.windows(name.len()).any(|window| window == name)
}

#[cfg(test)]
pub(super) mod tests {
    use crate::boot::{Boot, Entry, Rejection, State};
    use crate::persisted::{File, Found, Persisted};

    /// Files of /etc with these texts.
    pub(in crate::os) fn files(texts: &[(&str, &str)]) -> Persisted {
        let file = |(name, text): &(&str, &str)| File {
            name: name.as_bytes().to_vec(),
            place: format!("/etc/{name}"),
            found: Found::Text(text.as_bytes().to_vec()),
        };
        Persisted { files: texts.iter().map(file).collect(), ..Persisted::default() }
    }

    pub(in crate::os) fn entry<'a>(boot: &'a Boot, key: &str) -> &'a Entry {
        boot.entries.iter().find(|entry| entry.key == key).expect("an entry")
    }

    /// The value and its line; "absent", or why nothing is known.
    pub(in crate::os) fn state(boot: &Boot, key: &str) -> String {
        match &entry(boot, key).state {
            State::Known { value, origin } => {
                let line = origin.line.expect("a line");
                format!("{value} by {}:{line}", origin.source.location())
            }
            State::Absent => "absent".to_owned(),
            State::Unknown(unread) => format!("unknown: {}", unread.why.detail),
        }
    }

    pub(in crate::os) fn rejections(boot: &Boot, key: &str) -> Vec<Rejection> {
        entry(boot, key).rejected.iter().map(|line| line.rejection).collect()
    }
}
