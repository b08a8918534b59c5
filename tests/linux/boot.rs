//! What is predicted of the boot, against systemd-sysctl, `sysctl --system` and the kernel: random
//! trees of files are applied by the real programs, in mount and network namespaces of the test's
//! own.

mod bounds;
mod command;
mod tree;

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Read;
use std::path::Path;
use std::process::{Command, Stdio};
use std::{env, str};

use ephaudit_platform::boot::{Boot, Loader, State};
use ephaudit_platform::snapshot::Os;
use ephaudit_platform::{Folder, Host};

use crate::linux::support::namespace::{aloud, inside, set, sh};
use crate::linux::support::random::Random;
use tree::Tree;

const KEYS: [&str; 6] = [
    "ip_local_port_range",
    "ip_local_reserved_ports",
    "ip_unprivileged_port_start",
    "tcp_fin_timeout",
    "tcp_max_tw_buckets",
    "tcp_tw_reuse",
];
pub(super) const LOADERS: [(Loader, &[&str]); 2] = [
    (Loader::SystemdSysctl, &["/usr/lib/systemd/systemd-sysctl", "/lib/systemd/systemd-sysctl"]),
    (Loader::Procps, &["/usr/sbin/sysctl", "/sbin/sysctl"]),
];
/// How many random trees, where EPHAUDIT_BOOT_TREES says nothing else.
const TREES: u64 = 2000;

/// The first of their seeds, where EPHAUDIT_BOOT_SEED says nothing else: a run tells of the code,
/// not of luck.
const SEED: u64 = 469_280_000;

/// The six values, each without its newline.
type Values = BTreeMap<&'static str, String>;

/// A place whose folders are mounted over those that the loaders read.
struct Bench {
    top: tempfile::TempDir,
    defaults: Values,
    buffer: Vec<u8>,
}

impl Bench {
    fn new() -> Self {
        let top = tempfile::tempdir().expect("a folder");
        let place = top.path().display().to_string();
        sh("mount", &["-t", "tmpfs", "tmpfs", &place]);
        for folder in tree::MOUNTED {
            let of_tree = format!("{place}{folder}");
            fs::create_dir_all(&of_tree).expect("a folder");
        }
        // /usr/local may lack a lib; the one below it is enough.
        for folder in tree::MOUNTED {
            sh("mount", &["--bind", &format!("{place}{folder}"), folder]);
        }
        let mut bench = Self { top, defaults: Values::new(), buffer: vec![0; 512 * 1024] };
        bench.defaults = bench.values();
        bench
    }

    /// One read(2) each: the list of ports answers no second one.
    fn values(&mut self) -> Values {
        let value = |key| {
            let mut file = File::open(format!("/proc/sys/net/ipv4/{key}")).expect("a sysctl");
            let length = file.read(&mut self.buffer).expect("a value");
            let text = str::from_utf8(&self.buffer[..length]).expect("ASCII");
            (key, text.strip_suffix('\n').expect("a newline").to_owned())
        };
        KEYS.into_iter().map(value).collect()
    }

    /// As in a new namespace: no other state hangs on the six.
    fn reset(&mut self) {
        set("ip_local_port_range", "65535 65535");
        for key in KEYS.iter().skip(2).chain(&KEYS[..2]) {
            set(key, &format!("{}\n", self.defaults[key]));
        }
        assert_eq!(self.values(), self.defaults);
    }

    /// The values that the real program leaves.
    fn real(&mut self, loader: Loader) -> Values {
        self.reset();
        let (_, programs) = LOADERS.into_iter().find(|(of, _)| *of == loader).expect("a loader");
        let program = programs.iter().find(|program| Path::new(program).exists());
        let mut command = Command::new(program.expect("the loader"));
        if loader == Loader::Procps {
            command.arg("--system");
        }
        command.env_clear().stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command.status().expect("it starts");
        self.values()
    }

