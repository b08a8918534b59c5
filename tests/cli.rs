//! The command line: exit codes, outputs, widths, hostile input.

use std::fs::{self, File};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;
use std::process::Stdio;

use serde_json::Value;

use crate::support::namespace::{inside, set, sh};
use crate::support::{assert_valid, code, ephaudit, json, run, stderr, stdout};

/// The usual error: one line, its prefix, the exit code.
fn complains(args: &[&str], expected: i32, words: &str) {
    let output = run(args);
    assert_eq!(code(&output), expected, "{args:?}: {}", stderr(&output));
    assert!(output.stdout.is_empty(), "{args:?}");
    let said = stderr(&output);
    assert!(said.contains(words), "{args:?}: {said}");
    assert_eq!(said.lines().count(), 1, "{said}");
    assert!(said.starts_with("ephaudit: "), "{said}");
}

#[test]
fn the_exit_codes_are_the_contract() {
    inside(|| {
        // 1: a stock range
        assert_eq!(code(&run(&[])), 1);
        assert_eq!(code(&run(&["audit"])), 1);
        assert_eq!(code(&run(&["--exit-zero"])), 0);
        assert_eq!(code(&run(&["--fail-on", "high"])), 0);
        assert_eq!(code(&run(&["--fail-on", "none"])), 0);
        assert_eq!(code(&run(&["--profile", "vendor"])), 0, "the vendor's default is information");
        assert_eq!(code(&run(&["--profile", "vendor", "--fail-on", "info"])), 1);
        // 0: the Dynamic Ports
        set("ip_local_port_range", "49152 65535");
        assert_eq!(code(&run(&[])), 0);
        assert_eq!(code(&run(&["--profile", "vendor"])), 1, "drift counts");
        assert_eq!(code(&run(&["--fail-on", "info"])), 0);
        // 1 even under --fail-on high: System Ports
        set("ip_unprivileged_port_start", "500");
        set("ip_local_port_range", "500 65535");
        assert_eq!(code(&run(&["--fail-on", "high"])), 1);
        assert_eq!(code(&run(&["--fail-on", "critical"])), 0);
        // 3: nothing found, and something hidden; 1 wins over 3
        set("ip_local_port_range", "49152 65535");
        set("ip_unprivileged_port_start", "1024");
        sh("mount", &["--bind", "/dev/null", "/proc/sys/net/ipv4/ip_local_reserved_ports"]);
        assert_eq!(code(&run(&[])), 3);
        assert_eq!(code(&run(&["--fail-on", "none"])), 3);
        assert_eq!(code(&run(&["--exit-zero"])), 0);
        set("ip_local_port_range", "32768 60999");
        assert_eq!(code(&run(&[])), 1);
        assert_eq!(code(&run(&["--fail-on", "high"])), 3, "medium findings do not hide the gap");
        // 4 wins over all, and --exit-zero does not hide it
        assert_eq!(code(&run(&["--exit-zero", "--output", "/dev/full"])), 4);
    });
}

#[test]
fn wrong_usage_is_2() {
    complains(&["--no-such-flag"], 2, "--no-such-flag");
    complains(&["--format", "yaml"], 2, "yaml");
    complains(&["nonsense"], 2, "nonsense");
    complains(&["explain"], 2, "<PORT|RULE>");
    for (subject, words) in [
        ("0", "any port"),
        ("65536", "1 to 65535"),
        ("-1", "1 to 65535"),
        ("80/sctp", "only tcp and udp"),
        ("tcp/80", "the number goes first"),
        ("", "1 to 65535"),
    ] {
        complains(&["explain", subject], 2, words);
    }
    complains(&["explain", "listener-in-pool", "--from", "x"], 2, "--from goes with a port");
    complains(&["explain", "80", "--from", "/nonexistent"], 2, "/nonexistent");
    complains(&["explain", "80", "--os", "linux"], 2, "--from");
    complains(&["schema", "nonsense"], 2, "nonsense");
    complains(&["explain", "no-such-rule"], 2, "there are: outside-dynamic-ports");
    complains(&["explain", "\u{1b}[31m"], 2, "\\u{1b}");
    complains(&["--exit-zero", "--registry", "/nonexistent"], 2, "/nonexistent");
    complains(&["--registry", "/"], 2, "--registry /");
    complains(&["--all-netns", "--from", "/nonexistent"], 2, "--all-netns reads the namespaces");
    complains(&["show", "--from", "/nonexistent", "--all-netns"], 2, "--all-netns reads");
    complains(&["capture", "--all-netns"], 2, "--all-netns");
    complains(&["--registry", "/dev/zero"], 2, "64 MiB");
    let folder = tempfile::tempdir().expect("a folder");
    let bad = folder.path().join("bad.csv");
    fs::write(&bad, "Service Name,Port Number\nx,1\n").expect("a file");
    complains(&["--registry", &bad.display().to_string()], 2, "no column");
}

