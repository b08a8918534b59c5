//! What is around a table, and what is left of one that is damaged.

use std::fmt::Write;

use serde_json::Value;

use super::{document, from_stdin, range, told};

const TABLE: &str = "C:\\>netsh int ipv4 show excludedportrange protocol=tcp\n\n\
    Protocol tcp Port Exclusion Ranges\n\nStart Port    End Port\n----------    --------\n\
    \x20     5357        5357\n     50000       50059     *\n     61902       62001\n\n\
    * - Administered port exclusions.\n\n";

/// The ports of each kind of exclusion of TCP over IPv4.
fn excluded(document: &Value) -> Vec<String> {
    let lists = document["scopes"][0]["reserved"].as_array().expect("lists");
    let of_ipv4 = lists.iter().filter(|list| {
        list["state"] == "known" && list["families"][0] == "ipv4" && list["transports"][0] == "tcp"
    });
    of_ipv4
        .map(|list| {
            let mut text = list["kind"].as_str().expect("a kind").to_owned();
            for span in list["spans"].as_array().expect("spans") {
                write!(text, " {}-{}", span["first"], span["last"]).expect("memory");
            }
            text
        })
        .collect()
}

#[test]
fn what_stands_around_a_table_is_none_of_it() {
    let whole = ["excluded 5357-5357 61902-62001", "administered 50000-50059"];
    let lines = |of: &dyn Fn(usize, &str) -> String| -> String {
        TABLE.lines().enumerate().map(|(number, line)| of(number, line) + "\n").collect()
    };
    for text in [
        TABLE.to_owned(),
        TABLE.replace(' ', "\u{a0}"),
        TABLE.replace("61902       62001", "61902       62001     hyper-v took it"),
        TABLE.replace("61902       62001", "61902       62001     <- mine"),
        lines(&|_, line| format!("> {line}")),
        lines(&|_, line| format!("# {line}")),
        lines(&|number, line| format!("2024-06-11T10:45:{number:02}.1234567Z {line}")),
        lines(&|number, line| format!("#12 {number}.431 {line}")),
        format!("```\n{TABLE}```\n"),
    ] {
        assert_eq!(excluded(&told(&text)), whole, "{text}");
    }
}

#[test]
fn what_is_lost_of_a_table_is_a_gap_with_its_line() {
    let cut = |end: &str| TABLE[..TABLE.find(end).expect("it is there")].to_owned();
    for (text, line) in [
        (cut("     61902"), 8),
        (cut("902       62001"), 9),
        (TABLE.replace("     61902       62001", "......"), 9),
        (TABLE.replace("61902       62001", "61902       62001     7"), 9),
    ] {
        let audited = document(&from_stdin(&text, &["audit", "--format", "json"]));
        assert_eq!(excluded(&audited)[0], "excluded 5357-5357", "{text}");
        let gaps = audited["gaps"].as_array().expect("gaps");
        let details: Vec<&str> = gaps.iter().filter_map(|gap| gap["detail"].as_str()).collect();
        let says = |detail: &&str| {
            detail.contains(&format!(":{line}: ")) && detail.contains("the list may go on")
        };
        assert!(details.iter().any(says), "{text}: {details:?}");
    }
}

#[test]
fn results_of_ansible_are_read_in_json_and_in_yaml() {
    let table = "Protocol tcp Dynamic Port Range\n---------------------------------\n\
        Start Port      : 10000\nNumber of Ports : 55535\n";
    let command = "netsh int ipv6 show dynamicport tcp";
    let lines = |of: &dyn Fn(&str) -> String| table.lines().map(of).collect::<String>();
    let indented = lines(&|line| format!("    {line}\n"));
    let items = lines(&|line| format!("  - '{line}'\n"));
    let json = serde_json::json!({ "cmd": command, "stdout": table, "rc": 0 });
    for text in [
        format!("win1 | CHANGED => {json}\n"),
        format!(
            "changed: [win1] => changed=true \n  cmd: {command}\n  stdout: |-\n{indented}  stdout_lines: <omitted>\n"
        ),
        format!("ok: [win1] => \n  cmd: {command}\n  out.stdout_lines:\n{items}  rc: 0\n"),
    ] {
        assert_eq!(range(&told(&text), "tcp", "ipv6"), Some((10_000, 65_534)), "{text}");
    }
}
