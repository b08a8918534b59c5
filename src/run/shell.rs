//! What goes beside the program: completions and manual pages, made from the command line's own types.

use clap::CommandFactory;
use clap_complete::Shell;
use clap_mangen::Man;

use super::{Failure, exit, output};
use crate::cli::{Cli, ManArgs, OutputArgs};

pub(super) fn completions(shell: Shell, args: &OutputArgs) -> Result<u8, Failure> {
    let mut script = Vec::new();
    let mut command = Cli::command();
    let name = command.get_name().to_owned();
    clap_complete::generate(shell, &mut command, name, &mut script);
    output::write(args, false, || script)?;
    Ok(exit::OK)
}

/// The page of the program, or of a subcommand: `policy new` is in ephaudit-policy-new(1).
pub(super) fn man(args: &ManArgs) -> Result<u8, Failure> {
    let mut command = Cli::command();
    command.build();
    let mut command = &command;
    for name in &args.command {
        command = command.find_subcommand(name).ok_or_else(|| {
            let known: Vec<&str> = command.get_subcommands().map(clap::Command::get_name).collect();
            let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
            Failure::Usage(format!("no command is called {name:?}; there are: {known}"))
        })?;
    }
    let mut page = Vec::new();
    Man::new(command.clone())
        .source(concat!("ephaudit ", env!("CARGO_PKG_VERSION")))
        .render(&mut page)
        .map_err(|error| Failure::Output(format!("cannot make the page: {error}")))?;
    output::write(&args.output, false, || page)?;
    Ok(exit::OK)
}
