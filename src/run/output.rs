//! Standard output, standard error, and files written whole or not at all.

use std::collections::HashSet;
use std::env;
use std::fs::{self, OpenOptions, Permissions};
use std::io::{self, ErrorKind, IsTerminal, Write};
use std::path::{Path, PathBuf};

use super::Failure;
use crate::cli::{Color, OutputArgs};
use crate::render::{Format, Look};
use crate::text::printable;

/// The width where none can be told.
const USUAL_WIDTH: usize = 80;
/// Fewer columns than this hold no table; more than this no eye follows.
const WIDTHS: std::ops::RangeInclusive<usize> = 20..=200;

/// How the output may look: where it goes, the environment and the flags decide.
pub(super) fn look(args: &OutputArgs) -> Look {
    let terminal = args.output.is_none() && io::stdout().is_terminal();
    let set = |name: &str| env::var_os(name).is_some_and(|value| !value.is_empty());
    let color = match args.color {
        Color::Always => true,
        Color::Never => false,
        // no-color.org and bixense.com/clicolors
        Color::Auto if set("NO_COLOR") => false,
        Color::Auto if env::var_os("CLICOLOR_FORCE").is_some_and(|v| v != "0" && !v.is_empty()) => {
            true
        }
        Color::Auto => terminal && env::var_os("TERM").is_none_or(|term| term != "dumb"),
    };
    let ascii = args.ascii || !utf8_locale();
    Look { width: width(terminal), color, ascii, csv_raw: false }
}

fn width(terminal: bool) -> usize {
    let asked = env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
    let measured = || {
        let size = terminal.then(|| terminal_size::terminal_size_of(io::stdout())).flatten();
        size.map(|(width, _)| usize::from(width.0))
    };
    let width: usize = asked.or_else(measured).filter(|width| *width > 0).unwrap_or(USUAL_WIDTH);
    width.clamp(*WIDTHS.start(), *WIDTHS.end())
}

/// locale(7): the first of these that is set and not empty decides. Windows has none of them and prints UTF-8.
fn utf8_locale() -> bool {
    let set = ["LC_ALL", "LC_CTYPE", "LANG"]
        .into_iter()
        .find_map(|name| env::var(name).ok().filter(|value| !value.is_empty()));
    set.map_or(env::consts::OS == "windows", |locale| {
        let locale = locale.to_ascii_lowercase();
        locale.contains("utf-8") || locale.contains("utf8")
    })
}

/// Writes what `make` makes where it belongs; under `quiet` it is made for a file only.
pub(super) fn write(
    args: &OutputArgs,
    quiet: bool,
    make: impl FnOnce() -> Vec<u8>,
) -> Result<(), Failure> {
    deliver(args, quiet, false, make)
}

/// The same of a report in a format that may be for another user's program.
pub(super) fn write_report(
    args: &OutputArgs,
    quiet: bool,
    format: Format,
    make: impl FnOnce() -> Vec<u8>,
) -> Result<(), Failure> {
    deliver(args, quiet, format.is_for_others(), make)
}

fn deliver(
    args: &OutputArgs,
    quiet: bool,
    for_others: bool,
    make: impl FnOnce() -> Vec<u8>,
) -> Result<(), Failure> {
    match &args.output {
        Some(path) if is_stdout(path) => to_stdout(&make()),
        Some(path) if is_named(path, &STDERR) => io::stderr()
            .write_all(&make())
            .map_err(|error| Failure::Output(format!("cannot write to standard error: {error}"))),
        Some(path) => to_file(path, for_others, &make())
            .map_err(|error| Failure::Output(format!("cannot write {}: {error}", path.display()))),
        None if quiet => Ok(()),
        None => to_stdout(&make()),
    }
}

