//! Trees of files that the loaders read.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::linux::support::random::Random;

/// The folders that are the tree's own.
pub(super) const MOUNTED: [&str; 4] = ["/etc", "/run", "/usr/local/lib", "/usr/lib/sysctl.d"];
const FOLDERS: [&str; 4] =
    ["/etc/sysctl.d", "/run/sysctl.d", "/usr/local/lib/sysctl.d", "/usr/lib/sysctl.d"];
const NAMES: [&str; 10] =
    ["10-a", "50-b", "50-b", "50", "99-c", "99-sysctl", "100-d", "Z", "_", "é"];

#[derive(Debug, Clone)]
enum Node {
    File(Vec<u8>),
    Link(String),
    Folder,
}

/// Absolute paths and what is there.
#[derive(Debug, Default)]
pub(super) struct Tree(BTreeMap<String, Node>);

impl Tree {
    pub(super) fn random(random: &mut Random) -> Self {
        let mut tree = Self::default();
        for _ in 0..=random.below(5) {
            let mut name = format!("{}.conf", random.one_of(&NAMES));
            match random.below(24) {
                0 => name.insert(0, '.'),
                1 => name.push_str(".bak"),
                2 => name.truncate(name.len() - 1),
                _ => {}
            }
            let node = match random.below(24) {
                0 => Node::Link("/dev/null".to_owned()),
                1 => Node::Link("/etc/beside".to_owned()),
                2 => Node::Link("../nowhere".to_owned()),
                3 => Node::Link(name.clone()),
                4 => Node::Folder,
                5 => Node::File(Vec::new()),
                6 => Node::Link("/etc".to_owned()),
                _ => Node::File(lines(random)),
            };
            tree.0.insert(format!("{}/{name}", random.one_of(&FOLDERS)), node);
        }
        tree.0.insert("/etc/beside".to_owned(), Node::File(lines(random)));
        if random.once_in(2) {
            let node = match random.below(12) {
                0 => Node::Link("/etc/beside".to_owned()),
                1 => Node::Link("nowhere".to_owned()),
                2 => Node::Folder,
                _ => Node::File(lines(random)),
            };
            tree.0.insert("/etc/sysctl.conf".to_owned(), node);
        }
        if random.once_in(3) {
            let link = Node::Link("../sysctl.conf".to_owned());
            tree.0.insert("/etc/sysctl.d/99-sysctl.conf".to_owned(), link);
        }
        if random.once_in(40) {
            let folder = random.one_of(&FOLDERS[1..3]);
            tree.0.retain(|path, _| !path.starts_with(folder));
            let target = random.one_of(&["/etc/sysctl.d", "/etc/beside", "/nowhere", "sysctl.d"]);
            tree.0.insert(folder.to_owned(), Node::Link(target.to_owned()));
        }
        tree
    }

    /// Puts it under `top` in place of what is there.
    pub(super) fn write(&self, top: &Path) {
        for folder in MOUNTED {
            let folder = top.join(&folder[1..]);
            for entry in fs::read_dir(&folder).expect("a folder") {
                let entry = entry.expect("an entry");
                if entry.file_type().expect("a kind").is_dir() {
                    fs::remove_dir_all(entry.path()).expect("it goes");
                } else {
                    fs::remove_file(entry.path()).expect("it goes");
                }
            }
        }
        for (path, node) in &self.0 {
            let path = top.join(&path[1..]);
            fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
            match node {
                Node::File(bytes) => fs::write(path, bytes).expect("a file"),
                Node::Link(target) => symlink(target, path).expect("a link"),
                Node::Folder => fs::create_dir(path).expect("a folder"),
            }
        }
    }

    /// Keeps it as a fixture.
    pub(super) fn keep(&self, name: &str) {
        let node = |(path, node): (&String, &Node)| {
            let node = match node {
                // A character for each byte.
                Node::File(bytes) => {
                    json!({"file": bytes.iter().copied().map(char::from).collect::<String>()})
                }
                Node::Link(target) => json!({"link": target}),
                Node::Folder => json!({"folder": null}),
            };
            (path.clone(), node)
        };
        let tree: Value = self.0.iter().map(node).collect::<serde_json::Map<_, _>>().into();
        fs::create_dir_all(fixtures()).expect("a folder");
        let text = serde_json::to_string_pretty(&tree).expect("JSON");
        fs::write(fixtures().join(format!("{name}.json")), text + "\n").expect("a fixture");
    }

