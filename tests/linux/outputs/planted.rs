//! What another user planted where root writes.

use std::fs;
use std::os::unix::fs::{chown, lchown, symlink};
use std::path::Path;
use std::process::Command;

use rustix::fs::{CWD, FileType, Mode, makedev, mknodat};

use super::{
    OTHER, REPORT, commands, fifo, folder, in_time, mode, names, refused, root_and_others,
    set_mode, start, state, text,
};
use crate::support::{code, ephaudit, run, stderr};

fn convert(format: &str, target: &Path) -> std::process::Output {
    in_time(&mut ephaudit(&["convert", REPORT, "--format", format, "--output", text(target)]))
}

type Plant = fn(&Path, &Path);

/// What can be planted by a name, beside a file of root's that is worth having.
const PLANTS: [(&str, Plant); 9] = [
    ("nothing", |_, _| {}),
    ("a link to root's file", |name, victim| symlink(victim, name).expect("a link")),
    ("a link to a link", |name, victim| {
        let second = name.with_extension("second");
        symlink(victim, &second).expect("a link");
        lchown(&second, Some(OTHER), Some(OTHER)).expect("an owner");
        symlink(&second, name).expect("a link");
    }),
    ("a link to nothing", |name, _| symlink("nowhere", name).expect("a link")),
    ("a link to a device", |name, _| symlink("/dev/full", name).expect("a link")),
    ("a FIFO", |name, _| fifo(name)),
    ("a file", |name, _| {
        fs::write(name, "theirs").expect("a file");
        set_mode(name, 0o666);
    }),
    ("a set-user-ID file", |name, _| {
        fs::write(name, "theirs").expect("a file");
        chown(name, Some(OTHER), Some(OTHER)).expect("an owner");
        set_mode(name, 0o4777);
    }),
    ("a folder", |name, _| fs::create_dir(name).expect("a folder")),
];

#[test]
fn in_a_folder_of_another_user_root_writes_nothing() {
    if !root_and_others() {
        return;
    }
    let folder = folder();
    let victim = folder.path().join("victim");
    fs::write(&victim, "root:x:0:0").expect("a file");
    set_mode(&victim, 0o600);
    for (what, plant) in PLANTS {
        let theirs = folder.path().join("theirs");
        fs::create_dir(&theirs).expect("a folder");
        let target = theirs.join("report");
        plant(&target, &victim);
        if target.symlink_metadata().is_ok() {
            lchown(&target, Some(OTHER), Some(OTHER)).expect("an owner");
        }
        chown(&theirs, Some(OTHER), Some(OTHER)).expect("an owner");
        let before = (
            state(&victim),
            names(&theirs),
            target.symlink_metadata().ok().map(|_| state(&target)),
        );
        for args in commands(text(&target)) {
            let output = in_time(&mut start(&args));
            refused(&output, 4, "belongs to user 12345; choose a folder that only root can write");
            let after = (
                state(&victim),
                names(&theirs),
                target.symlink_metadata().ok().map(|_| state(&target)),
            );
            assert_eq!(after, before, "{what}: {args:?}");
        }
        fs::remove_dir_all(&theirs).expect("gone");
    }
}

/// As /tmp is. A name that nothing has is root's to take.
#[test]
fn in_a_shared_folder_root_writes_nothing_of_others() {
    if !root_and_others() {
        return;
    }
    let folder = folder();
    let victim = folder.path().join("victim");
    fs::write(&victim, "root:x:0:0").expect("a file");
    set_mode(&victim, 0o600);
    for (what, plant) in PLANTS {
        let shared = folder.path().join("shared");
        fs::create_dir(&shared).expect("a folder");
        set_mode(&shared, 0o1777);
        let target = shared.join("report");
        plant(&target, &victim);
        let planted = target.symlink_metadata().is_ok();
        if planted {
            lchown(&target, Some(OTHER), Some(OTHER)).expect("an owner");
        }
        let before = (state(&victim), names(&shared), planted.then(|| state(&target)));
        for args in commands(text(&target)) {
            let output = in_time(&mut start(&args));
            if planted {
                let words = if what == "a folder" { "belongs to user 12345" } else { "user 12345" };
                refused(&output, 4, words);
                let after = (state(&victim), names(&shared), Some(state(&target)));
                assert_eq!(after, before, "{what}: {args:?}");
            } else {
                assert_eq!(code(&output), 0, "{args:?}: {}", stderr(&output));
                let (size, mode, owner, _) = state(&target);
                assert!(size > 0 && owner == 0 && mode & 0o7022 == 0, "{args:?}: {mode:o}");
                assert_eq!(names(&shared), ["report"], "{args:?}");
                fs::remove_file(&target).expect("gone");
            }
        }
        fs::remove_dir_all(&shared).expect("gone");
    }
}

/// A service of root with PrivateUsers= is in a user namespace of one user, and is root.
#[test]
fn root_is_root_in_a_user_namespace_of_its_own() {
    if !root_and_others() {
        return;
    }
    let folder = folder();
    let victim = folder.path().join("victim");
    fs::write(&victim, "root:x:0:0").expect("a file");
    set_mode(&victim, 0o600);
    for (name, owner, bits) in [("own", OTHER, 0o755), ("shared", 0, 0o1777)] {
        let place = folder.path().join(name);
        fs::create_dir(&place).expect("a folder");
        set_mode(&place, bits);
        lchown(&place, Some(owner), Some(owner)).expect("an owner");
        let target = place.join("report");
        symlink(&victim, &target).expect("a link");
        lchown(&target, Some(OTHER), Some(OTHER)).expect("an owner");
        let mut command = Command::new("unshare");
        command.args(["--user", "--map-root-user", env!("CARGO_BIN_EXE_ephaudit")]);
        command.args(["--exit-zero", "--quiet", "--emit"]);
        let output = command.arg(format!("prometheus={}", text(&target))).output();
        assert_eq!(code(&output.expect("it starts")), 4, "{name}");
        assert_eq!(fs::read_to_string(&victim).expect("still there"), "root:x:0:0");
    }
}