/// The paragraph that begins at the first of these lines, on one line.
fn paragraph<'a>(lines: impl Iterator<Item = &'a str>) -> String {
    lines.take_while(|line| !line.is_empty()).map(str::trim).collect::<Vec<_>>().join(" ")
}

/// The commands that a help text lists, each with its sentence.
fn listed(help: &str) -> Vec<(String, String)> {
    let mut commands: Vec<(String, String)> = Vec::new();
    let lines = help.lines().skip_while(|line| *line != "Commands:").skip(1);
    for line in lines.take_while(|line| !line.is_empty()) {
        let entry = line.strip_prefix("  ").filter(|entry| !entry.starts_with(' '));
        match (entry.and_then(|entry| entry.split_once(' ')), commands.last_mut()) {
            (Some((name, sentence)), _) => {
                commands.push((name.to_owned(), sentence.trim().to_owned()));
            }
            (None, Some((_, sentence))) => *sentence += &format!(" {}", line.trim()),
            (None, None) => panic!("{line:?} continues nothing"),
        }
    }
    commands.retain(|(name, _)| name != "help");
    commands
}

#[test]
fn a_command_has_one_sentence_in_the_list_the_help_and_the_manual() {
    fn words(command: &[String]) -> Vec<&str> {
        command.iter().map(String::as_str).collect()
    }
    let mut seen = 0;
    let mut ahead = vec![Vec::new()];
    while let Some(path) = ahead.pop() {
        let help = stdout(&run(&[&words(&path), &["--help"][..]].concat()));
        for (name, sentence) in listed(&help) {
            let command: Vec<String> = path.iter().cloned().chain([name]).collect();
            let words = words(&command);
            let help = stdout(&run(&[&words, &["--help"][..]].concat()));
            assert_eq!(paragraph(help.lines()), sentence, "{words:?} --help");
            let page = stdout(&run(&[&["man"], &words[..]].concat()));
            let name = page.lines().skip_while(|line| *line != ".SH NAME").nth(1);
            let expected = format!("ephaudit-{} - {sentence}", words.join("-"));
            assert_eq!(name.map(|name| name.replace('\\', "")), Some(expected));
            ahead.push(command);
            seen += 1;
        }
    }
    assert_eq!(seen, 15, "12 commands, and 3 of policy");
}

#[test]
fn a_newer_registry_is_used_and_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("ports.csv").display().to_string();
    let csv = "Service Name,Port Number,Transport Protocol,Registration Date,Modification Date\n\
               \"mine\",32768-32770,tcp,2031-05-06,\n";
    fs::write(&path, csv).expect("a file");
    let (document, _) = json(&["--registry", &path]);
    assert_eq!(document["registry"]["edition"], "2031-05-06");
    assert_eq!(document["registry"]["source"], path);
}

