//! Trees that somebody made to be read by root.

use std::fs::{self, File};
use std::os::unix::fs::symlink;
use std::path::Path;
use std::time::{Duration, Instant};

use ephaudit_platform::boot::{Boot, State};
use ephaudit_platform::snapshot::Os;
use ephaudit_platform::{Folder, Host};

use crate::linux::support::namespace::sh;

const LINE: &str = "net.ipv4.ip_local_port_range = 10000 20000\n";

fn boot(make: impl Fn(&Path)) -> Boot {
    let top = tempfile::tempdir().expect("a folder");
    fs::create_dir_all(top.path().join("etc/sysctl.d")).expect("folders");
    make(top.path());
    let folder = Folder::open(top.path()).expect("a folder");
    let start = Instant::now();
    let boot = Host::root(folder, Some(Os::Linux)).expect("a root").boot(None);
    assert!(start.elapsed() < Duration::from_secs(20), "it takes its time");
    boot
}

fn known(boot: &Boot) -> Option<&str> {
    boot.entries.iter().find_map(|entry| match &entry.state {
        State::Known { value, .. } => Some(value.as_str()),
        State::Absent | State::Unknown(_) => None,
    })
}

fn is_unknown(boot: &Boot, words: &str) {
    assert!(boot.entries.iter().all(|entry| matches!(entry.state, State::Unknown(_))));
    let said = format!("{:?}", boot.unread);
    assert!(said.contains(words), "{said}");
}

#[test]
fn links_lead_nowhere_outside() {
    let secret = tempfile::tempdir().expect("a folder");
    let outside = secret.path().join("1.conf");
    fs::write(&outside, LINE).expect("a file");
    let up = format!("{}{}", "../".repeat(40), outside.display());
    for target in [outside.display().to_string(), up] {
        let boot = boot(|top| symlink(&target, top.join("etc/sysctl.d/1.conf")).expect("a link"));
        assert_eq!((known(&boot), boot.unread.len()), (None, 0), "{target}");
    }
    let inside = boot(|top| {
        fs::write(top.join("etc/beside"), LINE).expect("a file");
        symlink("/etc/beside", top.join("etc/sysctl.d/1.conf")).expect("a link");
    });
    assert_eq!(known(&inside), Some("10000\t20000"));
}

#[test]
fn a_link_with_a_slash_behind_it_leads_to_no_file() {
    for (target, value) in [("/srv/x", Some("10000\t20000")), ("/srv/x/", None), ("/srv/x/.", None)]
    {
        let boot = boot(|top| {
            fs::create_dir(top.join("srv")).expect("a folder");
            fs::write(top.join("srv/x"), LINE).expect("a file");
            symlink(target, top.join("etc/sysctl.d/1.conf")).expect("a link");
        });
        assert_eq!(known(&boot), value, "{target}");
    }
}

#[test]
fn a_link_through_proc_leads_where_only_the_running_system_knows() {
    let boot = boot(|top| {
        symlink("/proc/self/cwd/x", top.join("etc/sysctl.d/1.conf")).expect("a link");
    });
    is_unknown(&boot, "it leads through /proc of the running system");
}

#[test]
fn a_tree_without_any_folder_of_settings_tells_nothing() {
    let boot = boot(|top| fs::remove_dir(top.join("etc/sysctl.d")).expect("gone"));
    is_unknown(&boot, "is this the root of a system?");
}

#[test]
fn lines_beyond_those_that_are_kept_are_no_silence() {
    let key = "net.ipv4.ip_local_reserved_ports";
    let of = |before: usize| {
        boot(|top| {
            let text =
                format!("{key} = 5\n").repeat(before) + &format!("{key} = 8080, 9090\n{key} = 5\n");
            fs::write(top.join("etc/sysctl.d/1.conf"), text).expect("a file");
        })
    };
    let states = |boot: &Boot| -> Vec<bool> {
        let of_key = boot.entries.iter().filter(|entry| entry.key == key);
        of_key.map(|entry| matches!(entry.state, State::Known { .. })).collect()
    };
    assert_eq!(states(&of(100)), [true, true]);
    assert!(!states(&of(300))[1], "procps writes each of them");
}

