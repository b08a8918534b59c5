//! `boot`: what the settings will be after a reboot.

use ephaudit_platform::Needs;

use super::clock::now;
use super::output::Content;
use super::{Failure, exit, host, output, unjudged};
use crate::cli::BootArgs;
use crate::render;
use crate::wire::v1;

pub(super) fn run(args: &BootArgs) -> Result<u8, Failure> {
    let policy = unjudged(&args.facts)?;
    let at = now()?;
    let host = host(&args.facts, args.tree.root.as_deref())?;
    let snapshot = host.read(&Needs::default().boot(true));
    let at = host.collected_at().map_or(at, str::to_owned);
    let document = v1::document(&snapshot, &policy, None, at, 0);
    let look = output::look(&args.output);
    output::write(&args.output, false, Content::Facts, || {
        render::render_boot(&document, args.format, look)
    })?;
    Ok(exit::OK)
}
