//! Standard output, standard error, and files written whole or not at all.

use std::env;
use std::io::{self, ErrorKind, IsTerminal, Write};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use ephaudit_platform::files::{self, Fill, Readers};

use super::Failure;
use crate::cli::{Color, OutputArgs};
use crate::render::{Detail, Format, Look, SCREEN};
use crate::text::printable;

/// The width where none can be told.
const USUAL_WIDTH: usize = 80;
/// Fewer columns than this hold no table; more than this no eye follows.
const WIDTHS: std::ops::RangeInclusive<usize> = 20..=200;

/// How the output may look: where it goes, the environment and the flags decide.
pub(super) fn look(args: &OutputArgs) -> Look {
    let terminal = is_terminal(args);
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
    Look {
        width: width(terminal),
        color,
        ascii,
        csv_raw: false,
        detail: Detail::Brief,
        exit: None,
        lines: SCREEN,
    }
}

/// Whether a terminal takes orders to move its cursor.
pub(super) fn moves_cursor() -> bool {
    env::var_os("TERM").is_some_and(|term| term != "dumb")
}

/// Whether somebody looks at the output.
pub(super) fn is_terminal(args: &OutputArgs) -> bool {
    args.output.is_none() && io::stdout().is_terminal()
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

/// locale(7): the first of these that is set and not empty decides. Windows has none of them and
/// prints UTF-8.
fn utf8_locale() -> bool {
    let set = ["LC_ALL", "LC_CTYPE", "LANG"]
        .into_iter()
        .find_map(|name| env::var(name).ok().filter(|value| !value.is_empty()));
    set.map_or(env::consts::OS == "windows", |locale| {
        let locale = locale.to_ascii_lowercase();
        locale.contains("utf-8") || locale.contains("utf8")
    })
}

/// What is written, which says who may read a new file of it.
#[derive(Debug, Clone, Copy)]
pub(super) enum Content {
    /// A capture: processes and peers of all users.
    Capture,
    /// Facts of a host; what root sees is for root.
    Facts,
    /// For another user's program.
    ForOthers,
    /// No secret: a policy, a manual page.
    Text,
}

impl Content {
    /// A report in this format.
    pub(super) const fn report(format: Format) -> Self {
        if format.is_for_others() { Self::ForOthers } else { Self::Facts }
    }

    fn readers(self) -> Readers {
        match self {
            Self::Capture => Readers::Owner,
            Self::Facts if files::is_root() => Readers::Owner,
            Self::Facts | Self::Text => Readers::Usual,
            Self::ForOthers => Readers::Everyone,
        }
    }
}

/// Writes what `make` makes where it belongs; under `quiet` it is made for a file only.
pub(super) fn write(
    args: &OutputArgs,
    quiet: bool,
    content: Content,
    make: impl FnOnce() -> Vec<u8>,
) -> Result<(), Failure> {
    if quiet && args.output.is_none() {
        return Ok(());
    }
    let bytes = make();
    stream(args, quiet, content, &|to| to.write_all(&bytes))
}

/// The same of what is written piece by piece and never held whole.
pub(super) fn stream(
    args: &OutputArgs,
    quiet: bool,
    content: Content,
    fill: Fill<'_>,
) -> Result<(), Failure> {
    match &args.output {
        Some(path) if is_stdout(path) => print(fill),
        Some(path) if is_named(path, &STDERR) => files::stderr()
            .and_then(|stderr| files::write_all(stderr, fill))
            .map_err(|error| Failure::Output(format!("cannot write to standard error: {error}"))),
        Some(path) => files::write(path, content.readers(), fill)
            .map_err(|error| Failure::Output(format!("cannot write {}: {error}", path.display()))),
        None if quiet => Ok(()),
        None => print(fill),
    }
}

/// Whether the path is a name of standard output. Opened by that name it would be written from its
/// beginning, or replaced, where the shell that gave it goes on at its end.
pub(super) fn is_stdout(path: &Path) -> bool {
    is_named(path, &["-", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"])
}

/// The names of standard error, of which the same is true.
const STDERR: [&str; 3] = ["/dev/stderr", "/dev/fd/2", "/proc/self/fd/2"];

fn is_named(path: &Path, names: &[&str]) -> bool {
    names.iter().any(|name| path == Path::new(name))
}

/// Whether the reader of standard output has gone, and nobody reads what is written next.
pub(super) fn reader_has_gone() -> bool {
    GONE.load(Ordering::Relaxed)
}

static GONE: AtomicBool = AtomicBool::new(false);

/// Prints; a reader that has gone is no error.
pub(super) fn to_stdout(bytes: &[u8]) -> Result<(), Failure> {
    print(&|to| to.write_all(bytes))
}

fn print(fill: Fill<'_>) -> Result<(), Failure> {
    match files::stdout().and_then(|stdout| files::write_all(stdout, fill)) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == ErrorKind::BrokenPipe => {
            GONE.store(true, Ordering::Relaxed);
            Ok(())
        }
        Err(error) => Err(Failure::Output(format!("cannot write to standard output: {error}"))),
    }
}

/// One line to standard error; nothing can be done where that fails too.
pub(super) fn complain(line: &str) {
    let _ = writeln!(io::stderr(), "ephaudit: {}", printable(line));
}

/// Lines about what was done, to standard error; nothing can be done where that fails too.
pub(super) fn explain(lines: Vec<String>) {
    for line in lines {
        let _ = writeln!(io::stderr(), "{}", printable(&line));
    }
}
