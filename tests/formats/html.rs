//! The page for a browser. `.ci/html` holds it against a validator and in a browser.

use std::fs;

use serde_json::{Value, json};

use super::reports;
use crate::support::settle::settle;
use crate::support::{code, run, stdout};

/// The page of a saved report.
fn page(path: &str) -> String {
    let output = run(&["convert", path, "--format", "html"]);
    assert_eq!(code(&output), 0, "{path}");
    stdout(&output)
}

fn saved(name: &str) -> String {
    format!("{}/fixtures/reports/{name}.json", env!("CARGO_MANIFEST_DIR"))
}

/// The page of a saved report in which something was changed.
fn changed(name: &str, change: impl FnOnce(&mut Value)) -> String {
    let text = fs::read(saved(name)).expect("a report");
    let mut report: Value = serde_json::from_slice(&text).expect("JSON");
    change(&mut report);
    report["summary"] = Value::Null;
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("report.json");
    fs::write(&path, report.to_string()).expect("written");
    page(path.to_str().expect("UTF-8"))
}

/// What is drawn, without the legend.
fn drawn(page: &str) -> &str {
    let start = page.find("<figure>").expect("a figure");
    let end = page.find("<figcaption>").expect("a legend");
    &page[start..end]
}

#[test]
fn nothing_from_outside_becomes_markup() {
    let page = page(&saved("hostile"));
    let body = page.split_once("</style>\n").expect("a head").1;
    assert!(body.contains("]]&gt;&lt;script&gt;alert(1)&lt;/script&gt;"));
    assert!(body.contains("&lt;b&gt;&amp;amp;"));
    assert!(body.contains("line\\u{d}\\u{a}break\\u{9}tab"));
    assert!(body.contains("\\u{202e}gpj.exe\\u{200b}"));
    let ours = ["title", "body", "svg", "g", "section", "p", "code", "pre", "div", "h1", "td"];
    for name in ours {
        assert!(body.contains(&format!("<{name}")), "{name}");
    }
    for tag in body.split('<').skip(1) {
        let name: String =
            tag.trim_start_matches('/').chars().take_while(char::is_ascii_alphanumeric).collect();
        assert!(!["script", "img", "iframe", "style", "link"].contains(&&*name), "<{name}");
    }
    // A quote inside an attribute would end it.
    assert!(!body.contains("a\"b'c") && body.contains("a&quot;b'c"));
    let moves =
        |c: char| c.is_control() || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}');
    let body = body.strip_suffix("\n</html>\n").expect("its end");
    assert_eq!(body.chars().find(|c| moves(*c)), None);
}

#[test]
fn it_fetches_and_runs_nothing() {
    for (name, path) in reports() {
        let page = page(path.to_str().expect("UTF-8"));
        assert!(
            page.contains("content=\"default-src 'none'; style-src 'unsafe-inline';"),
            "{name}"
        );
        assert_eq!(page.matches("href=").count(), page.matches("href=\"#").count(), "{name}");
        for outside in ["src=", "@import", "style=\"", "<script", "url(http", "url(//"] {
            assert!(!page.contains(outside), "{name}: {outside}");
        }
    }
}

#[test]
fn an_unknown_range_is_drawn_as_unknown() {
    let known = page(&saved("findings"));
    assert!(drawn(&known).contains("class=\"pool\""));
    let page = page(&saved("undetermined"));
    let drawn = drawn(&page);
    assert!(drawn.contains("UNKNOWN (denied)") && drawn.contains("class=\"unknown\""));
    for look in ["class=\"pool\"", "class=\"part\"", "class=\"held\"", "32768-60999"] {
        assert!(!drawn.contains(look), "{look}");
    }
    // So is a range that a report of another version says nothing of at all, and a pool beside a
    // known range.
    let nothing = changed("findings", |report| {
        report["tool"]["version"] = json!("0.0.1");
        report["scopes"][0]["ranges"] = json!([]);
    });
    assert!(!self::drawn(&nothing).contains("class=\"pool\""));
    assert!(self::drawn(&nothing).contains("UNKNOWN"));
    let unpooled = changed("findings", |report| {
        report["tool"]["version"] = json!("0.0.1");
        report["scopes"][0]["pools"] = json!([]);
    });
    assert!(!self::drawn(&unpooled).contains("class=\"pool\""));
    assert!(self::drawn(&unpooled).contains("32768-60999, pool UNKNOWN"));
}

#[test]
fn every_status_has_a_word_of_its_own() {
    let words = [
        ("compliant", "Compliant"),
        ("findings", "Findings"),
        ("undetermined", "Undetermined"),
        ("facts", "Not judged"),
    ];
    for (name, word) in words {
        let page = page(&saved(name));
        for (_, other) in words {
            let told = page.contains(&format!("<strong>{other}</strong>"));
            assert_eq!(told, other == word, "{name}: {other}");
        }
    }
    let partly = page(&saved("persisted"));
    assert!(partly.contains("17 rules could not be answered."), "a finding hides what is unknown");
}

