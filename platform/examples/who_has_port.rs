//! Every TCP socket that has a local port: `cargo run -p ephaudit-platform --example who_has_port
//! 8080`.

#![allow(clippy::print_stdout)]

use ephaudit_platform::ports::PortRange;
use ephaudit_platform::snapshot::Transport;
use ephaudit_platform::{Host, Needs};

fn main() -> Result<(), String> {
    let port = std::env::args().nth(1).ok_or("which port?")?;
    let port: u16 = port.parse().map_err(|_| format!("{port} is not a port"))?;
    let host = Host::live();
    let snapshot = host.read(&Needs::default());
    let holders = host.holders(&snapshot.host, Transport::Tcp, &PortRange::single(port).into());
    for item in &holders.items {
        println!("{:?} {} {:?}", item.hold, item.ends.local, item.owner);
    }
    for unread in &holders.unread {
        println!("not read: {}: {}", unread.subject, unread.why.detail);
    }
    Ok(())
}