#[test]
fn a_full_device_is_4() {
    for args in [
        &[][..],
        &["show"],
        &["--format", "json"],
        &["schema"],
        &["rules"],
        &["explain", "80"],
        &["boot"],
        &["--help"],
        &["-V"],
    ] {
        let full = File::options().write(true).open("/dev/full").expect("/dev/full");
        let output = ephaudit(args).stdout(full).output().expect("it runs");
        assert_eq!(output.status.code(), Some(4), "{args:?}");
        assert!(stderr(&output).starts_with("ephaudit: cannot write to standard output"));
    }
    complains(&["--output", "/dev/full"], 4, "/dev/full");
    assert!(
        fs::metadata("/dev/full").is_ok_and(|kind| !kind.is_file()),
        "/dev/full is a device still"
    );
    complains(&["--output", "/nonexistent/x"], 4, "/nonexistent/x");
    complains(&["--output", "/"], 4, "/");
}

#[test]
fn a_closed_pipe_ends_quietly() {
    let mut child = ephaudit(&["show", "--format", "json"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it starts");
    drop(child.stdout.take());
    let output = child.wait_with_output().expect("it ends");
    assert_eq!((output.status.code(), stderr(&output)), (Some(0), String::new()));
}

#[test]
fn output_is_written_whole_and_replaces_the_old_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("report.json");
    fs::write(&path, "old").expect("a file");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).expect("a mode");
    let before = inode(&path);
    let link = folder.path().join("link");
    std::os::unix::fs::symlink(&path, &link).expect("a link");
    let output = run(&["show", "--format", "json", "-o", &link.display().to_string()]);
    assert_eq!((code(&output), stdout(&output)), (0, String::new()));
    let document: Value =
        serde_json::from_slice(&fs::read(&path).expect("the report")).expect("JSON");
    assert_ne!(inode(&path), before, "a new file took the old one's place");
    assert_eq!(mode(&path), 0o640, "who may read it stays as it was");
    assert_valid(&document);
    assert!(
        fs::symlink_metadata(&link).is_ok_and(|kind| kind.is_symlink()),
        "the link stays a link"
    );
    assert_eq!(
        fs::read_dir(folder.path()).expect("a folder").count(),
        2,
        "no temporary file is left"
    );
}

fn inode(path: &Path) -> u64 {
    fs::metadata(path).expect("a file").ino()
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).expect("a file").permissions().mode() & 0o777
}

#[test]
fn what_stdout_leads_to_is_written_to_and_never_replaced() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("log");
    fs::write(&path, "first\n").expect("a file");
    let log = File::options().append(true).open(&path).expect("a file");
    let before = inode(&path);
    assert!(stdout(&run(&["schema", "-o", "/dev/stdout"])).starts_with('{'), "a pipe");
    let output = ephaudit(&["schema", "-o", "/dev/stdout"]).stdout(log).output().expect("it runs");
    assert_eq!(code(&output), 0);
    let text = fs::read_to_string(&path).expect("text");
    assert!(text.starts_with("first\n{") && inode(&path) == before);
    assert!(stdout(&run(&["schema", "-o", "-"])).starts_with('{'));
    let nowhere = folder.path().join("nowhere");
    std::os::unix::fs::symlink(folder.path().join("missing"), &nowhere).expect("a link");
    complains(&["schema", "-o", &nowhere.display().to_string()], 4, "nowhere");
}

#[test]
fn the_schema_requires_every_key() {
    let schema: Value = serde_json::from_slice(&run(&["schema"]).stdout).expect("JSON");
    let mut document = json(&["show"]).0;
    assert!(
        schema["required"].as_array().is_some_and(|keys| keys.len() == 13),
        "{}",
        schema["required"]
    );
    let range = document["scopes"][0]["ranges"][0].as_object_mut().expect("a range");
    range.remove("reason");
    let validator = jsonschema::draft202012::new(&schema).expect("a schema");
    assert!(!validator.is_valid(&document), "a key that is missing must not validate");
}

#[test]
fn quiet_prints_nothing_and_the_exit_code_tells() {
    let loud = run(&[]);
    let quiet = run(&["-q"]);
    assert_eq!(code(&loud), code(&quiet));
    assert!(quiet.stdout.is_empty() && quiet.stderr.is_empty());
}