#[test]
fn what_is_waived_stands_apart_with_its_reason() {
    let page = page(&saved("waived"));
    assert!(!page.contains("<h2>Findings</h2>"));
    let waived = page.split_once("<h2>Waived</h2>").expect("a section").1;
    assert_eq!(waived.matches("moved at the next window").count(), 3);
    assert!(page.contains("<b>0</b> findings") && page.contains("<b>3</b> waived"));
}

#[test]
fn impossible_numbers_are_drawn() {
    let page = changed("hostile", |report| {
        let scope = &mut report["scopes"][0];
        scope["ranges"][0]["first"] = json!(65535);
        scope["ranges"][0]["last"] = json!(0);
        scope["listeners"]["items"][0]["port"] = json!(0);
        scope["listeners"]["items"][1]["port"] = json!(65535);
        scope["time_wait"]["milliseconds"] = json!(u32::MAX);
        scope["pools"][0]["spans"] =
            json!([{"first": 0, "last": 65535}, {"first": 0, "last": 65535}]);
        scope["pools"][0]["span_count"] = json!(2);
        report["services"][0]["first"] = json!(65535);
        report["services"][0]["last"] = json!(0);
    });
    assert!(drawn(&page).contains("0-65535"));
}

#[test]
fn a_thousand_namespaces_stay_readable() {
    let page = changed("namespaces", |report| {
        for list in ["scopes", "findings"] {
            let items = report[list].as_array().expect("an array").clone();
            let id = if list == "scopes" { "id" } else { "scope" };
            let many = (0..1000).map(|number| {
                let mut item = items[number % (items.len() - 1) + 1].clone();
                item[id] = json!(format!("net:[{number}]"));
                if list == "scopes" {
                    item["current"] = json!(false);
                } else {
                    item["title"] = json!(format!("{} {number}", item["title"]));
                }
                item
            });
            report[list] = std::iter::once(items[0].clone()).chain(many).collect();
        }
        report["tool"]["version"] = json!("another");
        report["gaps"] = json!([]);
        settle(report);
    });
    assert!(page.len() < 2_000_000, "{} bytes", page.len());
    assert!(page.contains("And 500 more; the JSON report lists them all."));
    assert!(page.contains(" more of outside-dynamic-ports; the JSON report lists them all."));
}

/// The order of a page: what is wrong, what to do, and everything else.
#[test]
fn what_was_found_comes_first_and_every_link_stays_on_the_page() {
    for (name, path) in reports() {
        let page = page(path.to_str().expect("UTF-8"));
        for link in page.split("href=\"#").skip(1) {
            let id = link.split('"').next().expect("an end");
            assert!(page.contains(&format!("id=\"{id}\"")), "{name}: {id}");
        }
    }
    let page = page(&saved("findings"));
    let parts = ["<h2>Found</h2>", "<h2>What to do</h2>", "<h2>Port space</h2>", "<footer>"];
    let places: Vec<usize> = parts.map(|part| page.find(part).expect(part)).to_vec();
    assert!(places.is_sorted(), "{places:?}");
    assert!(page.contains("<title>web1: findings, 3 medium, ephaudit</title>"));
    let banner = page.split_once("<strong>Findings</strong>").expect("a banner").1;
    assert!(banner.trim_start().starts_with("Tcp port 33060"), "the worst is named");
    let box_ = &page[places[1]..places[2]];
    assert_eq!(box_.matches("sysctl -w net.ipv4.ip_local_port_range=").count(), 1);
    // What is below medium is closed.
    let low = changed("findings", |report| {
        report["tool"]["version"] = json!("another");
        report["findings"][2]["severity"] = json!("low");
        settle(report);
    });
    assert_eq!(low.matches("<summary>What was seen, and what to do</summary>").count(), 1);
}

#[test]
fn the_picture_says_how_full_the_pool_is() {
    let used = |percent: u32| {
        changed("findings", |report| {
            report["scopes"][0]["usage"]["destinations"] = json!([{
                "transport": "tcp", "source": "10.0.0.5", "destination": "10.0.0.9", "port": 5432,
                "interface": null, "ports_used": percent, "ports_usable": 100, "percent": percent
            }]);
            report["tool"]["version"] = json!("another");
            settle(report);
        })
    };
    let full = used(99);
    assert!(full.contains("tcp 10.0.0.5 to 10.0.0.9:5432: 99 of 100 ports, 99 %"));
    assert!(full.contains("class=\"full\" width=\"99%\""));
    assert!(!used(10).contains("class=\"full\""));
    let legend = full.split_once("<figcaption>").expect("a legend").1;
    let legend = legend.split_once("</figcaption>").expect("its end").0;
    assert!(legend.contains("inside the pool") && !legend.contains("Pool not known"), "{legend}");
}
