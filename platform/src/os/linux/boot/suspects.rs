//! Who else sets sysctls at boot, by what it leaves in the tree.

use super::kernel::Key;
use crate::boot::Suspect;
use crate::persisted::{Found, Persisted};
use crate::snapshot::{Reason, Source};

/// What tells of each.
pub(super) const FILES: &[&str] = &[
    "/etc/tuned/active_profile",
    "/etc/rc.local",
    "/run/cloud-init/status.json",
    "/var/lib/cloud/data/status.json",
    "/run/docker.sock",
    "/run/containerd/containerd.sock",
    "/run/crio/crio.sock",
];

pub(super) fn suspects(persisted: &Persisted) -> Vec<Suspect> {
    let mut suspects = Vec::new();
    for file in &persisted.files {
        let text = match &file.found {
            Found::Text(text) => String::from_utf8_lossy(text),
            // A socket is there and no ordinary file; what may not be looked at may not be there.
            Found::Unread(why) if why.reason != Reason::Denied => "".into(),
            Found::Unread(_) | Found::Null | Found::Nothing(_) => continue,
        };
        let what = match file.name.as_slice() {
            b"active_profile" => format!("tuned with the profile {}", first_words(&text)),
            b"rc.local" => match Key::ALL.iter().find(|key| mentions(&text, **key)) {
                Some(key) => format!("rc.local, which names {}", key.name()),
                None => continue,
            },
            b"status.json" => "cloud-init".to_owned(),
            b"docker.sock" => "dockerd".to_owned(),
            b"containerd.sock" => "containerd".to_owned(),
            b"crio.sock" => "CRI-O".to_owned(),
            _ => continue,
        };
        let known = |suspect: &Suspect| suspect.what == what;
        if !suspects.iter().any(known) {
            suspects.push(Suspect { what, source: Source::File(file.place.clone().into()) });
        }
    }
    suspects
}

fn mentions(text: &str, key: Key) -> bool {
    text.contains(key.name()) || text.contains(&key.path())
}

fn first_words(text: &str) -> String {
    text.lines().next().unwrap_or_default().trim().chars().take(80).collect()
}
