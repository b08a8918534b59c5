//! The rim: calls the reader, opens files, writes the output, picks the exit code.

// the only room that looks into the environment: clippy.toml
#![allow(clippy::disallowed_methods)]

mod boot;
mod broken;
mod clock;
mod environment;
mod evidence;
mod explain;
mod fleet;
mod identity;
mod input;
mod output;
mod places;
mod plan;
mod policy;
mod present;
mod progress;
mod protocol;
mod shell;
mod watch;

use std::env;
use std::path::Path;
use std::process::ExitCode;
use std::slice::from_ref;

use clap::error::ErrorKind;
use ephaudit_platform::capture::{Capture, Recording};
use ephaudit_platform::confine::{self, ConfinedTo, Layer};
use ephaudit_platform::ports::PortSet;
use ephaudit_platform::snapshot::{Depth, Snapshot, Transport};
use ephaudit_platform::trace::AskTrace;
use ephaudit_platform::{Host, Needs, files};

use self::clock::now;
use self::identity::Identity;
use self::input::ReadBudget;
use self::output::Content;
use self::present::{Screenful, look, present};
use self::progress::Progress;
use crate::audit::{audit, needs, needs_owners};
use crate::cli;
use crate::cli::{
    AuditArgs, CaptureArgs, Cli, Command, Confine, ConfineArgs, ConvertArgs, FactsArgs, ProbeArgs,
    REGISTRY_VARIABLE, ReadArgs, RulesArgs, ShowArgs, UsageDepth,
};
use crate::iana::Registry;
use crate::policy::{Policy, Profile};
use crate::probe::{self, judge};
use crate::render;
use crate::report::Status;
use crate::rule::Need;
use crate::rules::RULES;
use crate::wire::v1;

/// The exit codes; they are part of the interface.
mod exit {
    pub(super) const OK: u8 = 0;
    pub(super) const FINDINGS: u8 = 1;
    pub(super) const USAGE: u8 = 2;
    pub(super) const UNDETERMINED: u8 = 3;
    pub(super) const OUTPUT: u8 = 4;
}

/// Why a run gave no result: one line, and the exit code.
enum Failure {
    /// The user's own input is wrong or unreadable.
    Usage(String),
    /// The output could not be written.
    Output(String),
}

/// Does what the command line says.
pub fn run() -> ExitCode {
    files::too_large_is_an_error();
    ExitCode::from(broken::guarded(answer))
}

fn answer() -> u8 {
    let (done, format) = match environment::parse() {
        Ok(cli) => {
            let format = cli.format();
            (obey(cli), format)
        }
        Err(error) => (usage(&error), protocol::asked_for(env::args_os())),
    };
    match done {
        Ok(code) => code,
        Err(failure) => protocol::fail(failure, format),
    }
}

/// Help and version are output like any other; what is wrong with a command line is said in one
/// line.
fn usage(error: &clap::Error) -> Result<u8, Failure> {
    let text = error.render().to_string();
    if !error.use_stderr() {
        let short = env::args_os().nth(1).is_some_and(|arg| arg == "-h");
        let text = if short { cli::SHORT } else { &text };
        return output::to_stdout(text.as_bytes()).map(|()| exit::OK);
    }
    let message = text.split("\n\n").next().unwrap_or_default();
    let message =
        message.trim_start_matches("error: ").split_whitespace().collect::<Vec<_>>().join(" ");
    Err(Failure::Usage(format!("{}; {}", of_variable(&message), hint(error, &text))))
}

/// What to do about a wrong command line.
fn hint(error: &clap::Error, text: &str) -> String {
    let tip = text.lines().find_map(|line| line.trim_start().strip_prefix("tip: "));
    // "a similar argument exists: '--format'"
    let near = tip.and_then(|tip| tip.split_once(" exists: ").or(tip.split_once(" exist: ")));
    match (near, error.kind()) {
        (Some((_, near)), _) => format!("did you mean {near}?"),
        (None, ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand) => {
            "policy: new, check or services?".to_owned()
        }
        (None, ErrorKind::ArgumentConflict) => "put options after the subcommand".to_owned(),
        (None, _) => "see ephaudit --help".to_owned(),
    }
}

/// The complaint about an option's value, with the variable that gave it where nobody wrote the
/// option.
fn of_variable(message: &str) -> String {
    let option = message.split_once(" for '--").map(|(_, rest)| rest);
    let option = option.and_then(|rest| rest.split([' ', '\'', '=']).next());
    let option = option.map(|name| format!("--{name}"));
    match option.and_then(|option| environment::origin(&option)) {
        Some(variable) => format!("{message}, from {variable}"),
        None => message.to_owned(),
    }
}

