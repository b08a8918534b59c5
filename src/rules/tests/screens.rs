//! The screens of every host of the corpus: each fits, and some are held against what they were.

use std::fmt::Write as _;
use std::{env, fs};

use super::hosts::evidence;
use super::{audited, fixture_of, folder};
use crate::audit::audit;
use crate::iana::Registry;
use crate::policy::{Policy, Profile};
use crate::render::{Format, Look, render};
use crate::report::Severity;
use crate::wire::v1::{self, Document, Status};

/// How many lines a screen has.
const LINES: usize = 24;

/// The hosts whose screens are kept whole.
const KEPT: [&str; 28] = [
    "aix-default",
    "compliant",
    "declared",
    "destination-near-exhaustion",
    "dragonfly-default",
    "findings",
    "freebsd-full-subtree",
    "freebsd-swapped",
    "hostile",
    "illumos-default",
    "linux-denied",
    "linux-sysctl-a",
    "listener-in-pool",
    "macos-default",
    "namespaces",
    "narrow-pool",
    "netbsd-reserve",
    "openbsd",
    "openbsd-empty-baddynamic",
    "persisted",
    "self-connected-socket",
    "solaris-11",
    "squatted-port",
    "undetermined",
    "unprivileged-start-lowered",
    "waived",
    "windows",
    "windows-exchange",
];

/// Every judged report of the corpus: saved ones, what each rule finds, captured hosts.
fn corpus() -> Vec<(String, Document)> {
    let mut all = Vec::new();
    for path in super::paths("fixtures/reports", "json") {
        let text = fs::read(&path).expect("a report");
        let document = v1::read(&text).expect("a report");
        let stem = path.file_stem().expect("a stem").to_string_lossy().into_owned();
        all.push((stem, document));
    }
    for rule in super::stems("fixtures/rules", "") {
        let path = folder(&format!("fixtures/rules/{rule}/fail.json"));
        if path.exists() {
            let fixture = fixture_of(&path);
            let (_, document) = audited(&fixture, &fixture.policy());
            all.push((rule, document));
        }
    }
    let policy = Policy::of(Profile::Iana, Some(Severity::Medium), Registry::built_in());
    for path in super::paths("fixtures/hosts", "") {
        let Some(evidence) = evidence(&path) else { continue };
        let snapshot = super::hosts::read(&evidence, &policy);
        let report = audit(&snapshot, &policy);
        let document = v1::document(&snapshot, &policy, Some(&report), String::new(), 10);
        all.push((path.file_name().expect("a name").to_string_lossy().into_owned(), document));
    }
    all.retain(|(_, document)| document.status.is_some());
    all
}

fn screen(document: &Document, width: usize, color: bool) -> String {
    let exit = match document.status {
        Some(Status::Findings) => 1,
        Some(Status::Undetermined) => 3,
        _ => 0,
    };
    let look = Look { color, ascii: !color, exit: Some(exit), ..Look::plain(width) };
    String::from_utf8(render(document, Format::Table, look)).expect("UTF-8")
}

#[test]
fn the_answer_is_on_one_screen_its_first_line_and_its_last() {
    let corpus = corpus();
    assert!(corpus.len() > 70, "{}", corpus.len());
    for (name, document) in &corpus {
        for width in [80, 120] {
            let text = screen(document, width, false);
            let lines: Vec<&str> = text.lines().collect();
            assert!(lines.len() <= LINES, "{name}: {} lines\n{text}", lines.len());
            let word = |line: &&str| line.split(' ').next().unwrap_or_default().to_owned();
            assert_eq!(lines.first().map(word), lines.last().map(word), "{name}\n{text}");
            for line in lines {
                let long = line.len() > width;
                // A word that is longer than the line stays whole.
                let whole = line.split_whitespace().any(|word| word.len() + 16 > width);
                let of_windows = line.trim_start().starts_with("netsh ");
                assert!(!long || whole || of_windows, "{name}: {line}");
            }
        }
    }
}

#[test]
fn the_screens_are_those_that_were_read_by_eye() {
    let top = folder("fixtures/screens");
    let corpus = corpus();
    for name in KEPT {
        let (_, document) = corpus.iter().find(|(known, _)| known == name).expect(name);
        let mut views = String::new();
        for width in [80, 120] {
            for color in [false, true] {
                // An escape character would colour whatever shows the file.
                let text = screen(document, width, color).replace('\u{1b}', "\\e");
                let look = if color { "colour" } else { "dumb" };
                let _ = writeln!(views, "=== {width} columns, {look}\n{text}");
            }
        }
        let known = top.join(format!("{name}.txt"));
        if env::var_os("EPHAUDIT_BLESS").is_some() {
            fs::create_dir_all(&top).expect("a folder");
            fs::write(&known, &views).expect("written");
        }
        let before = fs::read_to_string(&known).unwrap_or_default();
        let differs = before.lines().zip(views.lines()).find(|(was, is)| was != is);
        let path = known.display();
        assert!(before == views, "{path}: {differs:?}; EPHAUDIT_BLESS=1 takes the new one");
    }
}
