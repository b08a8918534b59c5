//! A fleet as a night of jobs leaves it, and what is true of it: torn lines, doubled ones, several
//! on a line, other versions, what contradicts itself, and hosts that nobody expects.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde_json::Value;

use crate::support::{code, run, stdout};

/// What is true of a fleet.
#[derive(Debug, Default)]
pub(super) struct Truth {
    pub(super) lines: u64,
    pub(super) blank: u64,
    pub(super) reports: u64,
    pub(super) absences: u64,
    pub(super) rejected: u64,
    /// By name in lower case, or by the line.
    latest: HashMap<String, (u64, usize, u16)>,
    pub(super) expected: BTreeSet<String>,
}

/// A saved report on one line.
struct Template {
    line: String,
    status: Option<String>,
    settings: String,
    failed: Vec<String>,
}

/// A fleet.
pub(super) struct Generated {
    pub(super) bytes: Vec<u8>,
    pub(super) truth: Truth,
    templates: Vec<Template>,
}

/// Marsaglia's xorshift: the same fleet for the same seed.
struct Random(u64);

impl Random {
    fn below(&mut self, most: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % most
    }
}

const DAY: &str = "2026-11-27T";

fn clock(second: u64) -> String {
    format!("{DAY}{:02}:{:02}:{:02}Z", second / 3600, second / 60 % 60, second % 60)
}

fn templates() -> Vec<Template> {
    let names = [
        "compliant",
        "findings",
        "undetermined",
        "waived",
        "declared",
        "facts",
        "windows",
        "openbsd",
    ];
    let template = |name: &&str| {
        let path = format!("{}/fixtures/reports/{name}.json", env!("CARGO_MANIFEST_DIR"));
        let line = run(&["convert", &path, "--format", "ndjson"]);
        assert_eq!(code(&line), 0, "{name}");
        let line = stdout(&line).trim_end().to_owned();
        let value: Value = serde_json::from_str(&line).expect("JSON");
        let failed = value["summary"]["failed"].as_array().expect("a list");
        Template {
            status: value["status"].as_str().map(str::to_owned),
            settings: value["summary"]["settings"].as_str().expect("settings").to_owned(),
            failed: failed.iter().map(|rule| rule.as_str().expect("a rule").to_owned()).collect(),
            line,
        }
    };
    names.iter().map(template).collect()
}

/// Between two marks of a line, replaced.
pub(super) fn replaced(line: &str, begin: &str, end: &str, by: &str) -> String {
    let from = line.find(begin).unwrap_or_else(|| panic!("{begin}")) + begin.len();
    let to = from + line[from..].find(end).unwrap_or_else(|| panic!("{end}"));
    format!("{}{by}{}", &line[..from], &line[to..])
}

impl Generated {
    /// So many hosts of a seed.
    pub(super) fn new(seed: u64, hosts: u64) -> Self {
        let mut fleet = Self { bytes: Vec::new(), truth: Truth::default(), templates: templates() };
        let mut random = Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
        for host in 0..hosts {
            let name = format!("web-{host:06}.example");
            if random.below(200) > 0 {
                fleet.truth.expected.insert(name.clone());
            }
            if random.below(400) == 0 {
                continue;
            }
            let second = 1000 + random.below(80_000);
            fleet.host(&name, second, &mut random);
            match random.below(100) {
                // Doubled as it is, and once more at another time with other settings.
                0 => fleet.again(),
                1 => fleet.host(&name, second + 60, &mut random),
                2 => fleet.host(&name.to_uppercase(), second - 60, &mut random),
                3..=20 => fleet.trap(&name, &mut random),
                _ => {}
            }
        }
        fleet
    }

    /// A report of a host and what is true of it.
    fn made(&mut self, name: &str, second: u64, random: &mut Random) -> String {
        // A few are set as nobody else is.
        let start = match random.below(300) {
            0 => 1025 + u16::try_from(random.below(4000)).expect("small"),
            _ => 1024,
        };
        let at = usize::try_from(random.below(self.templates.len() as u64)).expect("small");
        let template = &self.templates[at];
        let known = "\"unprivileged_start\":{\"state\":\"known\",\"value\":";
        let start = if template.line.contains(known) { start } else { 1024 };
        let mut line = replaced(&template.line, "\"host\":{\"name\":", ",", &format!("\"{name}\""));
        line = replaced(&line, "\"collected_at\":\"", "\"", &clock(second));
        if start != 1024 {
            line = line.replace(&format!("{known}1024"), &format!("{known}{start}"));
            line = replaced(&line, "\"summary\":", ",\"run\"", "null");
        } else if random.below(3) == 0 {
            line = replaced(&line, "\"summary\":", ",\"run\"", "null");
        }
        if random.below(200) == 0 {
            line = line.replacen("\"schema_version\":\"1.1\"", "\"schema_version\":\"1.9\"", 1);
            line = line.replacen("\"kind\"", "\"later\":{\"x\":[1,{}]},\"kind\"", 1);
            line = replaced(&line, "\"summary\":", ",\"run\"", "null");
        }
        self.truth.reports += 1;
        let latest = self.truth.latest.entry(name.to_lowercase()).or_insert((0, at, start));
        if second >= latest.0 {
            *latest = (second, at, start);
        }
        line
    }