fn obey(cli: Cli) -> Result<u8, Failure> {
    places::spare_inputs(&cli)?;
    match cli.command {
        None => run_audit(&cli.audit),
        Some(Command::Audit(args)) => run_audit(&args),
        Some(Command::Watch(args)) => watch::run(args),
        Some(Command::Show(args)) => run_show(&args),
        Some(Command::Capture(args)) => capture(&args),
        Some(Command::Boot(args)) => boot::run(&args),
        Some(Command::Explain(args)) => explain::run(&args),
        Some(Command::Plan(args)) => plan::run(&args),
        Some(Command::Probe(args)) => run_probe(&args),
        Some(Command::Convert(args)) => convert(&args),
        Some(Command::Policy(command)) => policy::run(&command),
        Some(Command::Fleet(args)) => fleet::run(&args),
        Some(Command::Absence(args)) => identity::absence(&args),
        Some(Command::Rules(args)) => list_rules(&args),
        Some(Command::Completions { shell, output }) => shell::completions(shell, &output),
        Some(Command::Man(args)) => shell::man(&args),
        Some(Command::Schema { kind, output }) => {
            output::write(&output, false, Content::Text, || render::schema(kind)).map(|()| exit::OK)
        }
    }
}

fn run_audit(args: &AuditArgs) -> Result<u8, Failure> {
    let (document, code) = inspect(args)?;
    present(from_ref(&document), &args.show.report, None, Screenful::ending(code))?;
    Ok(code)
}

/// The report, and the exit code that goes with it.
fn inspect(args: &AuditArgs) -> Result<(v1::Document, u8), Failure> {
    let policy = policy::of(&args.measure, &args.show.read.facts)?;
    let Taken { mut snapshot, at, held } =
        snapshot(&args.show.read, &policy, args.show.report.verbose)?;
    let identity = Identity::of(&args.show, &mut snapshot)?;
    let report = audit(&snapshot, &policy);
    let mut document = v1::document(&snapshot, &policy, Some(&report), at, args.show.top);
    identity.fill(&mut document);
    document.tool = document.tool.held_by(&held);
    let usual = match report.status {
        Status::Compliant => exit::OK,
        Status::Findings => exit::FINDINGS,
        Status::Undetermined => exit::UNDETERMINED,
    };
    // The state of a plugin is its exit code, whatever an inventory job would like.
    let usual = if args.exit_zero { exit::OK } else { usual };
    let code = args.show.report.format.exit_code(&document).unwrap_or(usual);
    Ok((document, code))
}

fn run_show(args: &ShowArgs) -> Result<u8, Failure> {
    let policy = unjudged(&args.read.facts)?;
    let Taken { mut snapshot, at, held } = snapshot(&args.read, &policy, args.report.verbose)?;
    let identity = Identity::of(args, &mut snapshot)?;
    let mut document = v1::document(&snapshot, &policy, None, at, args.top);
    identity.fill(&mut document);
    document.tool = document.tool.held_by(&held);
    present(from_ref(&document), &args.report, None, Screenful::default())?;
    Ok(args.report.format.exit_code(&document).unwrap_or(exit::OK))
}

/// The facts of a host.
struct Taken {
    snapshot: Snapshot,
    /// When they were read.
    at: String,
    /// What held the thread that read them.
    held: Vec<Layer>,
}

/// The facts of this host, or of the evidence.
/// From the second -v on, what was asked is said too.
fn snapshot(args: &ReadArgs, policy: &Policy, verbose: u8) -> Result<Taken, Failure> {
    let at = now()?;
    let needs = reads(args, policy);
    let elsewhere = !args.facts.from.is_empty() || args.tree.root.is_some();
    if args.all_netns && elsewhere {
        let why = "--all-netns reads the namespaces of this host; --from and --root use those \
                   recorded in them";
        return Err(Failure::Usage(why.to_owned()));
    }
    let read = || {
        let trace = AskTrace::default();
        let mut host = host(&args.facts, args.tree.root.as_deref())?;
        if verbose > 1 {
            host = host.traced(&trace);
        }
        let long = args.all_netns || args.usage == UsageDepth::Full;
        let progress = long.then(|| Progress::of("reading this host"));
        let mut snapshot = host.read(&needs);
        let named = needs_owners(policy, &snapshot);
        host.owners(&mut snapshot, &named);
        drop(progress);
        output::explain(trace.lines());
        Ok::<_, Failure>((snapshot, host.collected_at().map_or(at, str::to_owned)))
    };
    let reach = if args.all_netns { ConfinedTo::Namespaces } else { ConfinedTo::Host };
    let (read, held) = confined(&args.confine, elsewhere, reach, read)?;
    let (snapshot, at) = read?;
    Ok(Taken { snapshot, at, held })
}

/// Reads this host in a confined thread, and files that somebody named as whoever named them.
fn confined<T: Send>(
    args: &ConfineArgs,
    elsewhere: bool,
    reach: ConfinedTo,
    read: impl FnOnce() -> T + Send,
) -> Result<(T, Vec<Layer>), Failure> {
    if elsewhere || args.confine == Confine::Off {
        return Ok((read(), Vec::new()));
    }
    confine::within(args.confine == Confine::Require, reach, read)
        .map_err(|why| Failure::Output(format!("--confine require: {why}")))
}

/// What the command line asks for, and what the rules read that are on.
fn reads(args: &ReadArgs, policy: &Policy) -> Needs {
    let depth = match args.usage {
        UsageDepth::Auto if !needs(policy, Need::Sockets) => Depth::Counters,
        depth => depth.depth(policy.near_exhaustion),
    };
    Needs::default()
        .depth(depth)
        .all_namespaces(args.all_netns)
        .boot(args.boot || args.tree.root.is_some())
        .held(if needs(policy, Need::Holders) { held(policy) } else { Vec::new() })
}

