//! Arguments in, exit code out.

mod advice;
mod audit;
mod cli;
mod draft;
mod explain;
mod iana;
mod policy;
mod probe;
mod render;
mod report;
mod rule;
mod rules;
mod run;
mod text;
mod wire;

fn main() -> std::process::ExitCode {
    run::run()
}
