//! tuned: the `[sysctl]` sections of the active profile and of those that it includes, and then,
//! unless reapply_sysctl is off, the files of sysctl.d once more (tuned-main.conf(5),
//! plugin_sysctl.py).

use super::{assign, name};
use crate::os::linux::boot::files::Files;
use crate::os::linux::boot::kernel::Key;
use crate::os::linux::boot::line_log::LineLog;
use crate::os::linux::boot::procps;
use crate::parse::ini::{self, Assignment};
use crate::parse::sysctl_conf::{Grammar, path};
use crate::persisted::{File, Persisted};

const ACTIVE: &str = "/etc/tuned/active_profile";
const MAIN: &str = "/etc/tuned/tuned-main.conf";

/// What tells of it.
pub(in crate::os::linux::boot) const FILES: [&str; 2] = [ACTIVE, MAIN];

/// Where profiles lie, those of the administrator first.
const FOLDERS: [&str; 4] =
    ["/etc/tuned/profiles", "/etc/tuned", "/usr/lib/tuned/profiles", "/usr/lib/tuned"];
/// How many profiles are followed.
const MOST: usize = 32;

/// The names of the active profiles, the later over the earlier.
fn active(persisted: &Persisted) -> Vec<String> {
    let text = persisted.text(ACTIVE).unwrap_or_default();
    text.split(u8::is_ascii_whitespace).filter_map(name).collect()
}

fn places(profile: &str) -> impl Iterator<Item = String> {
    FOLDERS.iter().map(move |folder| format!("{folder}/{profile}/tuned.conf"))
}

fn found<'a>(persisted: &'a Persisted, profile: &str) -> Option<&'a File> {
    places(profile).find_map(|path| persisted.file(&path).filter(|file| file.text().is_some()))
}

fn includes(file: &File) -> impl Iterator<Item = String> {
    let all = ini::assignments(file.text().unwrap_or_default());
    let lists = all.filter(|found| found.section == b"main" && found.key == b"include");
    lists.flat_map(|found| {
        let names = found.value.split(|byte| byte.is_ascii_whitespace() || b",;".contains(byte));
        names.filter_map(name).collect::<Vec<_>>()
    })
}

/// The profiles in the order in which they are merged: what one includes comes before it.
fn profiles(persisted: &Persisted) -> Vec<String> {
    fn add(persisted: &Persisted, profile: String, all: &mut Vec<String>, open: &mut Vec<String>) {
        if open.contains(&profile) || all.len() >= MOST {
            return;
        }
        open.push(profile.clone());
        if let Some(file) = found(persisted, &profile) {
            for included in includes(file) {
                add(persisted, included, all, open);
            }
        }
        open.pop();
        all.retain(|known| *known != profile);
        all.push(profile);
    }
    let mut all = Vec::new();
    for profile in active(persisted) {
        add(persisted, profile, &mut all, &mut Vec::new());
    }
    all
}

pub(in crate::os::linux::boot) fn more(persisted: &Persisted) -> Vec<String> {
    profiles(persisted).iter().flat_map(|profile| places(profile)).collect()
}

pub(super) fn write(persisted: &Persisted, log: &mut LineLog) {
    let profiles = profiles(persisted);
    for profile in &profiles {
        // tuned applies none that it does not find; that it is there is told as a suspect.
        let Some(file) = found(persisted, profile) else { continue };
        for Assignment { line, key, value, .. } in ini::assignments(file.text().unwrap_or_default())
            .filter(|found| found.section == b"sysctl")
        {
            // "${…}" and "${f:…}" are made out when it runs, ">" and "<" compare with what is there.
            let made_out = value.contains(&b'$') || matches!(value.first(), Some(b'<' | b'>'));
            match Key::at(&path(key, Grammar::Procps)).filter(|_| made_out) {
                Some(key) => log.doubt(key, "a profile of tuned makes the value out when it runs"),
                None => assign(log, file, line, key, value),
            }
        }
    }
    let off =
        |value: &[u8]| matches!(value.to_ascii_lowercase().as_slice(), b"0" | b"false" | b"no");
    let main = persisted.text(MAIN).unwrap_or_default();
    if !profiles.is_empty() && !ini::shell_value(main, "reapply_sysctl").is_some_and(off) {
        procps::apply(&Files::reapplied(persisted), log);
    }
}
