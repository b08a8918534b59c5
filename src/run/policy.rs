//! The policy: from the command line, the environment and the one file that counts.

use std::env;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use ephaudit_platform::Wants;
use ephaudit_platform::snapshot::{Depth, Scope};

use super::input::Room;
use super::{Failure, exit, now, output, registry, today};
use crate::audit::named_listeners;
use crate::cli::{FactsArgs, MeasureArgs, OutputArgs, PolicyCommand, PolicyNewArgs, ProfileArgs};
use crate::draft::Draft;
use crate::iana::Registry;
use crate::policy::services::SETS;
use crate::policy::{self, Asked, Policy, Threshold, Weight};
use crate::render::page::{BOLD, DIM, PLAIN, Page};
use crate::report::Severity;
use crate::rules::RULES;
use crate::text::{counted, spans};

/// The measure of an audit.
pub(super) fn of(args: &MeasureArgs, facts: &FactsArgs) -> Result<Policy, Failure> {
    let asked = asked(&args.profile);
    let registry = registry(facts)?;
    let mut policy = match text(args)? {
        Some((path, text)) => parse(&path, &text, &asked, registry)?,
        None => asked.policy(registry),
    };
    policy.today = today();
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

/// The policy's file and its text. The one of the system may be missing, and no other; none is ever looked for where the
/// program happens to be started.
fn text(args: &MeasureArgs) -> Result<Option<(PathBuf, String)>, Failure> {
    if let Some(path) = &args.policy {
        let text = read(path).map_err(|error| unusable(path, &error))?;
        return Ok(Some((path.clone(), text)));
    }
    let Some(path) = of_the_system().filter(|_| !args.no_policy) else { return Ok(None) };
    match read(&path) {
        Ok(text) => Ok(Some((path, text))),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(unusable(&path, &error)),
    }
}

/// Where the system's own policy stands.
fn of_the_system() -> Option<PathBuf> {
    if env::consts::OS == "windows" {
        let folder = PathBuf::from(env::var_os("PROGRAMDATA")?);
        return folder.is_absolute().then(|| folder.join("ephaudit").join("policy.toml"));
    }
    Some(PathBuf::from("/etc/ephaudit/policy.toml"))
}

/// The text of a policy.
fn read(path: &Path) -> io::Result<String> {
    let bytes = Room::of_policy().read(path)?;
    String::from_utf8(bytes).map_err(|_| io::Error::other("it is not UTF-8"))
}

fn unusable(path: &Path, error: &io::Error) -> Failure {
    Failure::Usage(format!("the policy {}: {error}", path.display()))
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
    let mut policy = asked(&args.profile).policy(registry(&args.facts)?);
    policy.today = today();
    let named = |scope: &Scope| named_listeners(&policy, scope);
    let held = super::held(&policy);
    let wants = Wants {
        owners: &named,
        depth: Depth::Auto(policy.near_exhaustion),
        held: &held,
        ..Wants::default()
    };
    let (snapshot, _) = super::read(&args.facts, None, &wants, now())?;
    let expires = humantime::format_rfc3339_seconds(SystemTime::now() + DRAFTED_FOR).to_string();
    let day: String = expires.chars().take("YYYY-MM-DD".len()).collect();
    let text = Draft::new(&snapshot, policy).text(&day);
    output::write(&args.output, false, || text.into_bytes())
}

/// Tells what a policy means; what is wrong with it is an error with its place.
fn check(file: &Path, output: &OutputArgs) -> Result<(), Failure> {
    let text = read(file).map_err(|error| unusable(file, &error))?;
    let policy = parse(file, &text, &Asked::default(), Registry::built_in())?;
    let mut page = Page::new(output::look(output));
    let mut say = |what: &str, value: &str| {
        page.prose((PLAIN, &format!("{what:<17}")), (PLAIN, value), 17);
    };
    say("profile", policy.profile.name());
    say("fails from", policy.fail_on.map_or("nothing on", Severity::name));
    say("allowed ranges", &spans(&policy.allowed_ports()));
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
    let today = today();
    for waiver in &policy.waivers {
        let expired = if waiver.expired(&today) { "EXPIRED: " } else { "" };
        say("waiver", &format!("{expired}line {}, {}: {waiver}", waiver.line, waiver.rule));
    }
    output::write(output, false, || page.finish())
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
    output::write(output, false, || page.finish())
}