    /// The fixtures, by their names.
    pub(super) fn kept() -> Vec<(String, Self)> {
        let read = |path: PathBuf| {
            let text = fs::read_to_string(&path).expect("a fixture");
            let tree: BTreeMap<String, Value> = serde_json::from_str(&text).expect("JSON");
            let node = |(path, node): (String, Value)| {
                let node = if let Some(text) = node["file"].as_str() {
                    let byte = |c| u8::try_from(u32::from(c)).expect("a byte");
                    Node::File(text.chars().map(byte).collect())
                } else if let Some(target) = node["link"].as_str() {
                    Node::Link(target.to_owned())
                } else {
                    Node::Folder
                };
                (path, node)
            };
            let name = path.file_name().expect("a name").to_string_lossy().into_owned();
            (name, Self(tree.into_iter().map(node).collect()))
        };
        let entries = fs::read_dir(fixtures()).expect("fixtures/boot");
        let mut paths: Vec<PathBuf> =
            entries.map(|entry| entry.expect("an entry").path()).collect();
        paths.sort();
        paths.into_iter().map(read).collect()
    }
}

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/boot")
}

const RANGE: &str = "net.ipv4.ip_local_port_range";
const RESERVED: &str = "net.ipv4.ip_local_reserved_ports";
const START: &str = "net.ipv4.ip_unprivileged_port_start";

fn lines(random: &mut Random) -> Vec<u8> {
    let mut text = Vec::new();
    if random.once_in(30) {
        text.extend(b"\xef\xbb\xbf");
    }
    for _ in 0..random.below(7) {
        let mut line = line(random).into_bytes();
        if random.once_in(8) && !line.is_empty() {
            let at = random.below(line.len());
            let byte = random.one_of(b"\0\t\n\r\x0b\x0c \"'#*?[]{},-./;=\\0189xX\xa0\xff");
            match random.below(3) {
                0 => line[at] = byte,
                1 => line.insert(at, byte),
                _ => drop(line.remove(at)),
            }
        }
        text.extend(line);
        text.extend(
            random.one_of::<&[u8]>(&[b"\n", b"\n", b"\n", b"\n", b"\r\n", b" \n", b"\n\n"]),
        );
    }
    if random.once_in(10) {
        text.pop();
    }
    text
}

fn line(random: &mut Random) -> String {
    if random.once_in(20) {
        return random
            .one_of(&["# comment = 1", " ; comment", "", "  ", "=", "nonsense"])
            .to_owned();
    }
    let (key, value) = match random.below(12) {
        0..=3 => (RANGE, range(random)),
        4..=5 => (RESERVED, reserved(random)),
        6..=7 => (START, random.one_of(&START_VALUES).to_owned()),
        8 => ("net.ipv4.tcp_tw_reuse", random.one_of(&NUMBERS).to_owned()),
        9 => ("net.ipv4.tcp_fin_timeout", random.one_of(&NUMBERS).to_owned()),
        10 => ("net.ipv4.tcp_max_tw_buckets", random.one_of(&NUMBERS).to_owned()),
        _ => pattern(random),
    };
    let key = spelled(random, key);
    let dash = if random.once_in(10) { random.one_of(&["-", "-", " -", "- ", "--"]) } else { "" };
    if random.once_in(14) {
        let alone = random.one_of(&["", "-", "-"]);
        return format!("{alone}{key}");
    }
    let equals = random.one_of(&["=", " = ", "= ", " =", "\t=\t", "  =  "]);
    format!("{dash}{key}{equals}{value}")
}

fn spelled(random: &mut Random, key: &str) -> String {
    match random.below(30) {
        0..=3 => key.replace('.', "/"),
        4 => format!("/{}", key.replace('.', "/")),
        5 => format!(".{key}"),
        6 => key.replacen('.', "/", 1),
        7 => key.replacen(".i", "/i", 2),
        8 => key.to_uppercase(),
        9 => key.replacen('.', "..", 1),
        10 => key.replace('.', "//"),
        11 => format!("{}/", key.replace('.', "/")),
        12 => key.replacen('.', "/./", 1).replace("v4.", "v4/"),
        13 => format!("\"{key}\""),
        14 => format!("/proc/sys/{}", key.replace('.', "/")),
        15 => key.replacen('.', "/../net/", 1).replace("v4.", "v4/"),
        _ => key.to_owned(),
    }
}

