//! What ends the hold on a port.

use std::net::SocketAddr;

use ephaudit_platform::holders::Holders;
use ephaudit_platform::snapshot::{Owner, Scope, Transport};

use super::linux;
use crate::report::Step;

/// How to make those who hold a port let go of it.
pub fn let_go(holders: &Holders) -> Vec<Step> {
    /// More processes than this are no step but a list.
    const PROCESSES_MAX: usize = 3;
    let mut steps: Vec<Step> = Vec::new();
    let mut unknown = false;
    for item in &holders.items {
        let step = match &item.owner {
            Owner::Known { .. } => end(&item.owner),
            Owner::Unseen(_) if item.ends.inode != 0 => {
                unknown = true;
                continue;
            }
            _ => continue,
        };
        let Some(step) = step else { continue };
        if !steps.contains(&step) && steps.len() < PROCESSES_MAX {
            steps.push(step);
        }
    }
    if unknown {
        steps.push(Step::now("as root, see what holds it").by(show_holders(holders)));
    }
    steps
}

/// The command that shows the sockets with a port.
pub fn show_holders(holders: &Holders) -> String {
    let transport = match holders.transport {
        Transport::Tcp => "t",
        Transport::Udp => "u",
    };
    format!("ss -H{transport}anp 'sport = :{}'", holders.ports)
}

/// A service's restart ends that service; a session's or a user manager's would end all that
/// somebody does. What begins with a dash is an option to a careless eye.
fn may_be_restarted(unit: &str) -> bool {
    unit.strip_suffix(".service")
        .is_some_and(|name| !name.starts_with('-') && !name.starts_with("user@"))
}

/// What ends the process that holds a port, where it is seen.
pub fn end(owner: &Owner) -> Option<Step> {
    let Owner::Known { pid, unit, .. } = owner else { return None };
    Some(match unit.as_deref().filter(|unit| may_be_restarted(unit)) {
        Some(unit) => {
            Step::now(format!("restart the process that holds it (pid {pid}), if it can be spared"))
                .by(format!("systemctl restart -- '{unit}'"))
        }
        None => Step::now("stop the process that holds it, if it can be spared")
            .by(format!("kill {pid}")),
    })
}

/// What ends a connection of TCP: its process gets ECONNABORTED.
pub fn end_connection(scope: &Scope, local: SocketAddr, peer: SocketAddr) -> Vec<Step> {
    let filter = format!("'src {local} and dst {peer}'");
    let run = |command: String| linux::run_in(scope, &command);
    vec![
        Step::now("end it, where the kernel has CONFIG_INET_DIAG_DESTROY")
            .by(run(format!("ss -Kt {filter}"))),
        Step::now("or stop the client that holds it; as root, this shows which")
            .by(run(format!("ss -Htanp {filter}"))),
    ]
}
