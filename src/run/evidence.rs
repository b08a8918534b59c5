//! `--from`: the files and folders of one host.

use std::io;
use std::path::Path;

use ephaudit_platform::capture::Capture;
use ephaudit_platform::evidence::{Evidence, Piece};
use ephaudit_platform::snapshot::{Os, Reason, Why};
use ephaudit_platform::unread::{Subject, Unread};
use ephaudit_platform::{Folder, Host};
use serde::Deserialize;

use super::Failure;
use super::input::ReadBudget;
use crate::cli::{EvidenceOs, FactsArgs};

/// What a plain folder may say of its evidence.
const LABEL: &str = "capture.toml";
/// The most that a label may have, in bytes.
const LABEL_MAX: usize = 64 * 1024;

/// The label of a folder; whatever else it says is for people.
#[derive(Debug, Deserialize)]
struct FolderLabel {
    /// The system, by its name for `--os`.
    os: EvidenceOs,
}

/// Everything that was named.
struct Given {
    /// How many bytes more may be read.
    room: ReadBudget,
    files: Vec<Piece>,
    folders: Vec<Folder>,
    labels: Vec<Os>,
    /// Files that are no more than a link out of their folder, or to nothing.
    left_out: Vec<Unread>,
}

/// The host that was named; `root` is its whole root.
pub(super) fn host(args: &FactsArgs, root: Option<&Path>) -> Result<Host<'static>, Failure> {
    let mut given = Given {
        room: ReadBudget::of_evidence(),
        files: Vec::new(),
        folders: Vec::new(),
        labels: Vec::new(),
        left_out: Vec::new(),
    };
    for path in &args.from {
        given.add(path)?;
    }
    let root = root.map(|path| given.root(path)).transpose()?;
    let Given { files, folders, labels, left_out, .. } = given;
    if let ([Piece { name, bytes }], [], None) = (&files[..], &folders[..], &root) {
        if Capture::is_one(bytes) {
            let capture = Capture::parse(bytes).map_err(|error| unusable(name, error))?;
            return Ok(Host::of_capture(capture));
        }
    }
    if let Some(Piece { name, .. }) = files.iter().find(|piece| Capture::is_one(&piece.bytes)) {
        return Err(unusable(name, "it is the capture of a whole host; give it alone"));
    }
    if let Some(Piece { name, .. }) = files.iter().find(|piece| is_report(&piece.bytes)) {
        let why = format!("{name} is a report, not evidence: ephaudit convert {name}");
        return Err(Failure::Usage(why));
    }
    let os = args.os.map(EvidenceOs::os).or(labels.first().copied());
    let (read, option) = match root {
        Some(root) => (Evidence::rooted(files, root, os), "--root"),
        None => (Evidence::read(files, folders, os), "--from"),
    };
    let without = || left_out.iter().map(|it| format!("; {} is {}", it.subject, it.why.detail));
    let read = read.map_err(|error| {
        Failure::Usage(format!("{option}: {error}{}", without().collect::<String>()))
    })?;
    Ok(Host::of_evidence(read.without(left_out)))
}

/// Whether `--format json` wrote it; its first keys say so.
fn is_report(bytes: &[u8]) -> bool {
    let beginning: String =
        bytes.iter().take(256).map(|byte| char::from(*byte)).filter(|c| *c != ' ').collect();
    beginning.starts_with('{')
        && beginning.contains("\"schema_version\":")
        && beginning.contains("\"tool\":")
}

impl Given {
    /// A host's root, with what it says beside its files.
    fn root(&mut self, path: &Path) -> Result<Folder, Failure> {
        let name = path.display().to_string();
        let unusable = |why: io::Error| Failure::Usage(format!("--root {name}: {why}"));
        if let Some(other) = self.folders.iter().find(|folder| folder.is_tree()) {
            let why = format!("--root {name}: {} is a tree too; one is enough", other.place(""));
            return Err(Failure::Usage(why));
        }
        let root = Folder::open(path).map_err(unusable)?;
        for file in root.evidence_of_tree() {
            let bytes = root.file(&file).and_then(|file| self.room.bounded(file));
            self.files.push(Piece { name: root.place(&file), bytes: bytes.map_err(unusable)? });
        }
        Ok(root)
    }

    fn add(&mut self, path: &Path) -> Result<(), Failure> {
        let name = path.display().to_string();
        if !path.is_dir() {
            let bytes = self.room.read(path).map_err(|error| unusable(&name, error))?;
            self.files.push(Piece { name, bytes });
            return Ok(());
        }
        let folder = Folder::open(path).map_err(|error| unusable(&name, error))?;
        for file in folder.evidence().map_err(|error| unusable(&name, error))? {
            let name = folder.place(&file);
            let bytes = folder.file(&file).and_then(|file| self.room.bounded(file));
            let bytes = match bytes {
                // It was listed a moment ago: what is missing is what a link leads to.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    let why = Why::new(Reason::NotCaptured, error.to_string());
                    self.left_out.push(Unread::new(Subject::Evidence(name), why));
                    continue;
                }
                bytes => bytes.map_err(|error| unusable(&name, error))?,
            };
            if file == LABEL {
                if bytes.len() > LABEL_MAX {
                    return Err(unusable(&name, format!("larger than {} KiB", LABEL_MAX / 1024)));
                }
                let text = String::from_utf8_lossy(&bytes);
                let label: FolderLabel =
                    toml::from_str(&text).map_err(|error| unusable(&name, error.message()))?;
                self.labels.push(label.os.os());
            } else {
                self.files.push(Piece { name, bytes });
            }
        }
        self.folders.push(folder);
        Ok(())
    }
}

fn unusable(name: &str, why: impl std::fmt::Display) -> Failure {
    Failure::Usage(format!("--from {name}: {why}"))
}
