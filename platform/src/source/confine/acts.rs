//! What a confined thread must not be able to do, tried against this kernel.

#![cfg(target_os = "linux")]
#![expect(clippy::print_stderr, reason = "what is skipped is skipped aloud")]

use std::ffi::OsStr;
use std::fs::{self, File, OpenOptions, Permissions};
use std::io;
use std::net::TcpListener;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use rustix::fs::{CWD, Mode, OFlags, ResolveFlags, openat2};

use super::{ConfinedTo, Layer, within};

#[expect(clippy::disallowed_types, reason = "an act that has to be refused")]
fn starts_a_program() -> bool {
    std::process::Command::new(OsStr::new("/bin/true")).status().is_ok()
}

/// Each act, done to the folder's files `victim` and `other` or beside them, and whether it succeeded.
fn tried(folder: &Path) -> Vec<(&'static str, bool)> {
    let victim = folder.join("victim");
    let beside = |name: &str| folder.join(name);
    let setting = "/proc/sys/net/ipv4/ip_local_port_range";
    let by_openat2 = || -> io::Result<()> {
        let flags = OFlags::WRONLY | OFlags::CLOEXEC;
        Ok(openat2(CWD, &victim, flags, Mode::empty(), ResolveFlags::NO_SYMLINKS).map(drop)?)
    };
    vec![
        ("write a file", OpenOptions::new().append(true).open(&victim).is_ok()),
        ("write a file by openat2", by_openat2().is_ok()),
        ("write a setting", OpenOptions::new().write(true).open(setting).is_ok()),
        ("make a file", File::create(beside("new")).is_ok()),
        ("make a folder", fs::create_dir(beside("folder")).is_ok()),
        ("link", symlink(&victim, beside("link")).is_ok()),
        ("change a mode", fs::set_permissions(&victim, Permissions::from_mode(0o600)).is_ok()),
        ("start a program", starts_a_program()),
        ("listen", TcpListener::bind("127.0.0.1:0").is_ok()),
        ("rename", fs::rename(&victim, beside("renamed")).is_ok()),
        ("remove", fs::remove_file(beside("other")).is_ok()),
    ]
}

fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for name in ["victim", "other"] {
        fs::write(folder.path().join(name), "whole\n").unwrap();
    }
    folder
}

/// Whether the test can be done: by root, where the kernel grants every layer. What cannot run is
/// said, and fails where CI is set.
#[expect(clippy::disallowed_methods, reason = "CI makes of a skipped test a failed one")]
fn can_be_done() -> bool {
    let why = if rustix::process::geteuid().is_root() {
        within(true, ConfinedTo::Namespaces, || ()).err()
    } else {
        Some("only root has what is given up".to_owned())
    };
    let Some(why) = why else { return true };
    eprintln!("SKIPPED what a confined thread can do: {why}");
    assert!(std::env::var_os("CI").is_none(), "CI is set, and {why}");
    false
}

#[test]
fn root_does_each_act_and_its_reading_thread_none() {
    if !can_be_done() {
        return;
    }
    for reach in [ConfinedTo::Host, ConfinedTo::Namespaces] {
        let folder = folder();
        let work = || tried(folder.path());
        let (acts, held) = within(true, reach, work).expect("every layer");
        assert_eq!(held, Layer::ALL);
        let done: Vec<_> = acts.iter().filter(|(_, done)| *done).collect();
        assert!(done.is_empty(), "{reach:?}: {done:?}");
        assert_eq!(fs::read_to_string(folder.path().join("victim")).unwrap(), "whole\n");
    }
    let folder = folder();
    let acts = tried(folder.path());
    let refused: Vec<_> = acts.iter().filter(|(_, done)| !*done).collect();
    assert!(refused.is_empty(), "refused without any layer: {refused:?}");
}

#[test]
fn a_confined_thread_reads_other_processes_and_files_of_root_alone() {
    if !can_be_done() {
        return;
    }
    let folder = folder();
    let secret = folder.path().join("victim");
    fs::set_permissions(&secret, Permissions::from_mode(0o600)).unwrap();
    let read = || (fs::read_to_string(&secret), fs::read_dir("/proc/1/fd"));
    let ((text, descriptors), _) = within(false, ConfinedTo::Host, read).unwrap();
    assert_eq!(text.unwrap(), "whole\n");
    descriptors.unwrap();
}

#[test]
fn a_thread_that_is_filtered_already_adds_nothing() {
    let (inner, _) = within(false, ConfinedTo::Host, || {
        within(false, ConfinedTo::Host, || ()).map(|((), held)| held)
    })
    .unwrap();
    assert!(inner.unwrap().is_empty());
}