/// The ports of declared services: who holds them is looked for.
fn held(policy: &Policy) -> Vec<(Transport, PortSet)> {
    Transport::ALL.iter().map(|&transport| (transport, policy.declared_ports(transport))).collect()
}

/// This host, or the one that the command line names.
fn host(facts: &FactsArgs, root: Option<&Path>) -> Result<Host<'static>, Failure> {
    if facts.from.is_empty() && root.is_none() {
        Ok(Host::live())
    } else {
        evidence::host(facts, root)
    }
}

/// What the listeners' owners are asked for depends on the registry: a capture holds those of the
/// built-in one.
fn capture(args: &CaptureArgs) -> Result<u8, Failure> {
    let registry = Registry::built_in();
    let policy = Policy::of(Profile::Iana, None, registry);
    let at = now()?;
    let read = || {
        let recording = Recording::default();
        let host = Host::recording(&recording);
        let mut snapshot = host.read(&Needs::default().depth(Depth::Auto(policy.near_exhaustion)));
        let named = needs_owners(&policy, &snapshot);
        host.owners(&mut snapshot, &named);
        drop(host);
        recording
            .capture(&snapshot.host, at)
            .map_err(|error| Failure::Output(format!("cannot make the capture: {error}")))
    };
    let (bytes, _) = confined(&args.confine, false, ConfinedTo::Host, read)?;
    let bytes = bytes?;
    if bytes.len() > Capture::MAX {
        return Err(Failure::Output(
            "the capture is larger than --from accepts (4 MiB)".to_owned(),
        ));
    }
    output::write(&args.output, false, Content::Capture, || bytes)?;
    Ok(exit::OK)
}

/// How many times its length a saved report may take in a format, and how many bytes any may.
const GROWTH: usize = 4;
const SMALL: usize = 8 * 1024 * 1024;

/// What was judged then is not judged again: the exit code says only that it was rendered, but
/// where the format's own protocol says the state by it.
fn convert(args: &ConvertArgs) -> Result<u8, Failure> {
    let mut budget = ReadBudget::of_report();
    let mut most = 0;
    let mut documents = Vec::new();
    for saved in &args.saved {
        let unusable = |why: String| {
            let name = saved.display();
            Failure::Usage(format!("{name}: {why}; convert takes what --format json writes"))
        };
        let text = budget.read(saved).map_err(|error| unusable(error.to_string()))?;
        documents.push(v1::read(&text).map_err(unusable)?);
        // The text is dropped here: it may be as large as all that is held of it.
        most += text.len().saturating_mul(GROWTH).max(SMALL);
    }
    present(&documents, &args.report, Some(most), Screenful::default())?;
    let code = documents.iter().find_map(|document| args.report.format.exit_code(document));
    Ok(code.unwrap_or(exit::OK))
}

/// What is only shown is judged by nothing but the registry's names.
fn unjudged(facts: &FactsArgs) -> Result<Policy, Failure> {
    Ok(Policy::of(Profile::Iana, None, registry(facts)?))
}

fn registry(args: &FactsArgs) -> Result<Registry, Failure> {
    let Some(named) = &args.registry else { return Ok(Registry::built_in()) };
    let name = named.path.display().to_string();
    let by = if named.by_variable { REGISTRY_VARIABLE } else { "--registry" };
    let unusable = |why: String| {
        Failure::Usage(format!(
            "{by} {name}: {why}; it takes IANA's service-names-port-numbers.csv"
        ))
    };
    let file = environment::open(named).map_err(|error| {
        if named.by_variable {
            let hint = "fix that, or name it with --registry";
            return Failure::Usage(format!("{by} {name}: {error}; {hint}"));
        }
        unusable(error.to_string())
    })?;
    Registry::from_csv(&name, file).map_err(|error| unusable(error.to_string()))
}

fn run_probe(args: &ProbeArgs) -> Result<u8, Failure> {
    let at = now()?;
    let progress = Progress::of("asking the kernel for ports");
    let (snapshot, answers) = Host::live().probe(args.count);
    drop(progress);
    let judged = judge(&snapshot, &answers, args.fail_on.severity());
    let document = v1::probed(&snapshot, &answers, &judged, at, args.count);
    let look = output::look(&args.output);
    let make = || render::render_probe(&document, args.format, look);
    output::write(&args.output, args.quiet, Content::Facts, make)?;
    Ok(match judged.status {
        probe::ProbeStatus::Agrees => exit::OK,
        probe::ProbeStatus::Disagrees => exit::FINDINGS,
        probe::ProbeStatus::Undetermined => exit::UNDETERMINED,
    })
}

fn list_rules(args: &RulesArgs) -> Result<u8, Failure> {
    let look = output::look(&args.output);
    let document = v1::rules(RULES);
    let make = || render::render_rules(&document, args.format, look);
    output::write(&args.output, false, Content::Text, make)?;
    Ok(exit::OK)
}
