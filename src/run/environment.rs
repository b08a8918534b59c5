//! The command line with what the environment says of it.

use std::env;
use std::ffi::OsString;

use clap::builder::Resettable;
use clap::{Arg, Command, CommandFactory, FromArgMatches};

use crate::cli::{Cli, NO_POLICY, POLICY_VARIABLE};

/// What the command line says. The variables of an audit are nothing to the commands, which have their own; one that is
/// empty is not set.
pub(super) fn parse() -> Result<Cli, clap::Error> {
    let args: Vec<OsString> = env::args_os().collect();
    let mut command = Cli::command();
    // Options never stand before a command.
    let named = args.get(1).is_some_and(|name| command.find_subcommand(name).is_some());
    let without = args.iter().any(|arg| arg.to_str() == Some(NO_POLICY));
    command = heard(command, without);
    if named {
        command = command.mut_args(deaf);
    }
    Cli::from_arg_matches(&command.try_get_matches_from(args)?)
}

fn heard(command: Command, without_policy: bool) -> Command {
    let command = command.mut_args(|arg| {
        let said =
            |name: &std::ffi::OsStr| env::var_os(name).is_some_and(|value| !value.is_empty());
        match arg.get_env() {
            Some(name) if !said(name) || (without_policy && name == POLICY_VARIABLE) => deaf(arg),
            _ => arg,
        }
    });
    command.mut_subcommands(|command| heard(command, without_policy))
}

fn deaf(arg: Arg) -> Arg {
    arg.env(Resettable::Reset)
}
