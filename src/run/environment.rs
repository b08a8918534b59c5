//! The command line with what the environment says of it.

use std::env;
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io;

use clap::builder::Resettable;
use clap::{Arg, Command, CommandFactory, FromArgMatches};

use ephaudit_platform::files;

use crate::cli::{Cli, FORMAT_VARIABLE, NO_POLICY, NamedFile, POLICY_VARIABLE};

/// What each variable begins with.
const OURS: &[u8] = b"EPHAUDIT_";

/// What the command line says. The variables of an audit are nothing to the commands, which have
/// their own; one that is empty is not set, and none is where the program has rights that its
/// caller has not.
pub(super) fn parse() -> Result<Cli, clap::Error> {
    let args: Vec<OsString> = env::args_os().collect();
    let mut command = Cli::command();
    if env::vars_os().any(|(name, _)| name.as_encoded_bytes().starts_with(OURS)) {
        command = with_environment(command, &args);
    }
    // The last one wins, as wrappers need it.
    command = last_wins(command);
    Cli::from_arg_matches(&command.try_get_matches_from(args)?)
}

fn last_wins(command: Command) -> Command {
    let names: Vec<String> =
        command.get_subcommands().map(|command| command.get_name().to_owned()).collect();
    let command = command.args_override_self(true);
    names.into_iter().fold(command, |command, name| command.mut_subcommand(name, last_wins))
}

/// The variable that gave an option's value where the command line does not name the option.
pub(super) fn origin(option: &str) -> Option<String> {
    let name = option.trim_start_matches('-').to_uppercase().replace('-', "_");
    let variable = format!("EPHAUDIT_{name}");
    let set = env::var_os(&variable).is_some_and(|value| !value.is_empty());
    let given = |arg: OsString| arg.to_str().is_some_and(|arg| arg.starts_with(option));
    (set && !env::args_os().any(given)).then_some(variable)
}

/// The format that the environment says.
pub(super) fn format() -> Option<OsString> {
    env::var_os(FORMAT_VARIABLE).filter(|_| !files::has_gained_rights())
}

/// Opens a file that is named on the command line, which is the caller's own word, or by a
/// variable, which may be another's: root takes that only where nobody else can have written the
/// file.
pub(super) fn open(named: &NamedFile) -> io::Result<File> {
    if named.by_variable && files::is_root() {
        return files::open_trusted(&named.path);
    }
    files::open(&named.path)
}

fn with_environment(mut command: Command, args: &[OsString]) -> Command {
    let without_policy = args.iter().any(|arg| arg.to_str() == Some(NO_POLICY));
    let believed = !files::has_gained_rights();
    let applies = |name: &OsStr| {
        believed
            && env::var_os(name).is_some_and(|value| !value.is_empty())
            && !(without_policy && name == POLICY_VARIABLE)
    };
    // Options never stand before a command.
    let named = args.get(1).and_then(|name| command.find_subcommand_mut(name));
    let Some(named) = named else { return apply(command, &applies) };
    // The arguments of a command that is not built have not been made: it is built first.
    named.build();
    *named = apply(named.clone(), &applies);
    command.mut_args(without_variable)
}

/// Keeps the variables that apply, of the command and of its own commands.
fn apply(command: Command, applies: &dyn Fn(&OsStr) -> bool) -> Command {
    let command = command.mut_args(|arg| match arg.get_env() {
        Some(name) if !applies(name) => without_variable(arg),
        _ => arg,
    });
    command.mut_subcommands(|command| apply(command, applies))
}

fn without_variable(arg: Arg) -> Arg {
    arg.env(Resettable::Reset)
}
