//! The floor of `benches/fleet.py`: whether each line of a file is well-formed JSON, and no more.

use std::fs::File;
use std::io::{BufRead, BufReader};

use serde::de::IgnoredAny;

fn main() -> std::io::Result<()> {
    let path = std::env::args_os().nth(1).unwrap_or_default();
    let mut file = BufReader::with_capacity(256 * 1024, File::open(path)?);
    let mut line = Vec::new();
    let (mut whole, mut broken) = (0_u64, 0_u64);
    while file.read_until(b'\n', &mut line)? > 0 {
        let text = std::str::from_utf8(&line).ok();
        let json = text.and_then(|text| serde_json::from_str::<IgnoredAny>(text).ok());
        *if json.is_some() { &mut whole } else { &mut broken } += 1;
        line.clear();
    }
    std::io::Write::write_fmt(&mut std::io::stdout(), format_args!("{whole} {broken}\n"))
}
