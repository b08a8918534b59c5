//! The host that a capture was made of, on whatever system: `cargo run -p ephaudit-platform
//! --example read_capture web1.json`.

#![allow(clippy::print_stdout)]

use std::error::Error;
use std::fs;

use ephaudit_platform::capture::Capture;
use ephaudit_platform::{Host, Needs};

fn main() -> Result<(), Box<dyn Error>> {
    let path = std::env::args().nth(1).ok_or("which file?")?;
    let host = Host::of_capture(Capture::parse(&fs::read(path)?)?);
    let snapshot = host.read(&Needs::default());
    println!("{:?}, read {:?}", snapshot.host, host.collected_at());
    for scope in &snapshot.scopes {
        println!("{}: {} listeners", scope.id, scope.listeners.items.len());
    }
    Ok(())
}
