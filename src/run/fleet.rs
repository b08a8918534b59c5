//! `fleet`: finds the files, reads them, and writes what they come to.

use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::mpsc::sync_channel;
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::SystemTime;

use ephaudit_platform::files;

use super::input::{ReadBudget, is_stdin};
use super::output::{self, Content};
use super::progress::Progress;
use super::{Failure, exit};
use crate::cli::{FleetArgs, FleetCommand, FleetDiffArgs, RollArgs, RollReadArgs};
use crate::fleet::{self, Block, By, Inventory, Options, Part, Place, Refusal, Sum};
use crate::render;
use crate::wire::v1::Fleet;

/// What a folder is looked through for.
const ENDS: [&str; 3] = [".json", ".ndjson", ".jsonl"];
const COMPRESSED: [&str; 2] = [".gz", ".zst"];

/// The deepest folder.
const DEPTH: usize = 32;

/// Does what the command line says.
pub(super) fn run(args: &FleetArgs) -> Result<u8, Failure> {
    match &args.command {
        Some(FleetCommand::Diff(args)) => diff(args),
        None => roll(&args.roll),
    }
}

fn roll(args: &RollArgs) -> Result<u8, Failure> {
    let options = Options {
        by: args.by.clone(),
        odd_per_million: args.odd,
        stale: args.stale,
        ..options(&args.read, &args.paths)
    };
    let inventory = args.inventory.as_deref().map(|path| inventory(path, &options)).transpose()?;
    let progress = Progress::of("reading the reports");
    let (part, files) = read(&args.paths, &args.read, &options)?;
    drop(progress);
    let sum = Sum::new(&part, &files, inventory.as_ref(), &options);
    let fleet = sum.fleet();
    let look = render::Look { csv_raw: args.csv_raw, ..output::look(&args.read.output) };
    let fill = |to: &mut dyn io::Write| {
        let chosen = sum.rows().filter(|row| args.hosts.iter().all(|all| all.holds(&sum, row)));
        let mut hosts = chosen.map(|row| sum.host(row));
        render::write_fleet(&fleet, &mut hosts, args.format, look, args.top, to)
    };
    let content = if args.format.is_for_others() { Content::ForOthers } else { Content::Facts };
    output::stream(&args.read.output, args.read.quiet, content, &fill)?;
    Ok(if args.read.exit_zero { exit::OK } else { code(&fleet, args.min_coverage) })
}

/// What a fleet's exit code is.
fn code(fleet: &Fleet, min_coverage: Option<u32>) -> u8 {
    let coverage = &fleet.coverage;
    let status = &fleet.hosts.status;
    let below = min_coverage.zip(coverage.expected).is_some_and(|(least, expected)| {
        coverage.received * 1_000_000 < u64::from(least) * expected
    });
    let absent = coverage.missing.count > 0 && min_coverage.is_none();
    let blind = status.undetermined > 0
        || status.unjudged > 0
        || fleet.undetermined.hosts > 0
        || fleet.input.rejected.count > 0
        || coverage.stale.count > 0;
    if status.findings > 0 {
        exit::FINDINGS
    } else if blind || absent || below || fleet.hosts.count == 0 {
        exit::UNDETERMINED
    } else {
        exit::OK
    }
}

fn diff(args: &FleetDiffArgs) -> Result<u8, Failure> {
    let paths = [args.old.clone(), args.new.clone()];
    let options = Options { rows: true, ..options(&args.read, &paths) };
    let (old, old_files) = read(&paths[..1], &args.read, &options)?;
    let (new, new_files) = read(&paths[1..], &args.read, &options)?;
    let old = Sum::new(&old, &old_files, None, &options);
    let new = Sum::new(&new, &new_files, None, &options);
    let diff = fleet::diff(&old, &new);
    let look = output::look(&args.read.output);
    let make = || render::render_fleet_diff(&diff, args.format, look, args.top);
    output::write(&args.read.output, args.read.quiet, Content::Facts, make)?;
    let lost = diff.rules.iter().any(|rule| rule.lost_sight > 0)
        || diff.hosts.gone.count > 0
        || diff.measure_changed > 0
        || diff.old.rejected.count + diff.new.rejected.count > 0;
    Ok(match () {
        () if args.read.exit_zero => exit::OK,
        () if diff.hosts.worse > 0 => exit::FINDINGS,
        () if lost => exit::UNDETERMINED,
        () => exit::OK,
    })
}

/// With what only a roll-up sets as it is by default.
fn options(args: &RollReadArgs, paths: &[PathBuf]) -> Options {
    let clock = || {
        let stdin = paths.iter().any(|path| is_stdin(path));
        let newest = found(paths)
            .into_iter()
            .filter_map(|path| fs::metadata(path.ok()?).and_then(|meta| meta.modified()).ok());
        newest.max().filter(|_| !stdin).unwrap_or_else(SystemTime::now)
    };
    Options {
        short_names: args.names == "short",
        by: By::Os,
        odd_per_million: 0,
        stale: std::time::Duration::MAX,
        now: args.now.unwrap_or_else(clock),
        rows: false,
    }
}

