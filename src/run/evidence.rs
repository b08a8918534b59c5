//! `--from`: the files and folders of one host.

use std::path::Path;

use ephaudit_platform::capture::Capture;
use ephaudit_platform::evidence::{Evidence, Piece};
use ephaudit_platform::snapshot::{Os, Snapshot};
use ephaudit_platform::{Folder, Wants};
use serde::Deserialize;

use super::{Failure, input};
use crate::cli::EvidenceOs;

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
    room: u64,
    files: Vec<(String, Vec<u8>)>,
    folders: Vec<Folder>,
    labels: Vec<Os>,
}

/// The facts that the evidence holds, and when they were read: a capture knows, else it is `now`.
pub(super) fn snapshot(
    paths: &[impl AsRef<Path>],
    os: Option<Os>,
    now: String,
    wants: &Wants<'_>,
) -> Result<(Snapshot, String), Failure> {
    let mut given =
        Given { room: input::MAX, files: Vec::new(), folders: Vec::new(), labels: Vec::new() };
    for path in paths {
        given.add(path.as_ref())?;
    }
    let Given { files, folders, labels, .. } = given;
    if let ([(name, bytes)], []) = (&files[..], &folders[..]) {
        if Capture::is_one(bytes) {
            let capture = Capture::parse(bytes).map_err(|error| unusable(name, error))?;
            return Ok((capture.snapshot(wants), capture.collected_at().to_owned()));
        }
    }
    if let Some((name, _)) = files.iter().find(|(_, bytes)| Capture::is_one(bytes)) {
        return Err(unusable(name, "it is a whole host's capture; give it alone"));
    }
    let pieces: Vec<Piece<'_>> = files.iter().map(|(name, bytes)| Piece { name, bytes }).collect();
    let evidence = Evidence::read(&pieces, folders, os.or(labels.first().copied()))
        .map_err(|error| Failure::Usage(format!("--from: {error}")))?;
    Ok((ephaudit_platform::read_evidence(&evidence, wants.depth), now))
}

impl Given {
    fn add(&mut self, path: &Path) -> Result<(), Failure> {
        let name = path.display().to_string();
        if !path.is_dir() {
            let bytes =
                input::read(path, &mut self.room).map_err(|error| unusable(&name, error))?;
            self.files.push((name, bytes));
            return Ok(());
        }
        let folder = Folder::open(path).map_err(|error| unusable(&name, error))?;
        for file in folder.evidence().map_err(|error| unusable(&name, error))? {
            let name = folder.place(&file);
            let bytes = folder
                .file(&file)
                .and_then(|file| input::bounded(file, &mut self.room))
                .map_err(|error| unusable(&name, error))?;
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
