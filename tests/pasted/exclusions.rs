//! The blocks of Windows on one port, of each family and transport and kind.

use serde_json::Value;

use super::{document, from_stdin};
use crate::support::stdout;

fn text(family: &str, transport: &str) -> String {
    format!(
        "C:\\>netsh int {family} show excludedportrange protocol={transport}\n\n\
         Protocol {transport} Port Exclusion Ranges\n\nStart Port    End Port\n\
         ----------    --------\n      2316        2415\n     50000       50059     *\n\n\
         * - Administered port exclusions.\n\n"
    )
}

fn explained(family: &str, transport: &str, port: u16) -> Value {
    let port = format!("{port}/{transport}");
    let output = from_stdin(text(family, transport), &["explain", &port, "--format", "json"]);
    document(&output)
}

#[test]
fn each_kind_of_block_has_its_own_state() {
    for family in ["ipv4", "ipv6"] {
        for transport in ["tcp", "udp"] {
            let on = |port| explained(family, transport, port)["transports"][0].clone();
            let (held, kept) = (on(2400), on(50_005));
            assert_eq!(held["state"], "excluded");
            assert_eq!(held["excluded"][0]["family"], family);
            assert_eq!(held["administered"].as_array().map(Vec::len), Some(0));
            for meeting in held["if_wanted"].as_array().expect("meetings") {
                let fails = meeting["family"] == family;
                assert_eq!(meeting["without_reuseaddr"] == "excluded", fails, "{meeting}");
            }
            let block = serde_json::json!({ "family": family, "first": 50_000, "last": 50_059 });
            assert_eq!(kept["administered"], serde_json::json!([block]));
            assert_eq!(kept["excluded"].as_array().map(Vec::len), Some(0));
            assert_ne!(kept["state"], "excluded", "a program that asks for it may have it");
            let answer = kept["answer"].as_str().expect("an answer");
            assert!(answer.contains("administered block 50000-50059"), "{answer}");
        }
    }
}

#[test]
fn the_way_out_is_told_to_its_last_step() {
    let shown = stdout(&from_stdin(text("ipv6", "udp"), &["explain", "2400/udp"]));
    let at = |step: &str| shown.find(step).unwrap_or_else(|| panic!("no {step}: {shown}"));
    let add = "netsh int ipv6 add excludedportrange protocol=udp startport=2400 numberofports=1";
    assert!(at("net stop winnat") < at(add) && at(add) < at("net start winnat"), "{shown}");
    assert!(shown.contains("not known, as the range is not"), "{shown}");
    assert!(!shown.contains("protocol=tcp"), "nobody asked for tcp: {shown}");
}
