//! Who else sets sysctls at boot, by what it leaves in the tree: programs whose files are not
//! predicted, and scripts that name one of the keys.

use super::further::{SCRIPTS, UNITS};
use super::kernel::Key;
use super::writers::{saptune, tuned};
use crate::boot::{Entry, State, Suspect};
use crate::persisted::{File, Found, Persisted};
use crate::snapshot::Reason;

/// Scripts, and files of lines that run programs, which something runs at boot.
const LAST: [&str; 9] = [
    "/etc/rc.local",
    "/etc/rc.d/rc.local",
    "/etc/init.d/boot.local",
    "/etc/init.d/after.local",
    "/etc/network/interfaces",
    "/etc/crontab",
    "/etc/cloud/cloud.cfg",
    "/var/lib/cloud/instance/user-data.txt",
    "/etc/runit/2",
];
/// What its agent reserves ports by.
const SAP: &str = "/usr/sap/hostctrl/exe/host_profile";

/// Programs by what tells of each.
const PROGRAMS: [(&str, &str); 10] = [
    ("/run/cloud-init/status.json", "cloud-init"),
    ("/var/lib/cloud/data/status.json", "cloud-init"),
    ("/run/docker.sock", "dockerd"),
    ("/run/containerd/containerd.sock", "containerd"),
    ("/run/crio/crio.sock", "CRI-O"),
    ("/run/cilium/cilium.pid", "Cilium, which reserves the NodePorts"),
    ("/var/run/cilium/cilium.pid", "Cilium, which reserves the NodePorts"),
    ("/etc/cni/net.d/05-cilium.conflist", "Cilium, which reserves the NodePorts"),
    ("/etc/cni/net.d/00-tuning.conflist", "the CNI plugin tuning"),
    ("/var/lib/kubelet/config.yaml", "kubelet"),
];

/// What tells of each.
pub(super) fn files() -> impl Iterator<Item = &'static str> {
    LAST.into_iter().chain([SAP]).chain(PROGRAMS.iter().map(|(path, _)| *path))
}

/// All that were seen; a line that is predicted is none.
pub(super) fn seen(persisted: &Persisted, entries: &[Entry]) -> Vec<Suspect> {
    let mut seen: Vec<Suspect> = Vec::new();
    let mut add = |what: String, file: &File| {
        if !seen.iter().any(|suspect| suspect.what == what) {
            seen.push(Suspect { what, source: file.source() });
        }
    };
    if let Some(file) = persisted.file(tuned::FILES[0]) {
        if let Found::Text(text) = &file.found {
            let text = String::from_utf8_lossy(text);
            add(format!("tuned with the profile {}", first_words(&text)), file);
        }
    }
    if let Some(file) = persisted.file(saptune::FILES[0]).filter(|_| saptune::is_used(persisted)) {
        add("saptune".to_owned(), file);
    }
    for file in &persisted.files {
        if let Some(what) = script(file, entries) {
            add(what, file);
        }
        if file.path == SAP && names(file, b"reserved_port/") {
            add("SAP Host Agent, which reserves ports by its host_profile".to_owned(), file);
        }
    }
    for (path, what) in PROGRAMS {
        // A socket is there and no ordinary file; what may not be looked at may not be there.
        let there = |file: &&File| match &file.found {
            Found::Text(_) => true,
            Found::Unread(why) => why.reason != Reason::Denied,
            Found::Null | Found::Nothing(_) => false,
        };
        if let Some(file) = persisted.file(path).filter(there) {
            add(what.to_owned(), file);
        }
    }
    seen
}

fn names(file: &File, word: &[u8]) -> bool {
    lines(file).any(|(_, line)| line.windows(word.len()).any(|window| window == word))
}

/// The lines that are no comment, each with its number.
fn lines(file: &File) -> impl Iterator<Item = (u32, &[u8])> {
    let text = file.text().unwrap_or_default();
    let lines =
        (1..).zip(text.split(|byte| *byte == b'\n')).map(|(at, line)| (at, line.trim_ascii()));
    lines.filter(|(_, line)| !line.is_empty() && !matches!(line[0], b'#' | b';'))
}

/// A script, a unit or a file of modprobe.d(5) that names a key, with its line.
fn script(file: &File, entries: &[Entry]) -> Option<String> {
    let (folder, name) = file.path.rsplit_once('/')?;
    let is_script =
        LAST.contains(&&*file.path) || SCRIPTS.iter().any(|(scripts, _)| *scripts == folder);
    let parent = folder.strip_suffix(".service.d").and_then(|of| of.rsplit_once('/'));
    let home = parent.map_or(folder, |(parent, _)| parent);
    let unit = UNITS.contains(&home);
    if !is_script && !unit {
        return None;
    }
    let runs = |line: &[u8]| match () {
        () if unit => line.starts_with(b"Exec"),
        () if folder.ends_with("modprobe.d") => line.starts_with(b"install"),
        () => true,
    };
    let predicted = entries.iter().any(|entry| match &entry.state {
        State::Known { origin, .. } => origin.source == file.source(),
        _ => false,
    });
    let (at, key) = lines(file)
        .filter(|(_, line)| runs(line) && !predicted)
        .find_map(|(at, line)| Some((at, mentioned(&String::from_utf8_lossy(line))?)))?;
    let of = folder.rsplit('/').next().filter(|_| unit).and_then(|last| last.strip_suffix(".d"));
    let name = of.filter(|of| of.ends_with(".service")).unwrap_or(name);
    let name: String = name.chars().take(80).collect();
    Some(format!("{name}, which names {} in line {at}", key.name()))
}

fn mentioned(line: &str) -> Option<Key> {
    let mentions = |key: &Key| line.contains(key.name()) || line.contains(&key.path());
    Key::ALL.into_iter().find(mentions)
}

fn first_words(text: &str) -> String {
    text.lines().next().unwrap_or_default().trim().chars().take(80).collect()
}