    /// What is predicted; `None` where it is not known.
    fn predicted(&self, boot: &Boot, loader: Loader) -> BTreeMap<&'static str, Option<String>> {
        let value = |key: &'static str| {
            let is = |entry: &&ephaudit_platform::boot::Entry| {
                entry.loader == loader && entry.key.strip_prefix("net.ipv4.") == Some(key)
            };
            let entry = boot.entries.iter().find(is).expect("an entry");
            let value = match &entry.state {
                State::Known { value, .. } => Some(value.clone()),
                State::Absent => Some(self.defaults[key].clone()),
                State::Unknown(_) => None,
            };
            (key, value)
        };
        KEYS.into_iter().map(value).collect()
    }

    /// How many values were not predicted, or what differs.
    fn compare(&mut self, tree: &Tree) -> Result<usize, String> {
        tree.write(self.top.path());
        let folder = Folder::open(self.top.path()).expect("a folder");
        let boot = Host::root(folder, Some(Os::Linux)).expect("a root").boot(None);
        let mut unknown = 0;
        for (loader, _) in LOADERS {
            let predicted = self.predicted(&boot, loader);
            let real = self.real(loader);
            for key in KEYS {
                match &predicted[key] {
                    None => unknown += 1,
                    Some(value) if *value == real[key] => {}
                    Some(value) => {
                        let (real, loader) = (&real[key], loader.name());
                        return Err(format!("{loader}: {key} is {real:?}, predicted {value:?}"));
                    }
                }
            }
        }
        Ok(unknown)
    }
}

pub(super) fn present() -> bool {
    let missing: Vec<&str> = LOADERS
        .iter()
        .filter(|(_, programs)| !programs.iter().any(|program| Path::new(program).exists()))
        .map(|(loader, _)| loader.name())
        .collect();
    assert!(missing.is_empty() || env::var_os("CI").is_none(), "CI needs {missing:?}");
    if !missing.is_empty() {
        aloud(&format!("SKIPPED: {missing:?} is not installed here"));
    }
    missing.is_empty()
}

pub(super) fn number(name: &str) -> Option<u64> {
    env::var(name).ok().map(|text| text.parse().expect("a number"))
}

#[test]
fn random_trees_give_what_the_real_loaders_leave() {
    inside(|| {
        if !present() {
            return;
        }
        let seed = number("EPHAUDIT_BOOT_SEED").unwrap_or(SEED);
        let trees = number("EPHAUDIT_BOOT_TREES").unwrap_or(TREES);
        aloud(&format!("EPHAUDIT_BOOT_SEED={seed} EPHAUDIT_BOOT_TREES={trees}"));
        let mut bench = Bench::new();
        let (mut wrong, mut unknown) = (Vec::new(), 0);
        for at in 0..trees {
            let mut random = Random::new(seed.wrapping_add(at));
            let tree = Tree::random(&mut random);
            match bench.compare(&tree) {
                Ok(of_tree) => unknown += of_tree,
                Err(what) => {
                    let what = format!("seed {}: {what}", seed.wrapping_add(at));
                    if wrong.len() < 20 {
                        tree.keep(&format!("seed-{}", seed.wrapping_add(at)));
                    }
                    wrong.push(what);
                }
            }
        }
        let found = wrong.len();
        aloud(&format!("{trees} trees, {found} mismatches, {unknown} values not predicted"));
        assert!(
            wrong.is_empty(),
            "{} of {trees}: {:#?}",
            wrong.len(),
            &wrong[..wrong.len().min(20)]
        );
        let values = trees * 12;
        assert!(unknown as u64 * 50 <= values, "{unknown} of {values} values were not predicted");
    });
}

#[test]
fn kept_trees_give_what_the_real_loaders_leave() {
    inside(|| {
        if !present() {
            return;
        }
        let trees = Tree::kept();
        assert!(!trees.is_empty());
        let mut bench = Bench::new();
        for (name, tree) in trees {
            let compared = bench.compare(&tree);
            assert!(matches!(compared, Ok(0 | 1)), "fixtures/boot/{name}: {compared:?}");
        }
    });
}
