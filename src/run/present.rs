//! Documents to their outputs: each format where it is wanted, none of them half.

use std::io::Write;
use std::path::PathBuf;

use clap::ValueEnum;

use super::output::{self, Content};
use super::{Failure, places};
use crate::cli::{Emission, OutputArgs, ReportArgs};
use crate::render::{self, Detail, Format, Look, SCREEN};
use crate::wire::v1;

/// What a screen is to be like.
#[derive(Clone, Copy)]
pub(super) struct Screenful {
    /// The exit code that it names.
    pub(super) exit: Option<u8>,
    /// How many lines it may have.
    pub(super) lines: usize,
}

impl Screenful {
    pub(super) const fn ending(code: u8) -> Self {
        Self { exit: Some(code), lines: SCREEN }
    }
}

impl Default for Screenful {
    fn default() -> Self {
        Self { exit: None, lines: SCREEN }
    }
}

/// Every output is tried, whatever becomes of the others: one inspection feeds many readers. None
/// takes more than `most` bytes.
pub(super) fn present(
    documents: &[v1::Document],
    args: &ReportArgs,
    most: Option<usize>,
    screen: Screenful,
) -> Result<(), Failure> {
    let to = |path: &PathBuf| OutputArgs { output: Some(path.clone()), ..args.output.clone() };
    let emitted = args.emit.iter().map(|Emission { format, path }| (*format, to(path), false));
    let main = (args.format, args.output.clone(), args.quiet);
    let outputs: Vec<(Format, OutputArgs, bool)> = emitted.chain([main]).collect();
    places::apart(outputs.iter().filter_map(|(_, to, quiet)| places::place(to, *quiet)))?;
    for (format, ..) in outputs.iter().filter(|(.., quiet)| !quiet) {
        one_or_many(*format, documents)?;
    }
    let write = |(format, to, quiet): &(Format, OutputArgs, bool)| {
        // What is kept is read long after the run.
        let exit = screen.exit.filter(|_| to.output.is_none());
        let look = Look { exit, lines: screen.lines, ..look(args, to) };
        // Counted before a byte is written: half a report on standard output is none.
        if let Some(most) = most.filter(|most| !render::fits(documents, *format, look, *most)) {
            let (format, most) = (format!("{format:?}").to_lowercase(), most / 1024 / 1024);
            return Err(Failure::Usage(format!(
                "as {format} the report takes more than {most} MiB, which no report of an audit does; \
                 nothing is written"
            )));
        }
        let content = Content::report(*format);
        let fill = |to: &mut dyn Write| render::write(documents, *format, look, to);
        let saved = matches!(format, Format::Json | Format::Ndjson) && most.is_none();
        if !saved || (*quiet && to.output.is_none()) {
            return output::stream(to, *quiet, content, &fill);
        }
        let mut report = Vec::new();
        // Writing to a Vec does not fail.
        let _ = fill(&mut report);
        readable_again(&report)?;
        output::write(to, *quiet, content, || report)
    };
    let Some((main, emitted)) = outputs.split_last() else { return Ok(()) };
    let mut failures: Vec<Failure> = emitted.iter().map(write).filter_map(Result::err).collect();
    match write(main) {
        Err(failure) => failures.push(failure),
        // A plugin's host reads one state, which another reader's missing file does not change.
        Ok(()) if documents.iter().any(|it| args.format.exit_code(it).is_some()) => {
            failures.drain(..).for_each(report_failure);
        }
        Ok(()) => {}
    }
    let last = failures.pop();
    failures.into_iter().for_each(report_failure);
    last.map_or(Ok(()), Err)
}

/// Refuses many reports in a format that is of one host.
fn one_or_many(format: Format, documents: &[v1::Document]) -> Result<(), Failure> {
    if documents.len() < 2 || format.holds_many() {
        return Ok(());
    }
    let name = |format: &Format| format.to_possible_value().map(|it| it.get_name().to_owned());
    let many = Format::value_variants().iter().filter(|format| format.holds_many());
    Err(Failure::Usage(format!(
        "{} holds one report; these hold many: {}; ephaudit fleet sums them up",
        name(&format).unwrap_or_default(),
        many.filter_map(name).collect::<Vec<_>>().join(", ")
    )))
}

/// What `convert` would refuse is not written.
fn readable_again(report: &[u8]) -> Result<(), Failure> {
    v1::bounded(report).map_err(|why| {
        Failure::Output(format!("convert would not read the report again: {why}; none is written"))
    })
}

pub(super) fn report_failure(failure: Failure) {
    let (Failure::Output(line) | Failure::Usage(line)) = failure;
    output::complain(&line);
}

pub(super) fn look(args: &ReportArgs, to: &OutputArgs) -> Look {
    let detail = if args.verbose > 0 { Detail::Full } else { Detail::Brief };
    Look { csv_raw: args.csv_raw, detail, ..output::look(to) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_that_convert_would_not_read_again_is_not_written() {
        let long = format!("[\"{}\"]", "x".repeat(256 * 1024 + 1)).into_bytes();
        let Err(Failure::Output(line)) = readable_again(&long) else {
            panic!("it is written, or an error of the command line");
        };
        assert!(line.contains("a text of 262145 bytes"), "{line}");
        assert!(readable_again(b"[]").is_ok());
    }
}
