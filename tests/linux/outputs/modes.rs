//! Who may read what is written, and by which ways a place is reached.

use std::fs;
use std::io::Read;
use std::os::unix::fs::{chown, symlink};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;

use super::{
    OTHER, REPORT, commands, fifo, folder, for_others, in_time, mode, names, refused,
    root_and_others, set_mode, text,
};
use crate::linux::support::namespace::{inside, sh};
use crate::support::{code, ephaudit, run, stderr};

/// The program under a umask, as this user.
fn under(umask: &str, program: &Path, user: Option<u32>, args: &[String]) -> Command {
    let mut command = Command::new("/bin/sh");
    let script = format!("umask {umask}; exec \"$0\" \"$@\"");
    command.arg("-c").arg(script).arg(program).args(args).env_clear();
    if let Some(user) = user {
        command.uid(user).gid(user);
    }
    command
}

/// Content that is for others is 0644, a capture is the owner's alone, and so is what root sees.
#[test]
fn a_new_file_has_the_mode_of_its_content() {
    if !root_and_others() {
        return;
    }
    let folder = folder();
    let program = for_others(folder.path());
    let theirs = folder.path().join("theirs");
    fs::create_dir(&theirs).expect("a folder");
    chown(&theirs, Some(OTHER), Some(OTHER)).expect("an owner");
    let ours = folder.path().join("ours");
    fs::create_dir(&ours).expect("a folder");
    for (user, place) in [(None, &ours), (Some(OTHER), &theirs)] {
        let target = place.join("new");
        for (umask, usual) in [("000", 0o644), ("022", 0o644), ("027", 0o640), ("077", 0o600)] {
            for args in commands(text(&target)) {
                let line = args.join(" ");
                let secret = ["audit", "show", "boot", "explain", "convert", "--exit-zero"]
                    .iter()
                    .any(|word| line.starts_with(word));
                let expected = match user {
                    _ if line.contains("prometheus") => 0o644,
                    _ if line.starts_with("capture") => 0o600,
                    None if secret => 0o600,
                    _ => usual,
                };
                let output = in_time(&mut under(umask, &program, user, &args));
                assert_eq!(code(&output), 0, "{line}: {}", stderr(&output));
                assert_eq!(mode(&target), expected, "{line}, umask {umask}, {user:?}");
                fs::remove_file(&target).expect("gone");
            }
        }
        assert_eq!(names(place), [""; 0]);
    }
}

/// Of a file of the caller's own, without what lets others write or anybody execute.
#[test]
fn a_mode_is_kept_only_of_ones_own() {
    let folder = folder();
    let target = folder.path().join("report");
    for (before, json, prometheus) in [
        (0o4777, 0o644, 0o644),
        (0o6755, 0o644, 0o644),
        (0o666, 0o644, 0o644),
        (0o640, 0o640, 0o644),
        (0o600, 0o600, 0o644),
        (0o400, 0o400, 0o644),
    ] {
        for (format, expected) in [("json", json), ("prometheus", prometheus)] {
            fs::write(&target, "old").expect("a file");
            set_mode(&target, before);
            let output = run(&["convert", REPORT, "--format", format, "-o", text(&target)]);
            assert_eq!(code(&output), 0, "{}", stderr(&output));
            assert_eq!(mode(&target), expected, "{before:o} {format}");
            fs::remove_file(&target).expect("gone");
        }
    }
    // A second name may be somebody else's work.
    let other = folder.path().join("other");
    fs::write(&other, "old").expect("a file");
    set_mode(&other, 0o644);
    fs::hard_link(&other, &target).expect("a link");
    let output = run(&["capture", "-o", text(&target)]);
    assert_eq!((code(&output), mode(&target), mode(&other)), (0, 0o600, 0o644));
}

/// What an ordinary user has is the user's: links are followed, others' files in a folder of the
/// user's are replaced.
#[test]
fn an_ordinary_users_own_folders_are_as_usual() {
    if !root_and_others() {
        return;
    }
    let folder = folder();
    let program = for_others(folder.path());
    let theirs = folder.path().join("theirs");
    fs::create_dir(&theirs).expect("a folder");
    let file = theirs.join("file");
    fs::write(&file, "root's").expect("a file");
    symlink("file", theirs.join("link")).expect("a link");
    chown(&theirs, Some(OTHER), Some(OTHER)).expect("an owner");
    set_mode(&theirs, 0o775);
    let convert = |target: &str, place: &Path| {
        let args = ["convert", "-", "--format", "json", "--output", target];
        let args: Vec<String> = args.iter().map(|&arg| arg.to_owned()).collect();
        let report = fs::File::open(REPORT).expect("a report");
        let mut command = under("022", &program, Some(OTHER), &args);
        in_time(command.stdin(report).current_dir(place))
    };
    for target in ["file", "link", "./new", "../theirs/new"] {
        let output = convert(target, &theirs);
        assert_eq!(code(&output), 0, "{target}: {}", stderr(&output));
    }
    assert_eq!(names(&theirs), ["file", "link", "new"]);
    // A folder that may be walked through and not listed.
    set_mode(folder.path(), 0o711);
    let output = convert(text(&file), Path::new("/"));
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    // A third user's link in a folder for all of them is not followed.
    let shared = folder.path().join("shared");
    fs::create_dir(&shared).expect("a folder");
    set_mode(&shared, 0o777);
    let link = shared.join("link");
    symlink(&file, &link).expect("a link");
    std::os::unix::fs::lchown(&link, Some(OTHER + 1), None).expect("an owner");
    refused(&convert(text(&link), Path::new("/")), 4, "is a link of user 12346 in a folder");
}