/// Whether the path is a name of standard output. Opened by that name it would be written from its beginning, or
/// replaced, where the shell that gave it goes on at its end.
fn is_stdout(path: &Path) -> bool {
    is_named(path, &["-", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"])
}

/// The names of standard error, of which the same is true.
const STDERR: [&str; 3] = ["/dev/stderr", "/dev/fd/2", "/proc/self/fd/2"];

fn is_named(path: &Path, names: &[&str]) -> bool {
    names.iter().any(|name| path == Path::new(name))
}

/// Where an output goes that another one would spoil: an ordinary file by its true path, or standard output as `-`.
pub(super) fn place(args: &OutputArgs, quiet: bool) -> Option<PathBuf> {
    let Some(path) = &args.output else { return (!quiet).then(|| PathBuf::from("-")) };
    if is_stdout(path) {
        return Some(PathBuf::from("-"));
    }
    if let Ok(present) = fs::metadata(path) {
        return present.is_file().then(|| fs::canonicalize(path).unwrap_or_else(|_| path.clone()));
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = fs::canonicalize(folder.unwrap_or(Path::new("."))).ok()?;
    Some(folder.join(path.file_name()?))
}

/// Refuses outputs that go to one place.
pub(super) fn apart(places: impl Iterator<Item = PathBuf>) -> Result<(), Failure> {
    let mut known = HashSet::new();
    for place in places {
        if known.contains(&place) {
            let place = place.display();
            return Err(Failure::Usage(format!(
                "two outputs go to {place}; give each a place of its own"
            )));
        }
        known.insert(place);
    }
    Ok(())
}

/// Prints; a reader that has gone is no error.
pub(super) fn to_stdout(bytes: &[u8]) -> Result<(), Failure> {
    let mut stdout = io::stdout().lock();
    match stdout.write_all(bytes).and_then(|()| stdout.flush()) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        Err(error) => Err(Failure::Output(format!("cannot write to standard output: {error}"))),
    }
}

/// A temporary file in the same directory, then a rename: a reader sees the old file or the new one, never half of it.
///
/// What is not an ordinary file (a device, a FIFO) is written to, since a rename would put a file in its place.
fn to_file(path: &Path, for_others: bool, bytes: &[u8]) -> io::Result<()> {
    let present = fs::metadata(path);
    match &present {
        Ok(kind) if kind.is_dir() => return Err(io::Error::from(ErrorKind::IsADirectory)),
        Ok(kind) if !kind.is_file() => {
            return OpenOptions::new().append(true).open(path)?.write_all(bytes);
        }
        Err(_) if fs::symlink_metadata(path).is_ok() => {
            return Err(io::Error::other("it is a link that leads to no file"));
        }
        _ => {}
    }
    // A link stays a link: what it leads to is replaced.
    let target = if present.is_ok() { fs::canonicalize(path)? } else { path.to_path_buf() };
    let folder = match target.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    // `create_new` gives it the mode of any new file: 0666 less the umask.
    let mut file = tempfile::Builder::new()
        .prefix(".ephaudit-")
        .suffix(".tmp")
        .make_in(folder, |path| fs::File::create_new(path))?;
    if let Ok(present) = &present {
        file.as_file().set_permissions(present.permissions())?;
    }
    if for_others {
        let permissions = file.as_file().metadata()?.permissions();
        file.as_file().set_permissions(for_all_to_read(permissions))?;
    }
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    file.persist(&target).map_err(|error| error.error)?;
    Ok(())
}

/// Mode 0644, whatever the umask: the collector that reads it runs as another user than a timer of root.
#[cfg(unix)]
fn for_all_to_read(mut permissions: Permissions) -> Permissions {
    use std::os::unix::fs::PermissionsExt;
    permissions.set_mode(0o644);
    permissions
}

/// The folder's own access list decides.
#[cfg(not(unix))]
fn for_all_to_read(permissions: Permissions) -> Permissions {
    permissions
}

/// One line to standard error; nothing can be done where that fails too.
pub(super) fn complain(line: &str) {
    let _ = writeln!(io::stderr(), "ephaudit: {}", printable(line));
}
