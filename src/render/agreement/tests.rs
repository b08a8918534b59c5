//! Saved reports, changed at random: each is refused, or all formats say one status of it.

// SEED and CASES say which changes are tried.
#![allow(clippy::disallowed_methods)]

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::str::FromStr;
use std::{env, fs};

use serde_json::{Value, json};

use super::agreed;
use crate::wire::v1;

#[path = "../../../tests/linux/support/random.rs"]
mod random;
#[path = "../../../tests/support/settle.rs"]
mod settle;

use random::Random;

/// How many changed reports there are, unless the environment says another number: they take a
/// second for each dozen, unoptimised.
const CASES: usize = 200;

fn from_environment<T: FromStr>(name: &str, usual: T) -> T {
    env::var_os(name).and_then(|text| text.to_str()?.parse().ok()).unwrap_or(usual)
}

fn saved() -> Vec<Value> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fixtures/reports");
    let names =
        ["compliant", "findings", "undetermined", "waived", "facts", "openbsd", "persisted"];
    let names = names.into_iter().chain(["windows", "declared", "namespaces"]);
    names
        .map(|name| fs::read(folder.join(format!("{name}.json"))).expect("a report"))
        .map(|text| serde_json::from_slice(&text).expect("JSON"))
        .collect()
}

#[test]
fn all_formats_agree_on_saved_reports() {
    for report in saved() {
        let document = v1::read(report.to_string().as_bytes()).expect("a report");
        agreed(&document).expect("one status");
    }
}

#[test]
fn a_changed_report_is_refused_or_all_formats_say_one_status() {
    let (seed, cases) = (from_environment("SEED", 20_261_127), from_environment("CASES", CASES));
    let mut random = Random::new(seed);
    let saved = saved();
    let mut taken: BTreeMap<&str, usize> = BTreeMap::new();
    for case in 0..cases {
        let mut report = saved[random.below(saved.len())].clone();
        for _ in 0..=random.below(3) {
            change(&mut report, &mut random);
        }
        if !random.once_in(4) {
            settle::settle(&mut report);
        }
        let Ok(document) = v1::read(report.to_string().as_bytes()) else { continue };
        if let Err(why) = agreed(&document) {
            panic!("SEED={seed}, case {case}: {why}");
        }
        *taken.entry(document.status.map_or("unjudged", v1::Status::name)).or_default() += 1;
    }
    assert_eq!(taken.len(), 4, "SEED={seed}: {taken:?}");
    assert!(taken.values().sum::<usize>() > cases / 10, "SEED={seed}: {taken:?}");
}

const SEVERITIES: [&str; 5] = ["critical", "high", "medium", "low", "info"];
const VERDICTS: [&str; 6] = ["pass", "fail", "unknown", "not-applicable", "not-asked", "waived"];

/// One of a list, where it has any.
fn one<'a>(report: &'a mut Value, list: &str, random: &mut Random) -> Option<&'a mut Value> {
    let items = report[list].as_array_mut().filter(|items| !items.is_empty())?;
    let at = random.below(items.len());
    items.get_mut(at)
}

/// Takes one of a list out, or puts it there once more.
fn count(report: &mut Value, list: &str, random: &mut Random) {
    let Some(items) = report[list].as_array_mut().filter(|items| !items.is_empty()) else { return };
    let at = random.below(items.len());
    if random.once_in(2) {
        items.remove(at);
    } else {
        items.push(items[at].clone());
    }
}

fn change(report: &mut Value, random: &mut Random) {
    match random.below(14) {
        0 => {
            let list = random.one_of(&["findings", "gaps", "rules", "scopes", "services"]);
            count(report, list, random);
        }
        1 => {
            let severity = random.one_of(&SEVERITIES);
            let list = random.one_of(&["findings", "rules"]);
            set(one(report, list, random), "severity", json!(severity));
        }
        2 => {
            let waived = random.one_of(&[None, Some("known"), Some("")]);
            set(one(report, "findings", random), "waived", json!(waived));
        }
        3 => {
            let verdict = random.one_of(&VERDICTS);
            set(one(report, "rules", random), "verdict", json!(verdict));
        }
        4 | 5 => {
            let least = random.one_of(&[Some("low"), Some("high"), Some("info"), None]);
            set(Some(&mut report["policy"]), "fail_on", json!(least));
        }
        6 => {
            let status = [Some("compliant"), Some("findings"), Some("undetermined"), None];
            report["status"] = json!(random.one_of(&status));
        }
        7 => {
            let rule = one(report, "rules", random).map(|rule| rule["rule"].clone());
            let scope = one(report, "scopes", random).map(|scope| scope["id"].clone());
            let rule = if random.once_in(3) { None } else { rule };
            let gap =
                json!({"rule": rule, "scope": scope, "what": "w", "why": "denied", "detail": "d"});
            report["gaps"].as_array_mut().expect("gaps").push(gap);
        }
        8 => set(one(report, "gaps", random), "rule", Value::Null),
        9 => fact(report, random),
        10 => {
            let scope = one(report, "scopes", random).map(|scope| scope["id"].clone());
            let list = random.one_of(&["findings", "gaps"]);
            set(one(report, list, random), "scope", json!(scope));
        }
        11 => report["tool"]["version"] = json!("another"),
        12 => {
            let off = one(report, "rules", random).map(|rule| rule["rule"].clone());
            set(Some(&mut report["policy"]), "off", json!([off]));
        }
        _ => match random.below(4) {
            0 => report["policy"] = Value::Null,
            1 => set(one(report, "scopes", random), "current", json!(random.once_in(2))),
            2 => set(one(report, "rules", random), "rule", json!("another")),
            _ => set(one(report, "rules", random), "reason", Value::Null),
        },
    }
}

fn set(of: Option<&mut Value>, key: &str, value: Value) {
    if let Some(object) = of.filter(|object| object.is_object()) {
        object[key] = value;
    }
}

/// Makes a fact unknown, with its value or without.
fn fact(report: &mut Value, random: &mut Random) {
    let Some(scope) = one(report, "scopes", random) else { return };
    let name = random.one_of(&["ranges", "reserved", "unprivileged_start", "listeners", "usage"]);
    let fact = match &mut scope[name] {
        Value::Array(items) => items.first_mut(),
        one => Some(one),
    };
    let Some(fact) = fact else { return };
    fact["state"] = json!("unknown");
    fact["reason"] = json!("denied");
    if !random.once_in(3) {
        for key in ["first", "last", "value", "tcp_sockets"] {
            set(fact.get(key).is_some().then_some(&mut *fact), key, Value::Null);
        }
        if fact.get("spans").is_some() {
            fact["spans"] = json!([]);
        }
    }
}
