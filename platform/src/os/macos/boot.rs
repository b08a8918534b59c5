//! macOS at boot: no file of sysctls is supported, so the kernel's defaults stay. A LaunchDaemon
//! may run sysctl(8).

use crate::boot::{Boot, Loader, Rejection, Suspect};
use crate::os::PersistedPaths;
use crate::os::freebsd::boot::PORTRANGE;
use crate::os::line_outcomes::OfKey;
use crate::parse::bsd_conf;
use crate::persisted::{Found, Persisted};
use crate::snapshot::{Reason, Source, Why};
use crate::unread::Unread;

const SYSCTL_CONF: &str = "/etc/sysctl.conf";
const DAEMONS: &str = "/Library/LaunchDaemons";
/// Whether ports are drawn at random, beside the six bounds.
const RANDOMIZED: [&str; 2] = ["net.inet.tcp.randomize_ports", "net.inet.udp.randomize_ports"];

pub(in crate::os) fn wanted() -> PersistedPaths {
    PersistedPaths {
        folders: &[DAEMONS],
        files: vec![SYSCTL_CONF],
        matters: |name| name.ends_with(b".plist"),
        ..PersistedPaths::default()
    }
}

pub(in crate::os) fn read(persisted: &Persisted) -> Boot {
    let mut boot = Boot { unread: persisted.unread.clone(), ..Boot::default() };
    let names = || PORTRANGE.into_iter().chain(RANDOMIZED);
    let mut keys: Vec<_> = names().map(|name| (name, OfKey::default())).collect();
    match persisted.files.iter().find(|file| file.name == b"sysctl.conf") {
        None => {
            let why = Why::new(Reason::NotCaptured, format!("{SYSCTL_CONF} was not looked for"));
            boot.unread.push(Unread::of_file(SYSCTL_CONF, why));
        }
        Some(file) => match &file.found {
            Found::Text(text) => {
                let source = Source::File(file.place.clone().into());
                for line in bsd_conf::lines(text, true) {
                    let Some((key, value)) = line.set else { continue };
                    let own = keys.iter_mut().find(|(name, _)| name.as_bytes() == key);
                    if let Some((_, lines)) = own {
                        let detail = "current releases of macOS do not read this file";
                        let reason = (Rejection::NotReadByLoader, detail.to_owned());
                        lines.reject(value, (&source, Some(line.number)), reason);
                        lines.doubt("releases before about 10.15 read /etc/sysctl.conf; since which it is ignored is not settled");
                    }
                }
            }
            Found::Unread(why) => boot.unread.push(file.unread(why.clone())),
            Found::Null | Found::Nothing(_) => {}
        },
    }
    let unknown = boot.unread.first().cloned();
    for file in persisted.folders.iter().flatten() {
        let source = || Source::File(file.place.clone().into());
        match &file.found {
            Found::Text(text) => {
                // The names are plain bytes in a binary property list too.
                let text = String::from_utf8_lossy(text);
                if let Some(key) = names().find(|key| text.contains(key)) {
                    let what = format!("a LaunchDaemon, which names {key}");
                    boot.suspects.push(Suspect { what, source: source() });
                }
            }
            Found::Unread(why) => boot.unread.push(file.unread(why.clone())),
            Found::Null | Found::Nothing(_) => {}
        }
    }
    let entry = |(name, lines): &(&'static str, OfKey)| {
        lines.entry(name, Loader::Launchd, unknown.as_ref(), None)
    };
    boot.entries = keys.iter().map(entry).collect();
    boot
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::boot::State;
    use crate::os::bsd::tests::{files, rejections, state};
    use crate::persisted::File;

    #[test]
    fn nothing_is_persistent() {
        let mut persisted = files(&[("sysctl.conf", "kern.maxfiles=5\n")]);
        let boot = read(&persisted);
        assert!(boot.entries.iter().all(|entry| entry.state == State::Absent));
        assert_eq!((boot.entries.len(), boot.unread.len()), (8, 0));
        assert!(Loader::Launchd.absent().contains("no supported file"));
        let plist = File {
            name: b"local.ports.plist".to_vec(),
            path: "/Library/LaunchDaemons/local.ports.plist".to_owned(),
            place: "/Library/LaunchDaemons/local.ports.plist".to_owned(),
            found: Found::Text(b"bplist00_net.inet.ip.portrange.first=20000".to_vec()),
        };
        persisted.folders.push(vec![plist]);
        assert_eq!(read(&persisted).suspects.len(), 1);
    }

    #[test]
    fn a_line_for_older_releases_leaves_it_unknown() {
        let boot = read(&files(&[("sysctl.conf", "net.inet.ip.portrange.first=20000\n")]));
        let first = "net.inet.ip.portrange.first";
        assert!(state(&boot, first).contains("not settled"));
        assert_eq!(rejections(&boot, first), [Rejection::NotReadByLoader]);
        assert_eq!(state(&boot, "net.inet.ip.portrange.last"), "absent");
    }

    #[test]
    fn what_was_not_looked_at_is_unknown() {
        let boot = read(&Persisted::default());
        assert!(boot.entries.iter().all(|entry| matches!(entry.state, State::Unknown(_))));
        let mut unread = files(&[("sysctl.conf", "")]);
        unread.files[0].found = Found::Unread(Why::new(Reason::Denied, "refused"));
        assert!(state(&read(&unread), "net.inet.ip.portrange.first").ends_with("refused"));
    }
}
