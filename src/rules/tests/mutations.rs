//! Evidence as it arrives: a line lost, doubled, cut or quoted, or all of it in another encoding.
//! No value comes out that the text does not hold, and no rule passes that does not pass on the
//! whole text.
//!
//! `EPHAUDIT_MUTATIONS=100000` makes that many; the default is a few, and always the same.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::{env, fs};

use ephaudit_platform::Host;
use ephaudit_platform::evidence::{Evidence, Piece};
use ephaudit_platform::ports::PortSet;
use ephaudit_platform::snapshot::{Os, ReservedKind, Snapshot, Source};

use super::{folder, hosts};
use crate::audit::{Report, audit};
use crate::iana::Registry;
use crate::policy::{Policy, Profile};
use crate::report::{Severity, Status, Verdict};

const MUTATIONS: usize = 1_200;

#[test]
fn a_damaged_text_gives_no_other_value_and_no_new_pass() {
    let wanted = env::var("EPHAUDIT_MUTATIONS").ok().and_then(|text| text.parse().ok());
    let texts = texts();
    assert!(texts.len() > 45, "{}", texts.len());
    let each = wanted.unwrap_or(MUTATIONS).div_ceil(texts.len());
    let mut wrong = Vec::new();
    for (seed, text) in (1..).zip(&texts) {
        let whole = Judged::of(&text.name, &text.bytes, text.os);
        let whole = whole.unwrap_or_else(|| panic!("{} is not understood", text.name));
        let mut dice = Dice(seed);
        for _ in 0..each {
            let (how, bytes, may_lose) = mutated(&text.bytes, &mut dice);
            let Some(judged) = Judged::of(&text.name, &bytes, text.os) else { continue };
            if let Some(what) = judged.exceeds(&whole, &text.tokens, may_lose) {
                wrong.push(format!("{}: {how}: {what}", text.name));
            }
        }
    }
    let total = wrong.len();
    wrong.dedup();
    wrong.truncate(40);
    assert!(total == 0, "{total} of {}:\n{}", each * texts.len(), wrong.join("\n"));
}

/// A text of evidence.
struct Text {
    name: String,
    bytes: Vec<u8>,
    /// The system, where the text does not name it.
    os: Option<Os>,
    tokens: BTreeSet<u64>,
}

/// The sessions, and the hosts that are one text.
fn texts() -> Vec<Text> {
    let entries = |path: PathBuf| {
        let mut paths: Vec<PathBuf> = fs::read_dir(path)
            .expect("a folder")
            .map(|entry| entry.expect("an entry").path())
            .collect();
        paths.sort();
        paths
    };
    let mut texts = Vec::new();
    for path in entries(folder("fixtures/sessions")) {
        texts.push(path);
    }
    for host in entries(folder("fixtures/hosts")) {
        texts.extend(entries(host).into_iter().filter(|path| {
            path.is_file() && path.extension().is_some_and(|ending| ending != "toml")
        }));
    }
    let read = |path: PathBuf| {
        let bytes = fs::read(&path).expect("a text");
        let name = path.display().to_string();
        let os = match read(&name, &bytes, None) {
            Some(_) => None,
            None => Some(hosts::labelled(path.parent().expect("a folder"))?),
        };
        read(&name, &bytes, os)?;
        let tokens = tokens(&bytes);
        Some(Text { name, bytes, os, tokens })
    };
    let mut texts: Vec<Text> = texts.into_iter().filter_map(read).collect();
    let sessions = texts.iter().filter(|text| text.name.contains("sessions"));
    let served: Vec<Text> = sessions.map(serving).collect();
    texts.extend(served);
    texts
}

/// The same host with a service in the pool.
fn serving(text: &Text) -> Text {
    let mut session = String::from_utf8_lossy(&text.bytes).into_owned();
    for (port, other) in [
        ("*.22 ", "*.50022 "),
        ("*:22 ", "*:50022 "),
        (":135 ", ":50135 "),
        ("*.5000 ", "*.50500 "),
        ("*:22\n", "*:50022\n"),
        ("  135   ", "50135   "),
    ] {
        session = session.replace(port, other);
    }
    let bytes = session.into_bytes();
    assert_ne!(bytes, text.bytes, "{}", text.name);
    let name = format!("{} with a service in the pool", text.name);
    Text { name, os: text.os, tokens: tokens(&bytes), bytes }
}

fn read(name: &str, bytes: &[u8], os: Option<Os>) -> Option<Evidence> {
    let piece = Piece { name: name.to_owned(), bytes: bytes.to_vec() };
    Evidence::read(vec![piece], Vec::new(), os).ok()
}

/// The whole numbers that stand in a text, in any of its encodings.
fn tokens(bytes: &[u8]) -> BTreeSet<u64> {
    let plain: Vec<u8> = bytes.iter().copied().filter(|byte| *byte != 0).collect();
    let words = plain.split(|byte| !byte.is_ascii_digit()).filter(|word| !word.is_empty());
    words.filter_map(|word| std::str::from_utf8(word).ok()?.parse().ok()).collect()
}

