//! The policy: from the command line, the environment and the one file that counts.

use std::env;
use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::time::Duration;

use ephaudit_platform::files;

use super::clock::{day_after, today};
use super::input::ReadBudget;
use super::output::Content;
use super::{Failure, environment, exit, output, registry};
use crate::cli::{FactsArgs, MeasureArgs, OutputArgs, PolicyCommand, PolicyNewArgs, ProfileArgs};
use crate::draft::Draft;
use crate::iana::Registry;
use crate::policy::services::SETS;
use crate::policy::waiver::wrong_clock;
use crate::policy::{self, Asked, Policy, Threshold, Weight};
use crate::render::page::{BOLD, DIM, PLAIN, Page};
use crate::report::Severity;
use crate::rules::RULES;
use crate::text::{counted, spans};

/// What an audit judged by.
pub(super) fn of(args: &MeasureArgs, facts: &FactsArgs) -> Result<Policy, Failure> {
    let asked = asked(&args.profile);
    let registry = registry(facts)?;
    let mut policy = match text(args)? {
        Some((path, text)) => parse(&path, &text, &asked, registry)?,
        None => asked.policy(registry),
    };
    policy.today = today()?;
    Ok(policy)
}

fn parse(path: &Path, text: &str, asked: &Asked, registry: Registry) -> Result<Policy, Failure> {
    let name = path.display().to_string();
    let rules: Vec<&str> = RULES.iter().map(|rule| rule.name).collect();
    policy::file::read(text, &name, &rules, asked, registry)
        .map_err(|mistake| Failure::Usage(format!("the policy {name}: {mistake}")))
}

/// What the command line asks for by itself.
fn asked(args: &ProfileArgs) -> Asked {
    Asked {
        profile: args.profile,
        fail_on: args.fail_on.map(|word| word.severity().map_or(Threshold::Never, Threshold::From)),
        services: args.services.iter().filter_map(|name| policy::services::set(name)).collect(),
    }
}

/// The policy's file and its text. The one of the system may be missing, and no other; none is ever
/// looked for where the program happens to be started.
fn text(args: &MeasureArgs) -> Result<Option<(PathBuf, String)>, Failure> {
    if let Some(named) = &args.policy {
        let failure = if named.by_variable { doubted } else { unusable };
        let read = environment::open(named).and_then(read);
        let text = read.map_err(|error| failure(&named.path, &error))?;
        return Ok(Some((named.path.clone(), text)));
    }
    let Some(path) = of_the_system().filter(|_| !args.no_policy) else { return Ok(None) };
    match files::open_trusted(&path).and_then(read) {
        Ok(text) => Ok(Some((path, text))),
        // A link that leads to nothing is a policy that is missing, and no host without one: that
        // is another error.
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(doubted(&path, &error)),
    }
}

/// Where the system's own policy stands.
pub(super) fn of_the_system() -> Option<PathBuf> {
    if env::consts::OS == "windows" {
        let folder = PathBuf::from(env::var_os("PROGRAMDATA")?);
        return folder.is_absolute().then(|| folder.join("ephaudit").join("policy.toml"));
    }
    Some(PathBuf::from("/etc/ephaudit/policy.toml"))
}

/// The text of a policy.
fn read(file: File) -> io::Result<String> {
    let bytes = ReadBudget::of_policy().bounded(file)?;
    // What a crash or a full disk leaves, and no measure that anybody chose.
    if bytes.trim_ascii().is_empty() {
        return Err(io::Error::other(
            "it is empty; delete it, or write one with `ephaudit policy new`",
        ));
    }
    String::from_utf8(bytes).map_err(|_| io::Error::other("it is not UTF-8"))
}

fn unusable(path: &Path, error: &io::Error) -> Failure {
    Failure::Usage(format!("the policy {}: {error}", path.display()))
}

/// The same where the command line did not name it.
fn doubted(path: &Path, error: &io::Error) -> Failure {
    let hint = "fix that, or name a policy with --policy";
    Failure::Usage(format!("the policy {}: {error}; {hint}", path.display()))
}