fn inventory(path: &Path, options: &Options) -> Result<Inventory, Failure> {
    let unusable = |why: String| Failure::Usage(format!("--inventory {}: {why}", path.display()));
    let bytes = ReadBudget::of_report().read(path).map_err(|error| unusable(error.to_string()))?;
    let text = String::from_utf8(bytes).map_err(|_| unusable("it is not UTF-8".to_owned()))?;
    Inventory::read(&text, options).map_err(unusable)
}

/// The files of these paths, sorted within each folder; what can't be looked at, and why.
fn found(paths: &[PathBuf]) -> Vec<Result<PathBuf, (PathBuf, String)>> {
    let mut all = Vec::new();
    for path in paths {
        if !is_stdin(path) && path.is_dir() {
            let root = fs::canonicalize(path).unwrap_or_else(|_| path.clone());
            walk(path, &root, 0, &mut all);
        } else {
            all.push(Ok(path.clone()));
        }
    }
    all
}

fn walk(
    folder: &Path,
    root: &Path,
    depth: usize,
    all: &mut Vec<Result<PathBuf, (PathBuf, String)>>,
) {
    let mut lost = |path: &Path, why: String| all.push(Err((path.to_owned(), why)));
    if depth > DEPTH {
        return lost(folder, format!("it is more than {DEPTH} folders deep"));
    }
    let entries = fs::read_dir(folder).and_then(Iterator::collect::<io::Result<Vec<_>>>);
    let mut entries = match entries {
        Ok(entries) => entries,
        Err(error) => return lost(folder, error.to_string()),
    };
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let path = entry.path();
        let is_link = entry.file_type().is_ok_and(|kind| kind.is_symlink());
        if path.is_dir() && !is_link {
            walk(&path, root, depth + 1, all);
        } else if is_report(&path) {
            let leads_out =
                is_link && !fs::canonicalize(&path).is_ok_and(|at| at.starts_with(root));
            all.push(if leads_out {
                Err((path, "it is a link that leads out of its folder".to_owned()))
            } else {
                Ok(path)
            });
        }
    }
}

fn is_report(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let plain = COMPRESSED.iter().find_map(|end| name.strip_suffix(end)).unwrap_or(name);
    ENDS.iter().any(|end| plain.ends_with(end))
}

/// What all files come to, and their names.
fn read(
    paths: &[PathBuf],
    args: &RollReadArgs,
    options: &Options,
) -> Result<(Part, Vec<String>), Failure> {
    let found = found(paths);
    if found.is_empty() {
        let names: Vec<String> = paths.iter().map(|path| path.display().to_string()).collect();
        return Err(Failure::Usage(format!(
            "{}: no report is there; it takes files called *.json, *.ndjson or *.jsonl, also .gz \
             and .zst",
            names.join(", ")
        )));
    }
    let names = found.iter().map(|path| match path {
        Ok(path) | Err((path, _)) => path.display().to_string(),
    });
    let names: Vec<String> = names.collect();
    let part = if args.jobs == 1 {
        let mut part = Part::default();
        let mut own = Part::default();
        each(&found, &mut own, &mut |block| part.block(&block, options));
        part.absorb(own);
        part
    } else {
        together(&found, usize::from(args.jobs), options)
    };
    Ok((part, names))
}

/// Reads on several processors: this thread reads blocks, the others make sense of them.
fn together(found: &[Result<PathBuf, (PathBuf, String)>], jobs: usize, options: &Options) -> Part {
    let (to, from) = sync_channel::<Block>(2 * jobs);
    let from = Mutex::new(from);
    let next = || from.lock().unwrap_or_else(PoisonError::into_inner).recv();
    let work = || {
        let mut part = Part::default();
        while let Ok(block) = next() {
            part.block(&block, options);
        }
        part
    };
    thread::scope(|scope| {
        let workers: Vec<_> = (0..jobs).map(|_| scope.spawn(work)).collect();
        let mut whole = Part::default();
        // A worker that is gone has panicked, which ends the run.
        each(found, &mut whole, &mut |block| drop(to.send(block)));
        drop(to);
        for worker in workers {
            match worker.join() {
                Ok(part) => whole.absorb(part),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        whole
    })
}

/// Hands on the blocks of each file; what can't be read is a rejected row.
fn each(
    found: &[Result<PathBuf, (PathBuf, String)>],
    part: &mut Part,
    sink: &mut dyn FnMut(Block),
) {
    for (at, path) in found.iter().enumerate() {
        let file = u32::try_from(at).unwrap_or(u32::MAX);
        let place = Place { file, line: 0 };
        part.tally.files += 1;
        let done = match path {
            Ok(path) => one(path, file, &mut part.tally.bytes, sink),
            Err((_, why)) => Err(io::Error::other(why.clone())),
        };
        if let Err(error) = done {
            let reason =
                if fleet::is_damage(&error) { "damaged-archive" } else { "unreadable-file" };
            let byte = part.tally.bytes;
            let refusal = Refusal { reason, detail: error.to_string() };
            part.tally.reject(place, byte, &refusal, None);
        }
    }
}

fn one(path: &Path, file: u32, bytes: &mut u64, sink: &mut dyn FnMut(Block)) -> io::Result<()> {
    let source: Box<dyn Read> =
        if is_stdin(path) { Box::new(io::stdin().lock()) } else { Box::new(files::open(path)?) };
    fleet::blocks(fleet::opened(source)?, file, bytes, sink)
}
