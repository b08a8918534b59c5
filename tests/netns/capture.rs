//! A capture replayed is the host as it was.

use std::net::TcpListener;

use serde_json::Value;

use crate::support::namespace::{inside, set};
use crate::support::{code, json, run};

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