/// What was made of a text.
struct Judged {
    snapshot: Snapshot,
    report: Report,
}

impl Judged {
    fn of(name: &str, bytes: &[u8], os: Option<Os>) -> Option<Self> {
        let evidence = read(name, bytes, os)?;
        let policy = Policy::of(Profile::Iana, Some(Severity::Medium), Registry::built_in());
        let snapshot = hosts::read(&Host::of_evidence(evidence), &policy);
        let report = audit(&snapshot, &policy);
        Some(Self { snapshot, report })
    }

    /// What is in here and not in the whole text. Where rows of a list are lost without a trace,
    /// nobody can know of them: what depends on the list may pass.
    fn exceeds(&self, whole: &Self, tokens: &BTreeSet<u64>, may_lose: bool) -> Option<String> {
        // Of a text with a later state, the earlier is left where the later is lost.
        let states = whole.report.gaps.iter().any(|gap| gap.detail.ends_with("the later holds"));
        let may_lose = may_lose || states;
        let larger = || if states { None } else { self.larger(whole) };
        self.foreign(tokens).or_else(larger).or_else(|| {
            if may_lose {
                return None;
            }
            if self.report.status == Status::Compliant && whole.report.status != Status::Compliant {
                return Some("compliant".to_owned());
            }
            let passed = |judged: &Self| -> BTreeSet<&'static str> {
                let well = |verdict: &Verdict| {
                    matches!(verdict, Verdict::Pass | Verdict::NotApplicable(_))
                };
                let outcomes = judged.report.outcomes.iter();
                outcomes
                    .filter(|outcome| well(&outcome.verdict))
                    .map(|outcome| outcome.rule.name)
                    .collect()
            };
            let new: Vec<_> = passed(self).difference(&passed(whole)).copied().collect();
            (!new.is_empty()).then(|| format!("passes: {}", new.join(", ")))
        })
    }

    /// A number that does not stand in the text.
    fn foreign(&self, tokens: &BTreeSet<u64>) -> Option<String> {
        let holds = |number: u32| tokens.contains(&u64::from(number));
        let scope = &self.snapshot.scopes[0];
        for range in &scope.ranges {
            let Some(bounds) = range.bounds.known() else { continue };
            if !matches!(range.bounds.source(), Source::Capture(_)) {
                continue;
            }
            let (first, last) = (u32::from(bounds.first), u32::from(bounds.last));
            let count = last.wrapping_sub(first).wrapping_add(1);
            if !holds(first) || !(holds(last) || holds(count)) {
                return Some(format!("{} range {first}-{last}", range.role.name()));
            }
        }
        for list in &scope.reserved {
            let Some(ports) = list.ports.known() else { continue };
            if !matches!(list.ports.source(), Source::Capture(_)) {
                continue;
            }
            let ends = ports.spans().iter().flat_map(|span| [span.first(), span.last()]);
            if let Some(port) = ends.map(u32::from).find(|port| !holds(*port)) {
                return Some(format!("{} port {port}", list.kind.name()));
            }
        }
        let mut ports = scope.listeners.items.iter().map(|listener| u32::from(listener.port));
        ports.find(|port| !holds(*port)).map(|port| format!("a listener on {port}"))
    }

    /// Something that the whole text gives otherwise, or does not give.
    fn larger(&self, whole: &Self) -> Option<String> {
        let (ranges, of_whole) = (self.ranges(), whole.ranges());
        for (key, range) in ranges {
            match of_whole.get(&key) {
                Some(other) if *other != range => {
                    return Some(format!("{key} {range:?} for {other:?}"));
                }
                _ => {}
            }
        }
        let (lists, of_whole) = (self.lists(), whole.lists());
        for (key, ports) in lists {
            let Some(other) = of_whole.get(&key) else { continue };
            let more = ports.difference(other);
            if !more.is_empty() {
                return Some(format!("{key} {more}"));
            }
        }
        let listeners = |judged: &Self| -> BTreeSet<_> {
            let items = judged.snapshot.scopes[0].listeners.items.iter();
            items.map(|item| (item.transport.name(), item.address, item.port)).collect()
        };
        let new = listeners(self).difference(&listeners(whole)).next().copied();
        new.map(|new| format!("a listener {new:?}"))
    }

    fn ranges(&self) -> BTreeMap<String, (u16, u16)> {
        let mut ranges = BTreeMap::new();
        for range in &self.snapshot.scopes[0].ranges {
            let Some(bounds) = range.bounds.known() else { continue };
            for family in range.families {
                for transport in range.transports {
                    let key = format!("{} {family:?} {transport}", range.role.name());
                    ranges.insert(key, (bounds.first, bounds.last));
                }
            }
        }
        ranges
    }

    fn lists(&self) -> BTreeMap<String, PortSet> {
        let mut lists = BTreeMap::<String, PortSet>::new();
        for list in &self.snapshot.scopes[0].reserved {
            let Some(ports) = list.ports.known() else { continue };
            // What tells the two kinds of blocks apart is a star behind the row.
            let kind = match list.kind {
                ReservedKind::Excluded | ReservedKind::Administered => "excluded",
                kind => kind.name(),
            };
            for family in list.families {
                for transport in list.transports {
                    let key = format!("{kind} {family:?} {transport}");
                    let before = lists.remove(&key).unwrap_or_default();
                    lists.insert(key, before.union(ports));
                }
            }
        }
        lists
    }
}