/// Patterns of keys that are each namespace's own.
fn pattern(random: &mut Random) -> (&'static str, String) {
    let pattern = random.one_of(&[
        "net.ipv4.ip_local_*",
        "net.ipv4.ip_local_port_*",
        "net.*.ip_local_port_range",
        "net.ipv4.ip_local_{port_range,reserved}*",
        "net.ipv4.{ip_unpriv*,ip_local_port_rang[a-e]}",
        "net.ipv4.ip_unprivileged_port_star?",
        "net.ipv4.ip_*p*r*t*",
        "net.ipv4.tcp_tw_reus*",
        "net.ipv4.tcp_fin_tim[[:alpha:]]out",
        "net.ipv4.ip_local_port_rang[!a-d]",
        "net*ip_local_port_range",
    ]);
    let value = random.one_of(&["10000 20000", "700", "600 700", "1", "2", "20000", "x", "010000"]);
    (pattern, value.to_owned())
}

const START_VALUES: [&str; 14] = [
    "0",
    "80",
    "500",
    "600",
    "1024",
    "1023",
    "0x200",
    "0777",
    "40000",
    "32768",
    "65536",
    "-1",
    "x",
    "500 # low",
];
const NUMBERS: [&str; 20] = [
    "0",
    "1",
    "2",
    "3",
    "15",
    "30",
    "010",
    "0x10",
    "08",
    "-1",
    "-0",
    "+1",
    "1 x",
    "1x",
    "2147483647",
    "2147483648",
    "99999999999",
    "000000000000000000001",
    "",
    "1\t2",
];

fn range(random: &mut Random) -> String {
    let port = |random: &mut Random| match random.below(12) {
        0 => 1 + random.below(1023),
        1 => 1024 + random.below(2),
        2 => 65535 + random.below(2),
        3 => random.below(2),
        _ => 1024 + random.below(64512),
    };
    let number = |random: &mut Random, port: usize| match random.below(14) {
        0 => format!("0{port}"),
        1 => format!("0{port:o}"),
        2 => format!("{port:#x}"),
        3 => format!("0X{port:X}"),
        4 => format!("{port:0>20}"),
        _ => port.to_string(),
    };
    let (mut low, mut high) = (port(random), port(random));
    if low > high && !random.once_in(10) {
        (low, high) = (high, low);
    }
    let (low, high) = (number(random, low), number(random, high));
    match random.below(24) {
        0 => low,
        1 => format!("{low} {high} # comment"),
        2 => format!("{low} {high}# comment"),
        3 => format!("{low} {high} 5"),
        4 => format!("\"{low} {high}\""),
        5 => format!("{low},{high}"),
        6 => format!("{low}-{high}"),
        7 => String::new(),
        8 => format!("{low}{}{high}", " ".repeat(random.one_of(&[20, 4085, 4089, 4095, 5000]))),
        9 => format!("-{low} {high}"),
        _ => format!("{low}{}{high}", random.one_of(&[" ", "\t", "  ", " \t "])),
    }
}

fn reserved(random: &mut Random) -> String {
    let count = match random.below(16) {
        0 => 0,
        1 => 600 + random.below(1500),
        _ => 1 + random.below(5),
    };
    let comma = if random.once_in(10) { ", " } else { "," };
    let items: Vec<String> = (0..count)
        .map(|_| {
            let port = random.below(65536);
            match random.below(12) {
                0 => format!("{port}-{}", port + random.below(20)),
                1 if count < 9 => format!("{port:#x}"),
                2 if count < 9 => format!("0{port}"),
                3 if count < 9 => "5-3".to_owned(),
                _ => port.to_string(),
            }
        })
        .collect();
    let list = items.join(comma);
    match random.below(16) {
        0 => format!("{list},"),
        1 => format!("{list} "),
        2 => format!("\"{list}\""),
        3 => format!("{list} # ports"),
        _ => list,
    }
}