/// How long a waiver of a draft holds.
const DRAFTED_FOR: Duration = Duration::from_secs(90 * 24 * 60 * 60);

pub(super) fn run(command: &PolicyCommand) -> Result<u8, Failure> {
    match command {
        PolicyCommand::New(args) => new(args)?,
        PolicyCommand::Check { file, output } => check(file, output)?,
        PolicyCommand::Services(output) => services(output)?,
    }
    Ok(exit::OK)
}

fn new(args: &PolicyNewArgs) -> Result<(), Failure> {
    if let Some(path) = args.output.output.as_deref().filter(|_| !args.force) {
        if fs::metadata(path).is_ok_and(|present| present.is_file()) {
            let path = path.display();
            return Err(Failure::Usage(format!("{path} already exists; use --force to overwrite")));
        }
    }
    let mut policy = asked(&args.profile).policy(registry(&args.read.facts)?);
    policy.today = today()?;
    if let Some(why) = wrong_clock(&policy.today) {
        return Err(Failure::Output(format!(
            "cannot give the waivers an end date: {}",
            why.detail
        )));
    }
    let last = day_after(DRAFTED_FOR)?;
    let snapshot = super::snapshot(&args.read, &policy, 0)?.snapshot;
    let text = Draft::new(&snapshot, policy).text(&last);
    output::write(&args.output, false, Content::Text, || text.into_bytes())
}

/// Tells what a policy means; what is wrong with it is an error with its place.
fn check(file: &Path, output: &OutputArgs) -> Result<(), Failure> {
    let text = files::open(file).and_then(read).map_err(|error| unusable(file, &error))?;
    let policy = parse(file, &text, &Asked::default(), Registry::built_in())?;
    let mut page = Page::new(output::look(output));
    let mut say = |what: &str, value: &str| {
        page.prose((PLAIN, &format!("{what:<17}")), (PLAIN, value), 17);
    };
    say("profile", policy.profile.name());
    say("fail on", policy.fail_on.map_or("nothing", Severity::name));
    say("allowed ranges", &policy.intervals());
    say("minimum pool", &counted(policy.min_pool, "usable port"));
    say("near exhaustion", &format!("from {} %", policy.near_exhaustion));
    for (rule, weight) in &policy.weights {
        let weight = match weight {
            Weight::Off => "off",
            Weight::Own => "on",
            Weight::Always(severity) => severity.name(),
        };
        say("rule", &format!("{rule}: {weight}"));
    }
    for service in &policy.services {
        say("service", &format!("{service}, by {}", service.by));
    }
    let today = today()?;
    for waiver in &policy.waivers {
        let expired = match waiver.holds(&today) {
            Ok(true) => "",
            Ok(false) => "EXPIRED: ",
            Err(_) => "EXPIRED OR NOT, THE CLOCK IS WRONG: ",
        };
        let of = |what: &str, pattern: &str| match pattern {
            "*" => String::new(),
            pattern => format!(" of {what} {pattern}"),
        };
        let ports =
            waiver.ports.as_ref().map_or_else(String::new, |p| format!(" on ports {}", spans(p)));
        let which = format!("{}{}{ports}", of("host", &waiver.host), of("scope", &waiver.scope));
        say("waiver", &format!("{expired}line {}, {}{which}: {waiver}", waiver.line, waiver.rule));
    }
    output::write(output, false, Content::Text, || page.finish())
}

fn services(output: &OutputArgs) -> Result<(), Failure> {
    let mut page = Page::new(output::look(output));
    for set in SETS {
        page.prose((BOLD, ""), (BOLD, set.name), 0);
        for service in set.declared() {
            page.prose((PLAIN, "  "), (PLAIN, &service.to_string()), 4);
        }
        page.prose((DIM, "  from "), (DIM, set.source), 7);
    }
    output::write(output, false, Content::Text, || page.finish())
}
