//! The ports that this host hands out on its own: `cargo run -p ephaudit-platform --example pool`.

#![allow(clippy::print_stdout)]

use ephaudit_platform::{Host, Needs, pools};

fn main() {
    let snapshot = Host::live().read(&Needs::default());
    for scope in &snapshot.scopes {
        for range in scope.ephemeral() {
            match (range.bounds.known(), range.bounds.why()) {
                (Some(bounds), _) => println!("range {}-{}", bounds.first, bounds.last),
                (None, Some(why)) => println!("the range is not known: {}", why.detail),
                (None, None) => println!("this system has no such range"),
            }
        }
        for pool in pools(scope) {
            println!("{}: {} ports: {}", pool.transport, pool.ports.count(), pool.ports);
        }
    }
}