/// Whoever can write a folder on the way can put another in its place.
#[test]
fn every_folder_on_the_way_is_roots() {
    if !root_and_others() {
        return;
    }
    let folder = folder();
    let way = folder.path().join("way");
    let below = way.join("below");
    fs::create_dir_all(&below).expect("folders");
    let target = below.join("report");
    let give = |uid: u32, bits: u32| {
        chown(&way, Some(uid), Some(0)).expect("an owner");
        set_mode(&way, bits);
    };
    for (uid, bits, words) in [
        (OTHER, 0o755, "belongs to user 12345"),
        (OTHER, 0o1777, "belongs to user 12345"),
        (0, 0o777, "can be written by everybody"),
        (0, 0o775, "can be written by group 0"),
    ] {
        give(uid, bits);
        let words = format!("its folder {} {words}", way.display());
        refused(&convert("json", &target), 4, &words);
        // The same from within, and over a link of root's own.
        let link = folder.path().join("link");
        symlink(&below, &link).expect("a link");
        refused(&convert("json", &link.join("report")), 4, &words);
        fs::remove_file(&link).expect("gone");
        let args = ["convert", "-", "--output", "../report"];
        let report = fs::File::open(REPORT).expect("a report");
        refused(&in_time(ephaudit(&args).stdin(report).current_dir(&below)), 4, "its folder ");
        assert_eq!(names(&below), [""; 0]);
    }
    for bits in [0o755, 0o1777] {
        give(0, bits);
        assert_eq!(code(&convert("json", &target)), 0, "{bits:o}");
        fs::remove_file(&target).expect("written");
    }
}

#[test]
fn links_of_roots_own_stay_links() {
    if !root_and_others() {
        return;
    }
    let folder = folder();
    let (real, link) = (folder.path().join("real"), folder.path().join("link"));
    fs::write(&real, "old").expect("a file");
    symlink("real", &link).expect("a link");
    assert_eq!(code(&convert("json", &link)), 0);
    assert!(fs::symlink_metadata(&link).is_ok_and(|kind| kind.is_symlink()));
    assert!(fs::read(&real).expect("a report").starts_with(b"{"));
    // A folder that only root can write has no links but root's, whoever is said to own them.
    lchown(&link, Some(OTHER), Some(OTHER)).expect("an owner");
    assert_eq!(code(&convert("csv", &link)), 0);

    // A hard link is a name of its own: what has the other one stays.
    let (victim, name) = (folder.path().join("victim"), folder.path().join("name"));
    fs::write(&victim, "root:x:0:0").expect("a file");
    set_mode(&victim, 0o600);
    fs::hard_link(&victim, &name).expect("a link");
    assert_eq!(code(&convert("json", &name)), 0);
    assert_eq!(fs::read(&victim).expect("still there"), b"root:x:0:0");
    assert_eq!((mode(&victim), mode(&name)), (0o600, 0o600));

    // A link of root's in a shared folder may be another user's second name of it.
    let shared = folder.path().join("shared");
    fs::create_dir(&shared).expect("a folder");
    set_mode(&shared, 0o1777);
    let (first, second) = (shared.join("first"), shared.join("second"));
    symlink(&victim, &first).expect("a link");
    assert_eq!(code(&convert("json", &first)), 0);
    fs::hard_link(&first, &second).expect("a link to a link");
    refused(&convert("json", &second), 4, "is a link of user 0 in a folder that others can write");

    let circle = folder.path().join("circle");
    symlink("circle", &circle).expect("a link");
    refused(&convert("json", &circle), 4, "symbolic links");
    let nothing = folder.path().join("nothing");
    symlink("nowhere", &nothing).expect("a link");
    refused(&convert("json", &nothing), 4, "a link on the way leads to nothing");
}

#[test]
fn a_block_device_is_never_written() {
    if !root_and_others() {
        return;
    }
    let folder = folder();
    let device = folder.path().join("device");
    // A loop device that is not there: whoever opened it would say so.
    let made =
        mknodat(CWD, &device, FileType::BlockDevice, Mode::from_raw_mode(0o600), makedev(7, 250));
    made.expect("a device");
    let link = folder.path().join("link");
    symlink("device", &link).expect("a link");
    for target in [&device, &link] {
        for args in commands(text(target)) {
            refused(&in_time(&mut start(&args)), 4, "it is a block device");
        }
    }
}

#[test]
fn devices_are_written_to_as_ever() {
    assert_eq!(code(&convert("json", Path::new("/dev/null"))), 0);
    refused(&convert("json", Path::new("/dev/full")), 4, "cannot write /dev/full");
    for target in ["/dev/null/", "/", ".", "..", "fixtures", "fixtures/.", "Cargo.toml/x", ""] {
        let output = run(&["convert", REPORT, "--output", target]);
        assert!(matches!(code(&output), 2 | 4), "{target:?}");
        assert_eq!(stderr(&output).lines().count(), 1, "{target:?}: {}", stderr(&output));
    }
}
