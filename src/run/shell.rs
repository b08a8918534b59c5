//! What goes beside the program: completions and manual pages, made from the command line's own
//! types.

use std::io::{self, Write};

use clap::builder::StyledStr;
use clap::{Command, CommandFactory};
use clap_complete::Shell;
use clap_mangen::Man;

use super::output::Content;
use super::{Failure, exit, output};
use crate::cli::{Cli, ManArgs, OutputArgs};

pub(super) fn completions(shell: Shell, args: &OutputArgs) -> Result<u8, Failure> {
    let mut script = Vec::new();
    let mut command = Cli::command();
    let name = command.get_name().to_owned();
    clap_complete::generate(shell, &mut command, name, &mut script);
    output::write(args, false, Content::Text, || script)?;
    Ok(exit::OK)
}

/// The page of the program, or of a subcommand: `policy new` is in ephaudit-policy-new(1).
pub(super) fn man(args: &ManArgs) -> Result<u8, Failure> {
    let mut command = Cli::command();
    command.build();
    let mut command = &command;
    for name in &args.command {
        command = command.find_subcommand(name).ok_or_else(|| {
            let known: Vec<&str> = command.get_subcommands().map(Command::get_name).collect();
            let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
            Failure::Usage(format!("no command is called {name:?}; there are: {known}"))
        })?;
    }
    let page =
        page(command).map_err(|error| Failure::Output(format!("cannot make the page: {error}")))?;
    output::write(&args.output, false, Content::Text, || page)?;
    Ok(exit::OK)
}

/// The sections of man-pages(7), in its order.
fn page(command: &Command) -> io::Result<Vec<u8>> {
    let man = Man::new(command.clone()).source(concat!("ephaudit ", env!("CARGO_PKG_VERSION")));
    let mut page = Vec::new();
    man.render_title(&mut page)?;
    man.render_name_section(&mut page)?;
    man.render_synopsis_section(&mut page)?;
    man.render_description_section(&mut page)?;
    if command.get_arguments().next().is_some() {
        man.render_options_section(&mut page)?;
    }
    if command.has_subcommands() {
        man.render_subcommands_section(&mut page)?;
    }
    let text_of = |text: Option<&StyledStr>| text.map(ToString::to_string);
    if let Some(more) = text_of(command.get_after_help()) {
        literal(&mut page, "NOTES", &more)?;
    }
    if command.get_arguments().any(|arg| arg.get_id() == "policy") {
        literal(&mut page, "FILES", "/etc/ephaudit/policy.toml\n    the policy of the system")?;
    }
    if let Some(examples) = text_of(command.get_before_help()) {
        let lines: Vec<&str> = examples.lines().skip(1).map(str::trim_start).collect();
        literal(&mut page, "EXAMPLES", &lines.join("\n"))?;
    }
    Ok(page)
}

/// A section of lines that stay as they are.
fn literal(page: &mut Vec<u8>, name: &str, text: &str) -> io::Result<()> {
    writeln!(page, ".SH {name}\n.nf")?;
    for line in text.lines() {
        let line = line.replace('\\', "\\e").replace('-', "\\-");
        // A dot or an apostrophe at its beginning would be a request.
        let guard = if line.starts_with(['.', '\'']) { "\\&" } else { "" };
        writeln!(page, "{guard}{line}")?;
    }
    writeln!(page, ".fi")
}
