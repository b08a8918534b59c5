//! Which host a report is about: what the command line says, and what is read on the host alone.
//! A machine-id is confidential (machine-id(5)), so a capture holds none, and a report a keyed hash.

use std::io::{self, ErrorKind, Read};
use std::path::Path;
use std::time::{Duration, UNIX_EPOCH};

use ephaudit_platform::files;
use ephaudit_platform::snapshot::{Os, Reason, Snapshot};
use sha2::{Digest, Sha256};

use super::output::{self, Content};
use super::{Failure, clock, exit, now};
use crate::cli::{AbsenceArgs, ShowArgs};
use crate::render;
use crate::wire::v1::{Absence, AbsentHost, Document, Gap, Label, SCHEMA_VERSION};

/// What the hash is for: no other program's has the same.
const APPLICATION: [u8; 16] = 0x6570_6861_7564_6974_2d68_6f73_742d_6964_u128.to_be_bytes();

/// The most labels.
const LABELS: usize = 16;

/// Which host it is.
pub(super) struct Identity {
    id: Option<(String, &'static str)>,
    unread: Option<(Reason, String)>,
    booted_at: Option<String>,
    labels: Vec<Label>,
    run: Option<String>,
}

impl Identity {
    /// That of the host which is read; it gets the name that the command line gives.
    pub(super) fn of(args: &ShowArgs, snapshot: &mut Snapshot) -> Result<Self, Failure> {
        let given = &args.identity;
        if let Some(name) = &given.host {
            snapshot.host.name = Some(name.clone());
        }
        let mut labels: Vec<Label> = given
            .label
            .iter()
            .map(|(name, value)| Label { name: name.clone(), value: value.clone() })
            .collect();
        labels.sort_by(|one, other| one.name.cmp(&other.name));
        if let Some(twice) =
            labels.windows(2).find(|pair| matches!(pair, [a, b] if a.name == b.name))
        {
            let name = twice.first().map_or("", |label| &label.name);
            return Err(Failure::Usage(format!(
                "--label {name} is there twice; give it one value"
            )));
        }
        if labels.len() > LABELS {
            return Err(Failure::Usage(format!("--label: at most {LABELS} may be given")));
        }
        let mut identity = Self {
            id: given.host_id.clone().map(|id| (id, "given")),
            unread: None,
            booted_at: None,
            labels,
            run: given.run_id.clone(),
        };
        let live = args.read.facts.from.is_empty() && args.read.tree.root.is_none();
        if live && snapshot.host.os == Os::Linux {
            identity.booted_at = booted_at();
            if identity.id.is_none() {
                match machine_id() {
                    Ok(id) => identity.id = id.map(|id| (id, "machine-id")),
                    Err(why) => identity.unread = Some(why),
                }
            }
        }
        Ok(identity)
    }

    /// Says so in the report.
    pub(super) fn fill(self, document: &mut Document) {
        let (id, source) = self.id.unzip();
        document.host.id = id;
        document.host.id_source = source.map(Into::into);
        document.host.booted_at = self.booted_at;
        document.host.labels = self.labels;
        document.run = self.run;
        let own = document.scopes.iter().find(|scope| scope.current);
        if let Some(((why, detail), own)) = self.unread.zip(own) {
            let scope = own.id.clone();
            let (what, why) = ("host id".to_owned(), why.name().into());
            document.gaps.push(Gap { rule: None, scope, what, why, detail });
        }
    }
}

/// The beginning of a file that is a line or two.
fn read(path: &str) -> io::Result<String> {
    let mut text = String::new();
    files::open(Path::new(path))?.take(1024 * 1024).read_to_string(&mut text)?;
    Ok(text)
}

/// The keyed hash of the machine-id; none where there is no such file. systemd has
/// "uninitialized" there before the first start, and what masks it writes zeros.
fn machine_id() -> Result<Option<String>, (Reason, String)> {
    const PATH: &str = "/etc/machine-id";
    let text = match read(PATH) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => {
            let denied = error.kind() == ErrorKind::PermissionDenied;
            let why = if denied { Reason::Denied } else { Reason::Unparsable };
            return Err((why, format!("{PATH}: {error}")));
        }
    };
    match keyed(text.trim()) {
        Some(id) => Ok(Some(id)),
        // An image or container that has none of its own.
        None if text.trim().is_empty() => Ok(None),
        None => Err((Reason::Unparsable, format!("{PATH} holds no id of a machine"))),
    }
}

/// As `sd_id128_get_machine_app_specific(3)` makes one of a machine-id.
fn keyed(machine: &str) -> Option<String> {
    let whole = machine.len() == 32 && machine.bytes().all(|byte| byte.is_ascii_hexdigit());
    let key = u128::from_str_radix(machine, 16).ok().filter(|key| whole && *key != 0)?;
    let padded = |with: u8| {
        let mut block = [with; 64];
        block.iter_mut().zip(key.to_be_bytes()).for_each(|(byte, key)| *byte ^= key);
        block
    };
    // RFC 2104.
    let inner = Sha256::new().chain_update(padded(0x36)).chain_update(APPLICATION).finalize();
    let hash = Sha256::new().chain_update(padded(0x5c)).chain_update(inner).finalize();
    let half = hash.iter().take(16).fold(0_u128, |word, byte| (word << 8) | u128::from(*byte));
    Some(format!("{half:032x}"))
}

/// `btime` of /proc/stat (`proc_stat(5)`); where it is hidden, nobody misses it.
fn booted_at() -> Option<String> {
    let stat = read("/proc/stat").ok()?;
    let seconds = stat.lines().find_map(|line| line.strip_prefix("btime "))?.trim().parse().ok()?;
    clock::written(UNIX_EPOCH.checked_add(Duration::from_secs(seconds))).ok()
}

/// Says why there is no report of a host.
pub(super) fn absence(args: &AbsenceArgs) -> Result<u8, Failure> {
    let absence = Absence {
        schema_version: SCHEMA_VERSION.into(),
        kind: "absence".into(),
        host: AbsentHost { name: Some(args.host.clone()), id: args.host_id.clone() },
        collected_at: now()?,
        why: args.why.name().to_owned(),
        detail: args.detail.clone(),
    };
    output::write(&args.output, false, Content::Text, || render::render_absence(&absence))?;
    Ok(exit::OK)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_machine_is_known_by_a_keyed_hash_alone() {
        let id = keyed("0123456789abcdef0123456789abcdef").expect("an id");
        // python3: hmac.new(bytes.fromhex(KEY), b"ephaudit-host-id", "sha256").hexdigest()[:32]
        assert_eq!(id, "1aae78462728490ea1ed0ae4fba774d9");
        for none in [
            "uninitialized",
            "",
            "00000000000000000000000000000000",
            "0123",
            "+123456789abcdef0123456789abcdef0",
        ] {
            assert_eq!(keyed(none), None, "{none}");
        }
    }
}