/// Every line fits but those that are a command to copy.
#[test]
fn the_table_fits_any_terminal() {
    inside(|| {
        set("ip_local_reserved_ports", "40000-40010,50000,50002,50004\n");
        let held = std::net::TcpListener::bind("0.0.0.0:50010").expect("a listener");
        let (document, _) = json(&[]);
        let mut commands: Vec<String> = Vec::new();
        for finding in document["findings"].as_array().expect("findings") {
            let steps = finding["remediation"].as_array().expect("steps").iter();
            commands.extend(steps.filter_map(|s| Some(s.as_str()?.split('`').nth(1)?.to_owned())));
            let evidence = finding["evidence"].as_array().expect("evidence").iter();
            commands.extend(evidence.filter_map(|e| Some(e["command"].as_str()?.to_owned())));
        }
        let said = json(&["explain", "50010"]).0;
        let steps = said["remediation"].as_array().expect("steps").iter();
        commands.extend(steps.filter_map(|s| Some(s.as_str()?.split('`').nth(1)?.to_owned())));
        for columns in ["1", "20", "33", "40", "60", "80", "132", "200", "9999", "x", "0", "-3"] {
            for args in [
                &[][..],
                &["show"],
                &["rules"],
                &["--ascii"],
                &["explain", "50010"],
                &["--all-netns"],
                &["probe", "--count", "1"],
                &["boot"],
            ] {
                let output = ephaudit(args).env("COLUMNS", columns).output().expect("it runs");
                assert!([0, 1, 3].contains(&code(&output)), "{columns} {args:?}");
                let width = columns.parse().ok().filter(|w| *w > 0).unwrap_or(80).clamp(20, 200);
                for line in stdout(&output).lines() {
                    let fits = line.chars().count() <= width;
                    assert!(
                        fits || commands.iter().any(|c| c == line.trim()),
                        "{columns}: {line:?}"
                    );
                }
            }
        }
        drop(held);
    });
}

#[test]
fn colour_and_ascii_follow_the_flags_and_the_environment() {
    let coloured = |args: &[&str], env: &[(&str, &str)]| {
        let output = ephaudit(args).envs(env.iter().copied()).output().expect("it runs");
        stdout(&output).contains('\u{1b}')
    };
    assert!(!coloured(&[], &[]), "a pipe is no terminal");
    assert!(coloured(&["--color", "always"], &[("NO_COLOR", "1")]));
    assert!(coloured(&[], &[("CLICOLOR_FORCE", "1")]));
    assert!(!coloured(&[], &[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")]));
    assert!(!coloured(&[], &[("CLICOLOR_FORCE", "0")]));
    assert!(!coloured(&["--color", "never"], &[("CLICOLOR_FORCE", "1")]));
    assert!(!stdout(&run(&[])).is_ascii());
    assert!(stdout(&run(&["--ascii"])).is_ascii());
    let posix = ephaudit(&[]).env("LC_ALL", "C").output().expect("it runs");
    assert!(stdout(&posix).is_ascii());
}

/// How many rules there are.
const RULES: usize = 32;

#[test]
fn every_rule_has_its_page_and_its_row() {
    let rules = stdout(&run(&["rules"]));
    let (document, _) = json(&[]);
    let names: Vec<&str> = document["rules"]
        .as_array()
        .expect("rules")
        .iter()
        .filter_map(|r| r["rule"].as_str())
        .collect();
    assert_eq!(names.len(), RULES);
    let (list, _) = json(&["rules"]);
    assert_eq!(list["rules"].as_array().map(Vec::len), Some(RULES));
    for name in names {
        assert!(rules.contains(name));
        let page = run(&["explain", name]);
        assert_eq!(code(&page), 0);
        assert!(stdout(&page).starts_with(&format!("# {name}\n")));
        let (said, _) = json(&["explain", name]);
        assert_eq!(said["rules"][0]["page"], stdout(&page));
    }
}

#[test]
fn the_same_host_gives_the_same_bytes() {
    inside(|| {
        let steady = || {
            let mut document = json(&[]).0;
            document["collected_at"] = Value::Null;
            document.to_string()
        };
        assert_eq!(steady(), steady());
    });
}
