//! The command line: wrong usage, pages, widths.

use std::fs;
use std::process::Stdio;

use serde_json::Value;

use crate::support::{code, complains, ephaudit, json, run, stderr, stdout};

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
        ("tcp/80", "put the number first"),
        ("", "1 to 65535"),
    ] {
        complains(&["explain", subject], 2, words);
    }
    complains(&["explain", "listener-in-pool", "--from", "x"], 2, "--from is for ports");
    complains(&["policy"], 2, "policy: new, check or services?");
    complains(&["explain", "80", "--from", "/nonexistent"], 2, "/nonexistent");
    complains(&["explain", "80", "--os", "linux"], 2, "--from");
    complains(&["schema", "nonsense"], 2, "nonsense");
    complains(&["explain", "no-such-rule"], 2, "ephaudit rules lists the rules");
    complains(&["explain", "\u{1b}[31m"], 2, "\\u{1b}");
    complains(&["--exit-zero", "--registry", "/nonexistent"], 2, "/nonexistent");
    complains(&["--registry", "/"], 2, "--registry /");
    complains(&["--all-netns", "--from", "/nonexistent"], 2, "--all-netns reads the namespaces");
    complains(&["show", "--from", "/nonexistent", "--all-netns"], 2, "--all-netns reads");
    complains(&["capture", "--all-netns"], 2, "--all-netns");
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
            (None, Some((_, sentence))) => {
                sentence.push(' ');
                sentence.push_str(line.trim());
            }
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
    assert_eq!(seen, 20, "16 commands, 3 of policy, and 1 of fleet");
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
fn the_schema_requires_every_key() {
    let schema: Value = serde_json::from_slice(&run(&["schema"]).stdout).expect("JSON");
    let mut document = json(&["show"]).0;
    assert!(
        schema["required"].as_array().is_some_and(|keys| keys.len() == 16),
        "{}",
        schema["required"]
    );
    let range = document["scopes"][0]["ranges"][0].as_object_mut().expect("a range");
    range.remove("reason");
    let validator = jsonschema::draft202012::new(&schema).expect("a schema");
    assert!(!validator.is_valid(&document), "a key that is missing must not validate");
}

/// Programs are generated from the schema: it has every word that is written.
#[test]
fn the_schema_lists_the_words_of_closed_sets() {
    let schema: Value = serde_json::from_slice(&run(&["schema"]).stdout).expect("JSON");
    let words = |place: &str| {
        let place = format!("{place}/enum");
        let words = schema.pointer(&place).unwrap_or_else(|| panic!("no {place}"));
        let words: Vec<&str> =
            words.as_array().expect("words").iter().filter_map(Value::as_str).collect();
        words.join(" ")
    };
    let sources = "file netlink command sysctl capture kernel asked";
    let reasons = "denied missing-tool timed-out unparsable truncated unsupported not-captured";
    for (place, expected) in [
        ("/properties/profile", "iana vendor rfc6056 kubernetes"),
        ("/$defs/Range/properties/role", "ephemeral high low auto-reuse"),
        ("/$defs/Range/properties/reason", reasons),
        ("/$defs/Gap/properties/why", reasons),
        ("/$defs/Reserved/properties/kind", "reserved restricted excluded administered"),
        ("/$defs/Source/properties/kind", sources),
        ("/$defs/BootSource/properties/kind", sources),
        ("/$defs/Usage/properties/method", "counters sock_diag proc list"),
        (
            "/$defs/BootEntry/properties/loader",
            "systemd-sysctl procps openrc ufw tuned saptune unit rc.d/sysctl rc launchd ipadm tunrestore persistent-store",
        ),
        (
            "/$defs/Host/properties/os",
            "linux freebsd openbsd netbsd dragonfly bsd macos illumos solaris aix windows unsupported",
        ),
    ] {
        assert_eq!(words(place), expected, "{place}");
    }
    assert!(words("/$defs/BootRejected/properties/reason").starts_with("byte-order-mark case"));
}

#[test]
fn quiet_prints_nothing_and_the_exit_code_tells() {
    let loud = run(&[]);
    let quiet = run(&["-q"]);
    assert_eq!(code(&loud), code(&quiet));
    assert!(quiet.stdout.is_empty() && quiet.stderr.is_empty());
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
    let (list, _) = json(&["rules"]);
    let list = list["rules"].as_array().expect("rules").iter();
    let listed: Vec<&str> = list.filter_map(|rule| rule["rule"].as_str()).collect();
    assert_eq!(names, listed);
    assert!(!names.is_empty());
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
fn the_short_help_is_one_screen_of_what_there_is() {
    let short = stdout(&run(&["-h"]));
    assert!(short.lines().count() <= 45, "{short}");
    assert!(short.lines().all(|line| line.chars().count() <= 80), "{short}");
    let long = stdout(&run(&["--help"]));
    assert!(long.lines().count() > 60, "{long}");
    for heading in ["Judge", "Read", "Write"] {
        assert!(short.contains(&format!("\n{heading}\n")), "{short}");
        assert!(long.contains(&format!("\n{heading}:\n")), "{long}");
    }
    let options = short.split_whitespace().filter(|word| word.starts_with("--"));
    for option in options.map(|word| word.trim_end_matches([',', ':'])) {
        let option = option.split(['=', '.']).next().unwrap_or(option);
        assert!(long.contains(option), "{option}");
    }
    for (command, _) in listed(&long).into_iter().filter(|(name, _)| name != "audit") {
        assert!(command == "help" || short.contains(&command), "{command}");
    }
}

#[test]
fn what_is_mistyped_is_answered_with_what_was_meant() {
    for (args, hint) in [
        (&["--formt"][..], "did you mean '--format'?"),
        (&["audti"], "did you mean 'audit'?"),
        (&["--format", "tabel"], "did you mean 'table'?"),
        (&["explain", "narow-pool"], "did you mean \"narrow-pool\"?"),
        (
            &["--from", "fixtures/reports/waived.json"],
            "ephaudit convert fixtures/reports/waived.json",
        ),
    ] {
        let output = run(args);
        assert_eq!(code(&output), 2, "{args:?}");
        let said = stderr(&output);
        assert!(said.contains(hint) && said.lines().count() == 1, "{args:?}: {said}");
    }
    let mut command = ephaudit(&["--exit-zero"]);
    let output = command.env("EPHAUDIT_PROFILE", "foo").output().expect("it runs");
    assert!(stderr(&output).contains(", from EPHAUDIT_PROFILE;"), "{}", stderr(&output));
    let output = run(&["rules", "--format", "json", "--format", "table"]);
    assert!(stdout(&output).starts_with("RULE"), "the last wins");
}
