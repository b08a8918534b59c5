//! Windows: netsh(8), since no documented call tells these ranges.

use known_folders::{KnownFolder, get_known_folder_path};

use super::{program, unasked};
use crate::ask::{Answer, Outcome, Question, Refusal};
use crate::snapshot::{Os, Reason, Source, Transport, Why};

/// The OS this was compiled for.
pub(crate) const LIVE_OS: Os = Os::Windows;

/// Asks the running system.
pub(super) fn answer(question: Question<'_>) -> Answer {
    match question {
        Question::Netsh(table, family, transport) => {
            let arguments = table.arguments(family, transport);
            let line = format!("netsh {}", arguments.join(" "));
            Answer::new(Source::Command(line.into()), netsh(&arguments))
        }
        Question::NetSetting(transport) => {
            let command = match transport {
                Transport::Tcp => "Get-NetTCPSetting",
                Transport::Udp => "Get-NetUDPSetting",
            };
            let detail = format!("PowerShell is not started: give what {command} prints by --from");
            let why = Why::new(Reason::Unsupported, detail);
            Answer::new(Source::Command(command.into()), Err(Refusal::Failed(why)))
        }
        _ => unasked(),
    }
}

/// What comes first in PATH, and what %SystemRoot% says, is no business of an audit that an
/// administrator runs: Windows tells where it is.
fn netsh(arguments: &[&str]) -> Outcome {
    let folder = get_known_folder_path(KnownFolder::System);
    let root = folder.as_deref().and_then(|folder| folder.parent());
    let (Some(folder), Some(root)) =
        (folder.as_deref().and_then(|f| f.to_str()), root.and_then(|r| r.to_str()))
    else {
        let detail = "Windows does not report its system directory";
        return Err(Refusal::Failed(Why::new(Reason::Unsupported, detail)));
    };
    // The paths of the network's own libraries in the registry begin with %SystemRoot%.
    program::output(&format!("{folder}\\netsh.exe"), arguments, &[("SystemRoot", root)])
}
