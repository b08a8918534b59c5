//! Where outputs go: no two to one place, and none to what is read.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};

use ephaudit_platform::files::Identity;

use super::input::is_stdin;
use super::{Failure, output, policy};
use crate::cli::{
    AuditArgs, Cli, Command, FactsArgs, FleetArgs, FleetCommand, MeasureArgs, OutputArgs,
    PolicyCommand, ReadArgs, ReportArgs, RootArgs,
};

/// How many files of a folder are looked at; one with more is refused as evidence.
const ENTRIES_MAX: usize = 10_000;

/// What every system is known by (os-release(5)).
const OS_RELEASE: [&str; 2] = ["/etc/os-release", "/usr/lib/os-release"];

/// Where settings persist: sysctl.d(5), sysctl.conf(5).
const PERSISTED: [&str; 6] = [
    "/etc/sysctl.conf",
    "/etc/sysctl.d",
    "/run/sysctl.d",
    "/usr/local/lib/sysctl.d",
    "/usr/lib/sysctl.d",
    "/lib/sysctl.d",
];

/// Where an output goes that another one would spoil: an ordinary file by its true path, or
/// standard output as `-`.
pub(super) fn place(args: &OutputArgs, quiet: bool) -> Option<PathBuf> {
    let Some(path) = &args.output else { return (!quiet).then(|| PathBuf::from("-")) };
    if output::is_stdout(path) {
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
                "two outputs go to {place}; give each its own file"
            )));
        }
        known.insert(place);
    }
    Ok(())
}

/// Refuses an output that is an input too: the input would be lost.
pub(super) fn spare_inputs(cli: &Cli) -> Result<(), Failure> {
    let used = FilesUsed::of(cli);
    let outputs: Vec<_> =
        used.outputs.iter().filter_map(|output| written(output.as_deref())).collect();
    if outputs.is_empty() {
        return Ok(());
    }
    let lost = |name: &str| {
        Err(Failure::Usage(format!(
            "{name} is also an input of this command and would be lost; write to another file"
        )))
    };
    for input in &used.inputs {
        let read = identities(input);
        if let Some((name, _)) = outputs.iter().find(|(_, identity)| read.contains(identity)) {
            return lost(name);
        }
        // What lies deeper in a tree is known by its path.
        let Ok(tree) = fs::canonicalize(input) else { continue };
        let inside = |path: &&PathBuf| fs::canonicalize(path).is_ok_and(|at| at.starts_with(&tree));
        if let Some(path) = used.outputs.iter().flatten().find(inside) {
            return lost(&path.display().to_string());
        }
    }
    Ok(())
}

/// What a command reads and writes.
#[derive(Default)]
struct FilesUsed {
    inputs: Vec<PathBuf>,
    /// A file, or standard output.
    outputs: Vec<Option<PathBuf>>,
}

impl FilesUsed {
    fn of(cli: &Cli) -> Self {
        let mut used = Self::default();
        match &cli.command {
            None => used.audit(&cli.audit),
            Some(Command::Audit(args)) => used.audit(args),
            Some(Command::Watch(args)) => used.audit(&args.audit),
            Some(Command::Show(args)) => used.read(&args.read).report(&args.report),
            Some(Command::Plan(args)) => {
                used.measure(&args.measure).read(&args.read).output(&args.output);
            }
            Some(Command::Boot(args)) => {
                used.tree(&args.facts, &args.tree, true).output(&args.output);
            }
            Some(Command::Explain(args)) => used.facts(&args.facts).output(&args.output),
            Some(Command::Convert(args)) => {
                used.inputs.extend(args.saved.iter().cloned());
                used.report(&args.report);
            }
            Some(Command::Policy(PolicyCommand::New(args))) => {
                used.read(&args.read).output(&args.output);
            }
            Some(Command::Policy(PolicyCommand::Check { file, output })) => {
                used.inputs.push(file.clone());
                used.output(output);
            }
            Some(Command::Fleet(FleetArgs { command: Some(FleetCommand::Diff(args)), .. })) => {
                used.inputs.extend([args.old.clone(), args.new.clone()]);
                used.output(&args.read.output);
            }
            Some(Command::Fleet(FleetArgs { roll, .. })) => {
                used.inputs.extend(roll.paths.iter().chain(&roll.inventory).cloned());
                used.output(&roll.read.output);
            }
            Some(Command::Absence(args)) => used.output(&args.output),
            // They read no file that anybody names.
            Some(
                Command::Capture(_)
                | Command::Probe(_)
                | Command::Policy(PolicyCommand::Services(_))
                | Command::Rules(_)
                | Command::Schema { .. }
                | Command::Completions { .. }
                | Command::Man(_),
            ) => {}
        }
        used
    }

    fn audit(&mut self, args: &AuditArgs) {
        self.measure(&args.measure).read(&args.show.read).report(&args.show.report);
    }

    fn measure(&mut self, args: &MeasureArgs) -> &mut Self {
        let usual = || policy::of_the_system().filter(|_| !args.no_policy);
        let named = args.policy.as_ref().map(|named| named.path.clone());
        self.inputs.extend(named.or_else(usual));
        self
    }

    fn read(&mut self, args: &ReadArgs) -> &mut Self {
        self.tree(&args.facts, &args.tree, args.boot)
    }

    /// With the tree that is read, or the files that settings of this host persist in.
    fn tree(&mut self, facts: &FactsArgs, tree: &RootArgs, boot: bool) -> &mut Self {
        self.facts(facts);
        self.inputs.extend(tree.root.clone());
        if boot && facts.from.is_empty() && tree.root.is_none() {
            self.inputs.extend(PERSISTED.map(PathBuf::from));
        }
        self
    }

    fn facts(&mut self, args: &FactsArgs) -> &mut Self {
        if args.from.is_empty() {
            self.inputs.extend(OS_RELEASE.map(PathBuf::from));
        }
        let registry = args.registry.iter().map(|named| &named.path);
        self.inputs.extend(args.from.iter().chain(registry).cloned());
        self
    }

    fn report(&mut self, args: &ReportArgs) {
        self.outputs.extend(args.emit.iter().map(|emission| Some(emission.path.clone())));
        if !args.quiet || args.output.output.is_some() {
            self.output(&args.output);
        }
    }

    fn output(&mut self, args: &OutputArgs) {
        self.outputs.push(args.output.clone());
    }
}

/// The file that an output replaces or goes on with, and its name.
fn written(output: Option<&Path>) -> Option<(String, Identity)> {
    match output.filter(|path| !output::is_stdout(path)) {
        Some(path) => Some((path.display().to_string(), Identity::of(path)?)),
        None => Some(("standard output".to_owned(), Identity::of_stdout()?)),
    }
}

/// The files that an input is: of a folder, those that lie in it.
fn identities(input: &Path) -> Vec<Identity> {
    if is_stdin(input) {
        return Identity::of_stdin().into_iter().collect();
    }
    match fs::read_dir(input) {
        // What can't be read is said where it is read.
        Ok(entries) => entries
            .take(ENTRIES_MAX)
            .filter_map(|entry| Identity::of(&entry.ok()?.path()))
            .collect(),
        Err(_) => Identity::of(input).into_iter().collect(),
    }
}
