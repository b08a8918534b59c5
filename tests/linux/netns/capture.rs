//! A capture replayed is the host as it was.

use std::net::TcpListener;

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::linux::support::{
    loopback,
    namespace::{inside, set},
};
use crate::support::{code, json, run, stderr, stdout};

#[test]
fn a_capture_gives_the_very_same_report() {
    inside(|| {
        set("ip_local_reserved_ports", "8080,40000-40010\n");
        let listener = TcpListener::bind("[::]:50010").expect("a listener");
        let (mut live, live_code) = json(&[]);
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("web1.json").display().to_string();
        assert_eq!(code(&run(&["capture", "--output", &file])), 0);
        drop(listener);
        set("ip_local_port_range", "49152 65535");
        let replay = || run(&["--format", "json", "--from", &file]);
        let (first, second) = (replay(), replay());
        assert_eq!(
            (first.stdout.clone(), code(&first)),
            (second.stdout, live_code),
            "byte for byte"
        );
        let mut replayed: Value = serde_json::from_slice(&first.stdout).expect("JSON");
        live["collected_at"] = Value::Null;
        replayed["collected_at"] = Value::Null;
        // What tells this host from others is read of the running one alone.
        for key in ["id", "id_source", "booted_at"] {
            assert_eq!(replayed["host"][key], Value::Null, "{key}");
            live["host"][key] = Value::Null;
        }
        // So is what held the thread that read it.
        assert_eq!(replayed["tool"]["confinement"], json!([]));
        live["tool"]["confinement"] = json!([]);
        assert_eq!(live, replayed, "the host as it was, whatever it is now");

        // One changed byte anywhere is refused, by name.
        let text = std::fs::read_to_string(&file).expect("text");
        for (from, to, named) in [
            (
                "\"tunable net.ipv4.ip_local_port_range\"",
                "\"tunable net.ipv4.ip_local_port_ranges\"",
                "ip_local_port_ranges",
            ),
            (
                "/proc/sys/net/ipv4/ip_local_reserved_ports",
                "/proc/sys/net/ipv4/ip_local_reserved_portz",
                "reserved_ports",
            ),
            ("\"linux\"", "\"netbsd\"", "the capture"),
            ("\"ephaudit_capture\": 1", "\"ephaudit_capture\": 2", "version 2"),
        ] {
            assert!(text.contains(from), "{from}");
            std::fs::write(&file, text.replacen(from, to, 1)).expect("written");
            let refused = replay();
            let said = String::from_utf8_lossy(&refused.stderr).into_owned();
            assert_eq!(code(&refused), 2, "{from}: {said}");
            assert!(said.contains(named) && said.lines().count() == 1, "{said}");
        }
        let flipped = text.replacen("\"bytes\": \"", "\"bytes\": \"A", 1);
        std::fs::write(&file, flipped).expect("written");
        assert_eq!(code(&replay()), 2);
        std::fs::write(&file, &text[..text.len() / 2]).expect("written");
        assert_eq!(code(&replay()), 2, "a cut capture");
    });
}

/// The sum of an entry, or of the capture, over its fields.
fn sum<'a>(fields: impl IntoIterator<Item = &'a Value>) -> Value {
    let fields = fields.into_iter().fold(String::new(), |all, field| match field.as_str() {
        Some(text) => format!("{all}{} {text}", text.len()),
        None if field.is_null() => all + "- ",
        None => format!("{all}{} {field}", field.to_string().len()),
    });
    format!("{:x}", Sha256::digest(fields)).into()
}

/// A control group is named by whoever may make it, and systemctl(1) takes
/// `-Hroot@evil.example.service` for a host.
#[test]
fn a_unit_that_would_be_an_option_is_in_no_command() {
    inside(|| {
        loopback::up();
        let listener = TcpListener::bind("127.0.0.1:50010").expect("a listener");
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("web1.json").display().to_string();
        let mut capture: Value =
            serde_json::from_slice(&run(&["capture"]).stdout).expect("a capture");
        drop(listener);
        let pid = std::process::id();
        let mut with = |group: &str| {
            let answers = capture["answers"].as_array_mut().expect("answers");
            let question = format!("file /proc/{pid}/cgroup");
            let entry = answers.iter_mut().find(|entry| entry["question"] == question);
            let entry = entry.expect("the group of the listener's process");
            entry["bytes"] = group.into();
            entry["refusal"] = Value::Null;
            let source =
                [&entry["question"], &entry["source"]["kind"], &entry["source"]["location"]];
            let nothing = [&Value::Null; 3];
            entry["sha256"] = sum(source.into_iter().chain([&entry["bytes"]]).chain(nothing));
            let head = ["ephaudit_capture", "os", "host", "collected_at"].map(|key| &capture[key]);
            let answers = capture["answers"].as_array().expect("answers");
            capture["sha256"] =
                sum(head.into_iter().chain(answers.iter().map(|entry| &entry["sha256"])));
            // What a capture begins with tells it.
            let text = format!("{{\"ephaudit_capture\":1,{}", &capture.to_string()[1..]);
            let text = text.replace(",\"ephaudit_capture\":1", "");
            std::fs::write(&file, text).expect("written");
        };
        // 0::/system.slice/honest.service
        with("MDo6L3N5c3RlbS5zbGljZS9ob25lc3Quc2VydmljZQo=");
        let honest = run(&["--format", "json", "--from", &file]);
        assert!(stdout(&honest).contains("honest.service"), "{}", stderr(&honest));
        // 0::/system.slice/-Hroot@evil.example.service
        with("MDo6L3N5c3RlbS5zbGljZS8tSHJvb3RAZXZpbC5leGFtcGxlLnNlcnZpY2UK");
        let formats = ["table", "json", "html", "markdown", "csv", "sarif", "ocsf", "junit"];
        for format in formats.map(|format| ["--format", format]) {
            let report = run(&[&["--from", &file][..], &format].concat());
            let report = [stdout(&report), stderr(&report)].concat();
            assert!(report.contains("50010") && !report.contains("evil"), "{format:?}: {report}");
        }
    });
}
