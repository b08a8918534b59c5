//! What to do, each command once, in the order to run them, with what it ends.

use std::collections::{BTreeMap, BTreeSet};

use super::causes::Cause;
use super::scopes::natural;
use crate::wire::v1::{Document, Finding, Scope};

/// How many namespaces a loop names.
const NAMED: usize = 16;

/// How many namespaces have a command each.
const EACH: usize = 4;

/// When something is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Moment {
    /// It takes effect at once.
    Now,
    /// It takes effect at the next boot.
    Boot,
    /// No setting of this host decides.
    Elsewhere,
}

/// A thing to do.
pub struct Action {
    /// When.
    pub when: Moment,
    /// The causes that it is for, as their places in the list.
    pub causes: BTreeSet<usize>,
    /// What it is, beyond the command; empty where that says it all.
    pub words: String,
    /// What to run; several where the same is done in several namespaces.
    pub commands: Vec<String>,
}

/// What ends the causes; alternatives are left to the long report. Where no command does, what is
/// to be done in words.
pub fn actions(document: &Document, causes: &[Cause<'_>]) -> Vec<Action> {
    let mut actions: Vec<Action> = Vec::new();
    for (place, cause) in causes.iter().enumerate() {
        let mut own = steps(document, cause);
        let has_commands = own.iter().any(|action| !action.commands.is_empty());
        own.retain(|action| {
            if has_commands { !action.commands.is_empty() } else { !action.words.is_empty() }
        });
        own.truncate(if has_commands { usize::MAX } else { 1 });
        for action in own {
            let same = |known: &&mut Action| {
                (known.when, &known.commands, &known.words)
                    == (action.when, &action.commands, &action.words)
            };
            if let Some(known) = actions.iter_mut().find(same) {
                known.causes.insert(place);
            } else {
                actions.push(Action { causes: BTreeSet::from([place]), ..action });
            }
        }
    }
    // The sort is stable: what one cause takes stays in order.
    actions.sort_by_key(|action| (action.when, action.causes.first().copied()));
    actions
}

/// Those of a cause, without the causes they are for.
fn steps(document: &Document, cause: &Cause<'_>) -> Vec<Action> {
    let mut actions = Vec::new();
    for finding in &cause.findings {
        for (at, (text, command)) in finding.to_do().enumerate() {
            let when = moment(finding, at, text);
            let is_alternative = text.starts_with("or ") || text.starts_with("where most of them");
            let pages = command.is_some_and(|command| command.starts_with("ephaudit explain"));
            if is_alternative || pages || (actions.is_empty() && when == Moment::Boot) {
                continue;
            }
            let (commands, more) = match command {
                Some(command) => everywhere(document, cause, command),
                None => (Vec::new(), String::new()),
            };
            let parts = [words(text), more];
            let parts: Vec<&str> =
                parts.iter().map(String::as_str).filter(|part| !part.is_empty()).collect();
            let words = parts.join("; ");
            actions.push(Action { when, causes: BTreeSet::new(), words, commands });
        }
    }
    actions
}

fn moment(finding: &Finding, at: usize, text: &str) -> Moment {
    match finding.steps.get(at).map(|step| &*step.when) {
        Some("now") => Moment::Now,
        Some("boot") => Moment::Boot,
        // A report from before there were steps.
        None if text.starts_with("at boot") => Moment::Boot,
        None if text.contains("now") || text.starts_with("first") => Moment::Now,
        _ => Moment::Elsewhere,
    }
}

/// What the heading does not say.
fn words(text: &str) -> String {
    let rest = ["at boot", "now", "first"].iter().find_map(|lead| text.strip_prefix(lead));
    rest.unwrap_or(text).trim_start_matches([',', ' ']).to_owned()
}

/// The command in every namespace where the cause is, and what is to be said of that.
fn everywhere(document: &Document, cause: &Cause<'_>, command: &str) -> (Vec<String>, String) {
    let scopes: BTreeMap<&str, &Scope> =
        document.scopes.iter().map(|scope| (&*scope.id, scope)).collect();
    let path_of = |id: &str| scopes.get(id).and_then(|scope| scope.path.as_deref());
    let own = match path_of(&cause.first().scope) {
        Some(path) => without_way(command, path),
        None => Some(command),
    };
    // What is done elsewhere is done once, whatever the namespace.
    let Some(own) = own.filter(|_| cause.alike.len() > 1) else {
        return (vec![command.to_owned()], String::new());
    };
    let mut commands = Vec::new();
    if cause.scopes().any(|id| path_of(id).is_none()) {
        commands.push(own.to_owned());
    }
    let mut paths: Vec<&str> = cause.scopes().filter_map(path_of).collect();
    paths.sort_by_cached_key(|path| natural(path));
    let (known, others): (Vec<&str>, Vec<&str>) =
        paths.into_iter().partition(|path| plain_name(path).is_some());
    let all = document.scopes.iter().filter_map(|scope| scope.path.as_deref());
    let every = all.filter(|path| plain_name(path).is_some()).count();
    let names: Vec<&str> = known.iter().filter_map(|path| plain_name(path)).collect();
    let shown = others.len().min(if others.len() <= EACH { EACH } else { 1 });
    commands.extend(others.iter().take(shown).map(|path| format!("{}{own}", way(path))));
    let mut untold = others.len() - shown;
    match names.as_slice() {
        [] => {}
        [name] => commands.push(format!("ip netns exec {name} {own}")),
        // A pattern that has them alone.
        names if names.len() > EACH && every == names.len() => {
            commands.push(format!("for n in /run/netns/*; do nsenter --net=\"$n\" {own}; done"));
        }
        names if names.len() <= NAMED => {
            let names = names.join(" ");
            commands.push(format!("for n in {names}; do ip netns exec $n {own}; done"));
        }
        names => {
            commands.push(format!("ip netns exec {} {own}", names[0]));
            untold += names.len() - 1;
        }
    }
    let words = match untold {
        0 => String::new(),
        1 => "the same in 1 other namespace".to_owned(),
        count => format!("the same in {count} other namespaces"),
    };
    (commands, words)
}

/// The name of a namespace that ip-netns(8) keeps, where a shell takes it as it is.
fn plain_name(path: &str) -> Option<&str> {
    let plain = |name: &&str| {
        !name.starts_with('-')
            && name.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c))
    };
    path.strip_prefix("/run/netns/").filter(plain)
}

/// What leads into a namespace, before a command.
fn way(path: &str) -> String {
    format!("nsenter --net={path} ")
}

/// A command without what leads into its namespace.
fn without_way<'a>(command: &'a str, path: &str) -> Option<&'a str> {
    let by_name = || {
        let way = format!("ip netns exec {} ", plain_name(path)?);
        command.strip_prefix(way.as_str())
    };
    command.strip_prefix(way(path).as_str()).or_else(by_name)
}