#[test]
fn lines_of_several_keys_that_are_too_many_together_are_no_silence() {
    let of = |each: usize| {
        boot(|top| {
            let keys =
                ["tcp_fin_timeout = 60\n", "tcp_tw_reuse = 2\n", "tcp_max_tw_buckets = 9000\n"];
            let more = ["ip_local_reserved_ports = 5\n", "ip_local_port_range = 32768 60999\n"];
            let lines =
                keys.iter().chain(&more).map(|line| format!("net.ipv4.{line}").repeat(each));
            let text = lines.collect::<String>()
                + &"net.ipv4.ip_unprivileged_port_start = 1024\n".repeat(each);
            fs::write(top.join("etc/sysctl.d/1.conf"), text).expect("a file");
        })
    };
    assert_eq!(of(100).unread, []);
    let said = format!("{:?}", of(180).unread);
    assert!(said.contains("more than 1000 lines set these keys"), "{said}");
}

#[test]
fn a_pattern_that_ends_the_loader_makes_its_values_unknown() {
    let boot = boot(|top| {
        let text = format!("{}* = 1\n{LINE}", "x".repeat(255));
        fs::write(top.join("etc/sysctl.d/1.conf"), text).expect("a file");
    });
    let unknown = boot.entries.iter().filter(|entry| matches!(entry.state, State::Unknown(_)));
    assert!(unknown.clone().count() == 6, "{:?}", unknown.collect::<Vec<_>>());
    assert_eq!(known(&boot), Some("10000\t20000"), "procps goes on");
}

#[test]
fn circles_of_links_are_passed_over_as_the_loaders_do() {
    let boot = boot(|top| {
        symlink("2.conf", top.join("etc/sysctl.d/1.conf")).expect("a link");
        symlink("1.conf", top.join("etc/sysctl.d/2.conf")).expect("a link");
        fs::create_dir_all(top.join("run")).expect("a folder");
        symlink("sysctl.d", top.join("run/sysctl.d")).expect("a link");
        fs::write(top.join("etc/sysctl.d/0.conf"), LINE).expect("a file");
    });
    assert_eq!(known(&boot), Some("10000\t20000"));
}

#[test]
fn a_fifo_is_not_waited_for() {
    let fifo = boot(|top| {
        sh("mkfifo", &[&top.join("etc/sysctl.d/1.conf").display().to_string()]);
    });
    is_unknown(&fifo, "not an ordinary file");
    let beside = boot(|top| {
        sh("mkfifo", &[&top.join("etc/sysctl.d/1.pipe").display().to_string()]);
        fs::write(top.join("etc/sysctl.d/0.conf"), LINE).expect("a file");
    });
    assert_eq!(known(&beside), Some("10000\t20000"), "no loader reads it");
}

#[test]
fn what_is_too_large_or_too_much_is_named() {
    let sparse = |path: &Path, length| {
        File::create(path).and_then(|file| file.set_len(length)).expect("a file");
    };
    is_unknown(&boot(|top| sparse(&top.join("etc/sysctl.d/1.conf"), 1 << 40)), "more than 524288");
    let many = boot(|top| {
        for at in 0..20 {
            sparse(&top.join(format!("etc/sysctl.d/{at}.conf")), 512 * 1024);
        }
    });
    is_unknown(&many, "together");
    let names = boot(|top| {
        for at in 0..2100 {
            File::create(top.join(format!("etc/sysctl.d/{at}"))).expect("a file");
        }
    });
    is_unknown(&names, "more than 2000 files");
    let beside = boot(|top| {
        sparse(&top.join("etc/sysctl.d/1.bak"), 1 << 40);
        fs::write(top.join("etc/sysctl.d/0.conf"), LINE).expect("a file");
    });
    assert_eq!(known(&beside), Some("10000\t20000"), "no loader reads it");
}

#[test]
fn hundreds_of_thousands_of_lines_are_kept_in_part() {
    let boot = boot(|top| {
        let text = "net.ipv4.ip_local_port_range = x\n".repeat(15_000);
        fs::write(top.join("etc/sysctl.d/1.conf"), text).expect("a file");
        let key = "*.*.*port_range{a,b,c,d,e,f,g,}{a,b,c,d,e,f,g,}";
        let keys: Vec<String> = (0..8000).map(|at| format!("{key}{{{at},}} = 1")).collect();
        fs::write(top.join("etc/sysctl.d/2.conf"), keys.join("\n")).expect("a file");
    });
    for entry in &boot.entries {
        assert!(entry.rejected.len() <= 200 && entry.overridden.len() <= 200);
    }
}
