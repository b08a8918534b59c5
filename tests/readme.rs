//! The table of platforms against the code: what `source/live.rs` compiles for a system, and what
//! `os/` makes of it.

use std::fs;

fn source(path: &str) -> String {
    fs::read_to_string(format!("{}/platform/src/{path}", env!("CARGO_MANIFEST_DIR")))
        .unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The file that live.rs picks for `module` on a system: the last `path` before the module whose
/// condition names it.
fn picked(module: &str, target_os: &str) -> Option<String> {
    let live = source("source/live.rs");
    let head = live.split(&format!("\nmod {module};")).next()?;
    let named = match target_os {
        "windows" => "windows".to_owned(),
        name => format!("target_os = \"{name}\""),
    };
    head.split("#[cfg_attr(")
        .filter(|attribute| !attribute.trim_start().starts_with("not("))
        .filter(|attribute| attribute.contains(&named))
        .filter_map(|attribute| attribute.split("path = \"").nth(1)?.split('"').next())
        .last()
        .map(|path| source(&format!("source/{path}")))
}

fn range(target_os: &str) -> &'static str {
    match picked("system", target_os) {
        None => "from evidence only",
        Some(rim) if rim.contains("program::output(") => "by command",
        Some(rim) if rim.contains("Ctl::new(") || rim.contains("proc.sysctl(") => "yes",
        Some(_) => panic!("how does the rim of {target_os} read a tunable?"),
    }
}

fn exclusions(os: &str, range: &'static str) -> &'static str {
    let rules = match os {
        "linux" => source("os/linux/scope.rs"),
        os => source(&format!("os/{os}.rs")),
    };
    if !rules.contains("ReservedKind::") {
        return "none to read";
    }
    let kinds = rules.matches("ReservedKind::").count();
    if kinds == rules.matches("ReservedKind::Restricted").count()
        && rules.contains("Source::Kernel")
    {
        return "fixed by the vendor";
    }
    range
}

fn listeners(os: &str, target_os: &str) -> &'static str {
    let told = os == "linux"
        || picked("listeners", target_os).is_some_and(|rim| rim.contains("get_sockets_info("));
    if told { "yes" } else { "not yet" }
}

/// Files are read where a system keeps its settings in some; other texts are evidence.
fn boot(os: &str) -> &'static str {
    let modules = source("os.rs");
    let body = modules.split("pub(crate) fn persisted(").nth(1);
    let files = body.and_then(|rest| rest.split("\n}\n").next()).unwrap_or_default();
    let own = [format!("{os}::boot::wanted()"), format!("wanted_of_{os}()")];
    let rules = || source(&format!("os/{os}/boot.rs"));
    if own.iter().any(|wanted| files.contains(wanted)) {
        let no_folder = format!("target_os = \"{os}\", path = \"source/no_folder.rs\"");
        return match os {
            "macos" if rules().contains("Loader::Launchd") => "none to read",
            _ if source("source.rs").contains(&no_folder) => "from evidence only",
            _ => "yes",
        };
    }
    match os {
        "aix" => "not yet",
        _ if rules().contains("texts::{Texts") => "from evidence only",
        _ => "not yet",
    }
}

#[test]
fn the_table_of_platforms_is_true_to_the_code() {
    let rows = [
        ("Linux (also in containers, WSL and gVisor)", "linux", "linux"),
        ("FreeBSD", "freebsd", "freebsd"),
        ("OpenBSD", "openbsd", "openbsd"),
        ("NetBSD", "netbsd", "netbsd"),
        ("DragonFly BSD", "dragonfly", "dragonfly"),
        ("macOS", "macos", "macos"),
        ("Windows", "windows", "windows"),
        ("illumos, Solaris", "illumos", "illumos"),
        ("AIX", "aix", "aix"),
    ];
    let modules = source("os.rs");
    for (_, os, _) in rows {
        assert!(modules.contains(&format!("mod {os};")), "{os}");
    }
    let mut table = vec![
        "| platform | range | exclusions | listeners | boot value |".to_owned(),
        "|---|---|---|---|---|".to_owned(),
    ];
    table.extend(rows.map(|(name, os, target_os)| {
        let range = range(target_os);
        let (exclusions, listeners) = (exclusions(os, range), listeners(os, target_os));
        format!("| {name} | {range} | {exclusions} | {listeners} | {} |", boot(os))
    }));
    let table = table.join("\n");
    let page =
        fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/platforms.md")).expect("it");
    assert!(page.contains(&table), "docs/platforms.md should have:\n{table}");
}
