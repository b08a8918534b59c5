//! The table of platforms is made of the list of systems, and each has its file and its captures.

use std::fs;
use std::path::Path;

use ephaudit_platform::snapshot::Os;
use ephaudit_platform::{SYSTEMS, Way};

#[test]
fn the_table_of_platforms_is_that_of_the_systems() {
    let mut table = vec![
        "| platform | range | exclusions | listeners | boot value |".to_owned(),
        "|---|---|---|---|---|".to_owned(),
    ];
    let known = || SYSTEMS.iter().filter(|system| system.os != Os::Unsupported);
    table.extend(known().map(|system| {
        let of = system.support;
        let cells = [of.range, of.exclusions, of.listeners, of.boot].map(Way::words);
        format!("| {} | {} |", system.title, cells.join(" | "))
    }));
    let table = table.join("\n");
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = fs::read_to_string(root.join("docs/platforms.md")).expect("it");
    assert!(page.contains(&table), "docs/platforms.md should have:\n{table}");
    let hosts: Vec<String> = fs::read_dir(root.join("fixtures/hosts"))
        .expect("hosts")
        .map(|host| host.expect("an entry").file_name().into_string().expect("UTF-8"))
        .collect();
    // Evidence that leaves the BSD open is of one of them.
    for system in known().filter(|system| system.os != Os::Bsd) {
        let name = system.os.name();
        let captured = |host: &String| host.starts_with(&format!("{name}-"));
        assert!(hosts.iter().any(captured), "no host in fixtures/hosts is of {name}");
    }
}
