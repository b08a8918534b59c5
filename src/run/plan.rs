//! `plan`: which range and list a host had better have.

use super::output::Content;
use super::{Failure, Taken, exit, output, policy, snapshot};
use crate::cli::PlanArgs;
use crate::plan::demand::FixedValue;
use crate::plan::{HostPlan, plan};
use crate::render;
use crate::report::Status;
use crate::wire::v1;

pub(super) fn run(args: &PlanArgs) -> Result<u8, Failure> {
    let wish = args.wish();
    one_range(&wish.fixed)?;
    let policy = policy::of(&args.measure, &args.read.facts)?;
    let Taken { snapshot, at, held } = snapshot(&args.read, &policy, 0)?;
    let targets = args.snippet.iter().chain(&args.targets).cloned().collect::<Vec<_>>();
    let plan = plan(&snapshot, &policy, &wish, &targets);
    if let Some(name) = &args.snippet {
        write_snippet(args, &plan, name)?;
    } else {
        let mut document = v1::planned(&snapshot.host, &policy, &plan, at);
        document.tool = document.tool.held_by(&held);
        let look = output::look(&args.output);
        let make = || render::render_plan(&document, args.format, look);
        output::write(&args.output, args.quiet, Content::Facts, make)?;
    }
    Ok(match plan.status {
        _ if args.exit_zero => exit::OK,
        Status::Compliant => exit::OK,
        Status::Findings => exit::FINDINGS,
        Status::Undetermined => exit::UNDETERMINED,
    })
}

/// A range that is chosen twice is a mistake.
fn one_range(fixed: &[FixedValue]) -> Result<(), Failure> {
    let is_range =
        |value: &&FixedValue| matches!(value, FixedValue::Range(_) | FixedValue::SameRange);
    if fixed.iter().filter(is_range).count() > 1 {
        return Err(Failure::Usage("--set: the range may be chosen once".to_owned()));
    }
    Ok(())
}

/// The snippet of the reader's own namespace. Where there is nothing to do, nothing is written.
fn write_snippet(args: &PlanArgs, plan: &HostPlan<'_>, name: &str) -> Result<(), Failure> {
    let own = plan.scopes.iter().find(|scope| scope.scope.current);
    let proposal = own.and_then(|scope| scope.proposal.as_ref());
    let Some(proposal) = proposal else {
        output::complain(&format!(
            "there is no plan of this namespace, and no {name} of it: see ephaudit plan"
        ));
        return Ok(());
    };
    if proposal.values.is_empty() {
        output::complain(&format!("nothing is to be done: no {name} is written"));
        return Ok(());
    }
    let Some(snippet) = proposal.snippets.iter().find(|snippet| snippet.name == name) else {
        return Err(Failure::Usage(format!(
            "{name} has no form for this plan; ephaudit plan shows those that have"
        )));
    };
    output::write(&args.output, args.quiet, Content::Text, || snippet.text.clone().into_bytes())
}