    fn host(&mut self, name: &str, second: u64, random: &mut Random) {
        let line = self.made(name, second, random);
        let end = if random.below(5) == 0 { "\r\n" } else { "\n" };
        self.line(format!("{line}{end}"));
    }

    fn again(&mut self) {
        let last = self.bytes[..self.bytes.len() - 1].iter().rposition(|byte| *byte == b'\n');
        let last = self.bytes[last.map_or(0, |at| at + 1)..].to_vec();
        self.truth.reports += 1;
        self.line(last);
    }

    fn line(&mut self, line: impl AsRef<[u8]>) {
        assert!(line.as_ref().ends_with(b"\n"));
        self.truth.lines += 1;
        self.bytes.extend_from_slice(line.as_ref());
    }

    /// A line with something wrong in it; what stands whole beside that counts.
    fn trap(&mut self, name: &str, random: &mut Random) {
        let broken = self.templates[1].line.clone();
        assert_eq!(self.templates[1].status.as_deref(), Some("findings"));
        let cut = |random: &mut Random| {
            let at = 60 + usize::try_from(random.below(broken.len() as u64 - 100)).expect("small");
            let at =
                (at..broken.len()).find(|at| broken.is_char_boundary(*at)).expect("a boundary");
            broken[..at].to_owned()
        };
        let mut rejected = 1;
        let text = match random.below(18) {
            0 => cut(random),
            1 => cut(random) + &self.made(&format!("torn-{name}"), 5000, random),
            2 => {
                rejected = 0;
                let one = self.made(&format!("one-{name}"), 5000, random);
                one + &self.made(&format!("two-{name}"), 5000, random)
            }
            3 => "\0".repeat(512),
            4 => "<html><h1>502 Bad Gateway</h1></html>".to_owned(),
            5 => "{}".to_owned(),
            6 => format!("[{}]", self.made(&format!("array-{name}"), 5000, random)),
            7 => "Nov 27 12:00:00 web ephaudit: started".to_owned(),
            8 => "{\"ephaudit_capture\":1,\"os\":\"linux\"}".to_owned(),
            9 => broken.replacen("\"schema_version\":\"1.1\"", "\"schema_version\":\"0.9\"", 1),
            10 => broken.replacen("\"schema_version\":\"1.1\"", "\"schema_version\":\"2.0\"", 1),
            11 => broken.replacen("\"status\":\"findings\"", "\"status\":\"compliant\"", 1),
            12 => replaced(&broken, "\"collected_at\":\"", "\"", "yesterday"),
            13 => {
                let envelope = self.made(&format!("envelope-{name}"), 5000, random);
                format!("{{\"event\":{envelope},\"more\":1}}")
            }
            14 => broken.replacen("\"severity\":\"medium\"", "\"severity\":\"dire\"", 1),
            15 => {
                rejected = 0;
                self.truth.blank += 1;
                "  ".to_owned()
            }
            16 => {
                rejected = 0;
                self.truth.absences += 1;
                let absence = run(&["absence", "--host", "gone", "--why", "unreachable"]);
                stdout(&absence).trim_end().to_owned()
            }
            _ => {
                let mut bytes = broken.into_bytes();
                let middle = bytes.len() / 2;
                bytes[middle] = 0xff;
                bytes.push(b'\n');
                self.truth.rejected += 1;
                return self.line(bytes);
            }
        };
        self.truth.rejected += rejected;
        self.line(text + "\n");
    }

    /// How many hosts there are.
    pub(super) fn hosts(&self) -> usize {
        self.truth.latest.len()
    }

    fn latest(&self) -> impl Iterator<Item = (&Template, u16)> {
        self.truth.latest.values().map(|(_, at, start)| (&self.templates[*at], *start))
    }

    /// Hosts by status.
    pub(super) fn statuses(&self) -> BTreeMap<String, u64> {
        let mut all = BTreeMap::new();
        for (template, _) in self.latest() {
            let status = template.status.as_deref().unwrap_or("unjudged");
            *all.entry(status.to_owned()).or_default() += 1;
        }
        all
    }

    /// Hosts by what is set on them.
    pub(super) fn shapes(&self) -> BTreeMap<String, u64> {
        let mut all = BTreeMap::new();
        for (template, start) in self.latest() {
            let settings = template.settings.replace("start 1024", &format!("start {start}"));
            *all.entry(settings).or_default() += 1;
        }
        all
    }

    /// Hosts by the rule that failed on them.
    pub(super) fn failed(&self) -> BTreeMap<String, u64> {
        let mut all = BTreeMap::new();
        for (template, _) in self.latest() {
            for rule in &template.failed {
                *all.entry(rule.clone()).or_default() += 1;
            }
        }
        all
    }

    /// The expected hosts of which there is no report, and the others that nobody expects.
    pub(super) fn missing(&self) -> (u64, u64) {
        let has = |name: &&String| self.truth.latest.contains_key(*name);
        let missing = self.truth.expected.iter().filter(|name| !has(name)).count();
        let known = |name: &&String| self.truth.expected.contains(*name);
        let unexpected = self.truth.latest.keys().filter(|name| !known(name)).count();
        (missing as u64, unexpected as u64)
    }
}