/// A step of xorshift.
struct Dice(u32);

impl Dice {
    fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 17;
        self.0 ^= self.0 << 5;
        self.0 as usize % n.max(1)
    }
}

/// One mutation: what was done, the bytes, and whether rows of a list are lost without a trace.
fn mutated(bytes: &[u8], dice: &mut Dice) -> (String, Vec<u8>, bool) {
    let lines: Vec<&[u8]> = bytes.split_inclusive(|byte| *byte == b'\n').collect();
    let at = dice.below(lines.len());
    let upto = at + 1 + dice.below(8).min(lines.len() - at - 1);
    let shown = |line: usize| String::from_utf8_lossy(lines[line]).trim_end().to_owned();
    let rows = |lines: &[&[u8]]| lines.iter().any(|line| is_row(line));
    match dice.below(7) {
        0 => {
            let left = [&lines[..at], &lines[at + 1..]].concat().concat();
            (format!("without line {} {:?}", at + 1, shown(at)), left, rows(&lines[at..=at]))
        }
        1 => {
            let twice = [&lines[..=at], &lines[at..]].concat().concat();
            (format!("twice line {} {:?}", at + 1, shown(at)), twice, false)
        }
        2 => {
            // The end is lost, here within a line: what is behind it was never there.
            let cut = dice.below(lines[at].len());
            let end = lines[..at].concat().len() + cut;
            // A row that is cut is seen.
            let lost = rows(&lines[at..])
                && (!is_row(lines[at]) || lines[at][..cut].trim_ascii().is_empty());
            (format!("up to byte {end}, in {:?}", shown(at)), bytes[..end].to_vec(), lost)
        }
        3 => {
            // Not within a number: nothing tells a shorter one from a whole one.
            let mut cut = dice.below(lines[at].len());
            let in_number = |byte: &u8| byte.is_ascii_digit() || *byte == 0;
            while cut > 0 && lines[at][cut - 1..=cut].iter().all(in_number) {
                cut -= 1;
            }
            let mut short = lines[at][..cut].to_vec();
            short.push(b'\n');
            let left = [&lines[..at], &[&short[..]], &lines[at + 1..]].concat().concat();
            // An empty list is a list.
            let empty = short.trim_ascii_end().last().is_none_or(|end| b"=:".contains(end));
            let lost = empty;
            (format!("line {} cut to {:?}", at + 1, String::from_utf8_lossy(&short)), left, lost)
        }
        4 | 5 => {
            let marks = ["> ", "| ", "# ", ">> ", "$ ", "+", "    ", "\t", "-", "// ", "1: "];
            let mark = marks[dice.below(marks.len())];
            let range = if dice.below(2) == 0 { 0..lines.len() } else { at..upto };
            let mut quoted = Vec::new();
            for (number, line) in lines.iter().enumerate() {
                if range.contains(&number) {
                    quoted.extend_from_slice(mark.as_bytes());
                }
                quoted.extend_from_slice(line);
            }
            (format!("lines {}-{} behind {mark:?}", range.start + 1, range.end), quoted, false)
        }
        _ => {
            let (how, bytes) = encoded(bytes, dice.below(6));
            (how.to_owned(), bytes, false)
        }
    }
}

fn encoded(bytes: &[u8], how: usize) -> (&'static str, Vec<u8>) {
    let text = String::from_utf8_lossy(bytes);
    let little = || text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
    match how {
        0 => ("UTF-16LE", little()),
        1 => ("UTF-16LE with a mark", [b"\xff\xfe", &little()[..]].concat()),
        2 => {
            let big = text.encode_utf16().flat_map(u16::to_be_bytes).collect::<Vec<u8>>();
            ("UTF-16BE with a mark", [b"\xfe\xff", &big[..]].concat())
        }
        3 => ("CRLF", text.replace("\r\n", "\n").replace('\n', "\r\n").into_bytes()),
        4 => ("UTF-8 with a mark", [b"\xef\xbb\xbf", bytes].concat()),
        _ => ("no-break spaces", text.replace(' ', "\u{a0}").into_bytes()),
    }
}

/// Whether a line is a row of a list, which nothing misses where it is lost: a socket, or a block of
/// excluded ports.
fn is_row(line: &[u8]) -> bool {
    let text = String::from_utf8_lossy(line);
    let words: Vec<&str> = text.split_whitespace().collect();
    let is_number = |word: &&str| word.bytes().all(|byte| byte.is_ascii_digit());
    let socket = text.contains("*.*")
        || text.contains("*:*")
        || ["LISTEN", "Listen", "Idle", "ESTABLISHED", "internet"]
            .iter()
            .any(|state| text.contains(state));
    socket || words.len() >= 2 && words[..2].iter().all(is_number)
}