#[test]
fn a_fifo_is_written_to_where_somebody_reads_it() {
    let folder = folder();
    let path = folder.path().join("fifo");
    fifo(&path);
    let args = ["convert", REPORT, "--format", "json", "--output", text(&path)];
    refused(&in_time(&mut ephaudit(&args)), 4, "it is a FIFO without a reader");
    // Both ends, so that nobody waits for the other to open it.
    let mut both = fs::File::options().read(true).write(true).open(&path).expect("a FIFO");
    let expected = run(&["convert", REPORT, "--format", "json"]).stdout;
    let mut child = ephaudit(&args).spawn().expect("it starts");
    let mut told = vec![0; expected.len()];
    both.read_exact(&mut told).expect("all of it");
    assert!(child.wait().expect("it ends").success());
    assert!(told == expected);
}

#[test]
fn descriptors_of_the_caller_are_written_to() {
    let folder = folder();
    let expected = run(&["convert", REPORT, "--format", "json"]).stdout;
    let program = env!("CARGO_BIN_EXE_ephaudit");
    let script = |script: &str| {
        let mut command = Command::new("/bin/sh");
        command.args(["-c", script, program, REPORT]).env_clear().env("T", folder.path());
        command.output().expect("sh starts")
    };
    for (line, target) in [
        ("3>&1", "/dev/fd/3"),
        ("3>&1", "/proc/self/fd/3"),
        ("", "/dev/stdout"),
        ("", "/dev/fd/1"),
        ("", "-"),
    ] {
        let output = script(&format!("\"$0\" convert \"$1\" --format json -o {target} {line}"));
        assert!(output.stdout == expected, "{target}: {}", stderr(&output));
    }
    let output = script("echo keep > \"$T/ro\"; \"$0\" rules -o /dev/fd/5 5< \"$T/ro\"");
    refused(&output, 4, "open for reading only");
    assert_eq!(fs::read(folder.path().join("ro")).expect("a file"), b"keep\n");
    script("(echo first; \"$0\" convert \"$1\" --format json -o /dev/fd/3 3>&1) > \"$T/both\"");
    let both = fs::read(folder.path().join("both")).expect("a file");
    assert!(both == [b"first\n", &expected[..]].concat());
}

#[test]
fn every_way_to_a_place_is_a_way() {
    inside(|| {
        let folder = folder();
        let deep: PathBuf = std::iter::repeat_n("deeper", 100).collect();
        let deep = folder.path().join(deep);
        fs::create_dir_all(&deep).expect("folders");
        let bound = folder.path().join("bound");
        fs::create_dir(&bound).expect("a folder");
        sh("mount", &["--bind", text(&deep), text(&bound)]);
        symlink(&deep, folder.path().join("absolute")).expect("a link");
        symlink("bound/../bound/.", folder.path().join("relative")).expect("a link");
        let report = fs::canonicalize(REPORT).expect("a report");
        let (up, long) = (format!("{}/../..", deep.display()), format!("{}/new", deep.display()));
        for (place, target, there) in [
            (folder.path(), "new", folder.path().join("new")),
            (folder.path(), "./bound//new", deep.join("new")),
            (folder.path(), "absolute/new", deep.join("new")),
            (folder.path(), "relative/new", deep.join("new")),
            (&deep, "../../new", deep.join("../../new")),
            (Path::new("/"), &long, deep.join("new")),
            (Path::new("/"), &format!("{up}/new"), deep.join("../../new")),
        ] {
            let mut command = ephaudit(&["convert", text(&report), "--output", target]);
            let output = command.current_dir(place).output().expect("it starts");
            assert_eq!(code(&output), 0, "{target}: {}", stderr(&output));
            fs::remove_file(&there).expect("written");
        }
    });
}

/// Whoever comes second replaces what the first made.
#[test]
fn many_may_write_one_file_at_once() {
    let folder = folder();
    let target = folder.path().join("report");
    for _ in 0..5 {
        let writers: Vec<_> = (0..6)
            .map(|_| {
                let target = text(&target).to_owned();
                thread::spawn(move || run(&["convert", REPORT, "--output", &target]))
            })
            .collect();
        for writer in writers {
            let output = writer.join().expect("a thread");
            assert_eq!(code(&output), 0, "{}", stderr(&output));
        }
        assert_eq!(names(folder.path()), ["report"]);
        fs::remove_file(&target).expect("gone");
    }
}
