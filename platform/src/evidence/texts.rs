//! What sysctl(8), no(1), ipadm(8), ndd(8) and reg.exe printed in a text, and what a command in it
//! changed.

use super::tunables::{TunableText, Tunables};
use super::{recognise, windows};
use crate::ask::{Outcome, Refusal};
use crate::parse::transcript::Transcript;
use crate::parse::writes::{Change, writes};
use crate::parse::{ipadm, ndd, no, registry, shown, sysctl_text, uname};
use crate::snapshot::{Reason, Why};
use crate::unread::Subject;

/// A text, and the commands in it.
pub(super) struct TextOf<'a> {
    pub(super) name: &'a str,
    pub(super) text: &'a str,
    pub(super) transcript: &'a Transcript,
}

impl TextOf<'_> {
    /// A line that says nothing of a value.
    fn written(&self, line: usize) -> TunableText {
        let place = format!("{}:{line}", self.name);
        TunableText { place, epoch: self.transcript.at(line), outcome: Ok(Vec::new()) }
    }
}

pub(super) fn value(text: &str, whole: bool) -> Outcome {
    if whole {
        Ok(text.as_bytes().to_vec())
    } else {
        let detail =
            "this line may be cut: the evidence ends in the middle of it, or it is very long";
        Err(Refusal::Failed(Why::new(Reason::Truncated, detail)))
    }
}

fn refusal(name: &str, why: sysctl_text::NoValue) -> Refusal {
    match why {
        sysctl_text::NoValue::Denied => Refusal::Failed(Why::new(
            Reason::Denied,
            format!("sysctl was not allowed to read {name}; capture it as root"),
        )),
        sysctl_text::NoValue::NoSuchName => {
            Refusal::NotFound(format!("sysctl knew no {name} where the evidence was captured"))
        }
        sysctl_text::NoValue::Write | sysctl_text::NoValue::Other => Refusal::Failed(Why::new(
            Reason::Unsupported,
            format!("sysctl could not read {name} where the evidence was captured"),
        )),
    }
}

/// What sysctl(8), no(1), ipadm(8) and ndd(8) printed in a text.
pub(super) fn read(of: &TextOf<'_>, signs: &mut recognise::Signs, tunables: &mut Tunables) {
    let TextOf { name, text, transcript } = *of;
    let place = |line: usize| format!("{name}:{line}");
    let settings =
        |line, outcome| TunableText { place: place(line), epoch: transcript.at(line), outcome };
    // A file of settings by its name, and no terminal with one in it.
    let is_a_file = name.split('.').next_back() == Some("conf") && !transcript.has_commands();
    for entry in sysctl_text::entries(text) {
        let name = entry.name.replace('/', ".");
        if !recognise::says_something(&name) {
            continue;
        }
        signs.see(&name, entry.value, &place(entry.line));
        // A line of sysctl.conf says what is after a boot.
        if entry.of_a_file || is_a_file || !recognise::is_printed_so(&name, &entry) {
            tunables.add_of_a_file(&name, place(entry.line));
        } else if !recognise::is_of_a_file(&name, &entry) && !recognise::is_of_aix(&name) {
            tunables.add(&name, settings(entry.line, value(entry.value, entry.whole)));
        }
    }
    for shown in shown::values(text).into_iter().filter(|s| recognise::says_something(&s.name)) {
        signs.see(&shown.name, shown.value.unwrap_or_default(), &place(shown.line));
        let outcome = match shown.value {
            Some(shown_value) => value(shown_value.trim(), shown.whole),
            None => Err(Refusal::Failed(Why::new(
                Reason::Unparsable,
                "more was asked for than was shown: which value is whose cannot be told",
            ))),
        };
        tunables.add(&shown.name, settings(shown.line, outcome));
    }
    for written in sysctl_text::written(text) {
        tunables.outdate(written.name, &settings(written.line, Ok(Vec::new())));
    }
    for refused in sysctl_text::refused(text) {
        let name = refused.name.replace('/', ".");
        let refusal = settings(refused.line, Err(refusal(&name, refused.why)));
        match refused.why {
            sysctl_text::NoValue::Write => tunables.outdate(&name, &refusal),
            _ => tunables.add(&name, refusal),
        }
    }
    for tunable in no::tunables(text).filter(|tunable| recognise::is_of_aix(tunable.name)) {
        signs.see(tunable.name, &tunable.value, &place(tunable.line));
        if tunable.when == no::When::Now {
            tunables
                .add(tunable.name, settings(tunable.line, value(&tunable.value, tunable.whole)));
        }
    }
    for row in ipadm::rows(text) {
        let name = format!("{}/{}", row.proto, row.property);
        signs.see_ipadm(&name, row.hyphens, &place(row.line));
        if let Some(current) = row.current.value() {
            tunables.add(&name, settings(row.line, value(current, row.whole)));
        }
    }
    for tunable in ndd::values(text) {
        let name = of_ndd(tunable.device, tunable.name);
        signs.see_ndd(&name, tunable.value, &place(tunable.line));
        tunables.add(&name, settings(tunable.line, value(tunable.value, tunable.whole)));
    }
    let of_2003 = registry::is_of_2003(text);
    for (name, number, line) in registry::values(text) {
        signs.see_windows("a value of the registry", &place(line));
        if name == "MaxUserPort" && !of_2003 {
            let place = place(line);
            let detail = format!(
                "MaxUserPort in {place} counts up to Windows XP and Server 2003, and nothing shows \
                 that this is one of them: not read"
            );
            tunables.note(Subject::Evidence(place), Why::new(Reason::Unsupported, detail));
        } else {
            tunables.add(name, settings(line, value(&number, true)));
        }
    }
    for (line, name, text) in uname::facts(text) {
        tunables.add_unless_known(name, settings(line, value(text, true)));
    }
}

/// The name under which ipadm has a tunable of ndd. It keeps the underscore where a property is no
/// public interface.
fn of_ndd(device: &str, name: &str) -> String {
    let protocol = device.trim_start_matches("/dev/");
    let property = name.strip_prefix(protocol).unwrap_or(name);
    let private = format!("{protocol}/{property}");
    if recognise::is_wanted(&private) {
        private
    } else {
        format!("{protocol}/{}", property.trim_start_matches('_'))
    }
}

/// What a command changed is known no more, unless it is shown below.
pub(super) fn outdate(of: &TextOf<'_>, tunables: &mut Tunables, windows: &mut windows::Tables) {
    for (line, written) in writes(of.text) {
        let name = match written {
            Change::Tunable(name) => name,
            Change::Property { proto, property } => format!("{proto}/{property}"),
            Change::Ndd { device, name } => of_ndd(&device, &name),
            other @ (Change::Table { .. } | Change::Templates(_)) => {
                windows.outdate(&other, &of.written(line));
                continue;
            }
        };
        tunables.outdate(&name, &of.written(line));
    }
}
