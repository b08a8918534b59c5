//! `--from`: the files and folders of one host.

use std::io;
use std::path::Path;

use ephaudit_platform::ask::Ask;
use ephaudit_platform::capture::Capture;
use ephaudit_platform::evidence::{Evidence, Piece};
use ephaudit_platform::snapshot::{Os, Reason, Snapshot, Why};
use ephaudit_platform::unread::{Subject, Unread};
use ephaudit_platform::{Folder, Wants};
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
struct Label {
    /// The system, by its name for `--os`.
    os: EvidenceOs,
}

/// Everything that was named.
struct Given {
    /// How many bytes more may be read.
    room: ReadBudget,
    files: Vec<(String, Vec<u8>)>,
    folders: Vec<Folder>,
    labels: Vec<Os>,
    /// Files that are no more than a link out of their folder, or to nothing.
    left_out: Vec<Unread>,
}

/// What tells of a host in its stead.
pub(super) enum Witness {
    /// A capture.
    Capture(Capture),
    /// What its tools printed, with the texts where what persists is asked of them.
    Evidence(Evidence, Vec<(String, Vec<u8>)>),
}

impl Witness {
    /// The one that was named; `root` is a host's whole root, and `boot` says whether what persists
    /// is asked of it.
    pub(super) fn of(args: &FactsArgs, root: Option<&Path>, boot: bool) -> Result<Self, Failure> {
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
        if let ([(name, bytes)], [], None) = (&files[..], &folders[..], &root) {
            if Capture::is_one(bytes) {
                let capture = Capture::parse(bytes).map_err(|error| unusable(name, error))?;
                return Ok(Self::Capture(capture));
            }
        }
        if let Some((name, _)) = files.iter().find(|(_, bytes)| Capture::is_one(bytes)) {
            return Err(unusable(name, "it is the capture of a whole host; give it alone"));
        }
        let pieces = pieces(&files);
        let os = args.os.map(EvidenceOs::os).or(labels.first().copied());
        let (read, option) = match root {
            Some(root) => (Evidence::rooted(&pieces, root, os), "--root"),
            None => (Evidence::read(&pieces, folders, os), "--from"),
        };
        let without = || left_out.iter().map(|it| format!("; {} is {}", it.subject, it.why.detail));
        let read = read.map_err(|error| {
            Failure::Usage(format!("{option}: {error}{}", without().collect::<String>()))
        })?;
        let read = read.without(left_out);
        Ok(Self::Evidence(read, if boot { files } else { Vec::new() }))
    }

    /// The facts that it holds.
    pub(super) fn snapshot(&self, wants: &Wants<'_>) -> Snapshot {
        match self {
            Self::Capture(capture) => capture.snapshot(wants),
            Self::Evidence(evidence, files) => {
                ephaudit_platform::read_evidence(evidence, &pieces(files), wants)
            }
        }
    }

    /// When the host was read, where it knows.
    pub(super) fn collected_at(&self) -> Option<&str> {
        match self {
            Self::Capture(capture) => Some(capture.collected_at()),
            Self::Evidence(..) => None,
        }
    }

    /// The way of asking it.
    pub(super) fn ask(&self) -> &dyn Ask {
        match self {
            Self::Capture(capture) => capture,
            Self::Evidence(evidence, _) => evidence,
        }
    }
}

fn pieces(files: &[(String, Vec<u8>)]) -> Vec<Piece<'_>> {
    files.iter().map(|(name, bytes)| Piece { name, bytes }).collect()
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
            self.files.push((root.place(&file), bytes.map_err(unusable)?));
        }
        Ok(root)
    }

    fn add(&mut self, path: &Path) -> Result<(), Failure> {
        let name = path.display().to_string();
        if !path.is_dir() {
            let bytes = self.room.read(path).map_err(|error| unusable(&name, error))?;
            self.files.push((name, bytes));
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
                let label: Label =
                    toml::from_str(&text).map_err(|error| unusable(&name, error.message()))?;
                self.labels.push(label.os.os());
            } else {
                self.files.push((name, bytes));
            }
        }
        self.folders.push(folder);
        Ok(())
    }
}

fn unusable(name: &str, why: impl std::fmt::Display) -> Failure {
    Failure::Usage(format!("--from {name}: {why}"))
}
