use super::*;
use crate::boot::Entry;
use crate::boot::{Rejection, State};
use crate::persisted::File;
use crate::snapshot::Source;

const RANGE: &str = "net.ipv4.ip_local_port_range";

fn file(place: &str, text: &str) -> File {
    let name = place.rsplit('/').next().unwrap_or_default().as_bytes().to_vec();
    File {
        name,
        path: place.to_owned(),
        place: place.to_owned(),
        found: Found::Text(text.as_bytes().to_vec()),
    }
}

/// What both loaders make of these files, the folders in the order of their first file.
fn boot(files: Vec<File>) -> Boot {
    let mut persisted = Persisted::default();
    let mut folders: Vec<(String, Vec<File>)> = Vec::new();
    for file in files {
        let folder = file.place.rsplit_once('/').map_or("", |(folder, _)| folder).to_owned();
        if !folder.ends_with("sysctl.d") {
            persisted.files.push(file);
            continue;
        }
        match folders.iter_mut().find(|(known, _)| *known == folder) {
            Some((_, files)) => files.push(file),
            None => folders.push((folder, vec![file])),
        }
    }
    persisted.folders = folders.into_iter().map(|(_, files)| files).collect();
    if persisted.folders.is_empty() {
        persisted.folders.push(Vec::new());
    }
    read(&persisted, Some("6.12.0"))
}

fn entry<'a>(boot: &'a Boot, key: &str, loader: Loader) -> &'a Entry {
    let is = |entry: &&Entry| entry.key == key && entry.loader == loader;
    boot.entries.iter().find(is).expect("an entry")
}

fn known(boot: &Boot, key: &str, loader: Loader) -> Option<(String, String)> {
    match &entry(boot, key, loader).state {
        State::Known { value, origin } => {
            let line = origin.line.map(|line| format!(":{line}")).unwrap_or_default();
            Some((value.clone(), format!("{}{line}", origin.source.location())))
        }
        State::Absent | State::Unknown(_) => None,
    }
}

fn rejections(boot: &Boot, key: &str, loader: Loader) -> Vec<Rejection> {
    entry(boot, key, loader).rejected.iter().map(|line| line.rejection).collect()
}

#[test]
fn the_last_name_wins_and_sysctl_conf_comes_last_for_procps_alone() {
    let boot = boot(vec![
        file("/etc/sysctl.d/40-y.conf", "# first\nnet.ipv4.ip_local_port_range = 10001 20001\n"),
        file("/usr/lib/sysctl.d/50-x.conf", "net.ipv4.ip_local_port_range = 10002 20002\n"),
        file("/etc/sysctl.conf", "\n\nnet.ipv4.ip_local_port_range = 10003 20003"),
    ]);
    let systemd = known(&boot, RANGE, Loader::SystemdSysctl).expect("known");
    assert_eq!(systemd, ("10002\t20002".to_owned(), "/usr/lib/sysctl.d/50-x.conf:1".to_owned()));
    assert_eq!(rejections(&boot, RANGE, Loader::SystemdSysctl), [Rejection::NotReadByLoader]);
    let procps = known(&boot, RANGE, Loader::Procps).expect("known");
    assert_eq!(procps, ("10003\t20003".to_owned(), "/etc/sysctl.conf:3".to_owned()));
    let beaten: Vec<String> = entry(&boot, RANGE, Loader::Procps)
        .overridden
        .iter()
        .map(|line| format!("{} {:?}", line.value, line.origin.line))
        .collect();
    assert_eq!(beaten, ["10001 20001 Some(2)", "10002 20002 Some(1)"]);
    assert_eq!(rejections(&boot, RANGE, Loader::Procps), []);
}

#[test]
fn nothing_and_a_refused_last_value_leave_the_default() {
    let none = boot(vec![]);
    assert!(none.entries.iter().all(|entry| entry.state == State::Absent));
    assert_eq!(none.entries.len(), 12);
    let boot = boot(vec![file(
        "/etc/sysctl.d/1.conf",
        "net.ipv4.ip_local_port_range = 10000 20000\nnet.ipv4.ip_local_port_range = 9 x\n",
    )]);
    assert_eq!(known(&boot, RANGE, Loader::SystemdSysctl), None);
    assert_eq!(entry(&boot, RANGE, Loader::SystemdSysctl).overridden.len(), 1);
    assert_eq!(known(&boot, RANGE, Loader::Procps).expect("known").0, "10000\t20000");
    for loader in [Loader::SystemdSysctl, Loader::Procps] {
        assert_eq!(rejections(&boot, RANGE, loader), [Rejection::Invalid]);
    }
}

#[test]
fn each_line_that_never_applies_has_its_reason() {
    let range = |key: &str| format!("{key} = 10000 20000\n");
    for (name, text, rejection) in [
        ("1.conf", range("\u{feff}net.ipv4.ip_local_port_range"), Rejection::ByteOrderMark),
        ("1.conf", range("net.ipv4.IP_local_port_range"), Rejection::Case),
        ("1.conf", range("net.ipv4/ip_local_port_range"), Rejection::MixedSeparators),
        ("1.conf", range("\"net.ipv4.ip_local_port_range\""), Rejection::QuotedKey),
        ("1.conf", range("/proc/sys/net/ipv4/ip_local_port_range"), Rejection::FullPath),
        ("1.conf", format!("{RANGE} 10000 20000"), Rejection::NoAssignment),
        ("1.conf", format!("{RANGE}: 10000 20000"), Rejection::NoAssignment),
        ("1.conf", format!("{RANGE} = \"10000 20000\""), Rejection::QuotedValue),
        ("1.conf", format!("{RANGE} = 600 20000"), Rejection::Order),
        ("1.conf", format!("{RANGE} = 10000,20000"), Rejection::Invalid),
        ("1.conf.bak", range(RANGE), Rejection::NotConf),
        ("1.conf", format!("net.ipv4.*_range = 1\n-{RANGE}\n"), Rejection::Excluded),
    ] {
        let boot = boot(vec![file(&format!("/etc/sysctl.d/{name}"), &text)]);
        for loader in [Loader::SystemdSysctl, Loader::Procps] {
            assert_eq!(rejections(&boot, RANGE, loader), [rejection], "{text:?} {loader:?}");
            assert_eq!(entry(&boot, RANGE, loader).state, State::Absent, "{text:?}");
        }
    }
}

#[test]
fn loaders_differ_in_dotfiles_and_long_lists() {
    let ports: Vec<String> = (0..1000).map(|port| (10000 + 2 * port).to_string()).collect();
    let text = format!("net.ipv4.ip_local_reserved_ports = {}\n", ports.join(","));
    let boot = boot(vec![
        file("/etc/sysctl.d/.1.conf", "net.ipv4.ip_local_port_range = 10000 20000\n"),
        file("/etc/sysctl.d/2.conf", &text),
        file("/etc/sysctl.d/3.conf", "net.ipv4.ip_local_reserved_ports += 1, 2\n"),
    ]);
    assert_eq!(rejections(&boot, RANGE, Loader::SystemdSysctl), [Rejection::Dotfile]);
    assert!(known(&boot, RANGE, Loader::Procps).is_some());
    let reserved = "net.ipv4.ip_local_reserved_ports";
    let count = |loader| known(&boot, reserved, loader).expect("known").0.split(',').count();
    assert_eq!((count(Loader::SystemdSysctl), count(Loader::Procps)), (1000, 682));
    assert_eq!(rejections(&boot, reserved, Loader::Procps), [Rejection::Cut]);
}

#[test]
fn the_files_of_one_name_are_shadowed_or_masked_by_the_first() {
    let lower = || file("/usr/lib/sysctl.d/5.conf", "net.ipv4.ip_local_port_range = 10000 20000\n");
    let null = File { found: Found::Null, ..file("/etc/sysctl.d/5.conf", "") };
    for (upper, rejection) in [
        (null, Rejection::Masked),
        (file("/etc/sysctl.d/5.conf", ""), Rejection::Masked),
        (file("/etc/sysctl.d/5.conf", "# nothing\n"), Rejection::Shadowed),
    ] {
        let boot = boot(vec![upper, lower()]);
        for loader in [Loader::SystemdSysctl, Loader::Procps] {
            assert_eq!(rejections(&boot, RANGE, loader), [rejection]);
        }
    }
}

#[test]
fn what_was_not_read_may_say_anything() {
    let why = Why::new(Reason::Denied, "refused");
    let unread = File { found: Found::Unread(why), ..file("/etc/sysctl.d/5.conf", "") };
    let boot = boot(vec![
        unread,
        file("/etc/sysctl.d/9.conf", "net.ipv4.ip_local_port_range = 10000 20000\n"),
    ]);
    assert!(boot.entries.iter().all(|entry| matches!(entry.state, State::Unknown(_))));
    assert_eq!(boot.unread.len(), 1);
}

#[test]
fn a_key_that_leads_out_of_proc_sys_may_lead_back() {
    for key in [
        "net/../../sys/net/ipv4/ip_local_port_range",
        "net/..*/net/ipv4/ip_local_port_range",
        "net/\\.?/net/ipv4/ip_local_port_range",
    ] {
        let boot = boot(vec![file("/etc/sysctl.d/1.conf", &format!("{key} = 10000 20000\n"))]);
        assert!(known(&boot, RANGE, Loader::Procps).is_none(), "{key}");
        assert!(boot.entries.iter().any(|entry| matches!(entry.state, State::Unknown(_))), "{key}");
    }
}

#[test]
fn the_command_line_goes_before_every_file() {
    let line = "quiet sysctl.net.ipv4.ip_local_port_range=\"10000 20000\"\n";
    let alone = boot(vec![file("/proc/cmdline", line)]);
    let value = known(&alone, RANGE, Loader::SystemdSysctl).expect("known");
    assert_eq!(value, ("10000\t20000".to_owned(), "/proc/cmdline".to_owned()));
    let boot = boot(vec![
        file("/proc/cmdline", line),
        file("/etc/sysctl.d/1.conf", "net.ipv4.ip_local_port_range = 30000\n"),
    ]);
    assert_eq!(rejections(&boot, RANGE, Loader::SystemdSysctl), [Rejection::Invalid]);
    assert_eq!(known(&boot, RANGE, Loader::Procps).expect("known").0, "10000\t20000");
}

#[test]
fn an_old_kernel_is_not_guessed_at() {
    let persisted = Persisted::default();
    let old = read(&persisted, Some("4.4.0"));
    assert!(old.entries.iter().all(|entry| matches!(entry.state, State::Unknown(_))));
}

#[test]
fn what_is_not_seen_to_be_the_initial_namespace_is_unknown_or_another_one() {
    use crate::ask::{Answer, Question, Refusal};

    let in_pid_namespace = |processes: &str, release: &str, id: &str, of_init: Option<&str>| {
        let ask = |question: Question<'_>| {
            let outcome = match (question, of_init) {
                (Question::Uname, _) => {
                    Ok(format!("Linux\0web1\0{release}\0#1\0x86_64\0").into_bytes())
                }
                (Question::Link("/proc/1/ns/net"), Some(id)) => Ok(id.as_bytes().to_vec()),
                (Question::Link("/proc/self/ns/pid"), _) => Ok(processes.into()),
                (Question::Link("/proc/thread-self/ns/net"), _) => Ok(id.as_bytes().to_vec()),
                _ => Err(Refusal::NotFound("test".to_owned())),
            };
            Answer::new(Source::File("test".into()), outcome)
        };
        let snapshot = super::super::read(&ask, &crate::Needs::default());
        match reach(&snapshot.host, &snapshot.scopes[0], &ask) {
            Reach::In => "in",
            Reach::Out(_) => "out",
            Reach::Unknown(_) => "unknown",
        }
    };
    let judged = |release: &str, id: &str, of_init: Option<&str>| {
        in_pid_namespace("pid:[4026531836]", release, id, of_init)
    };
    let (new, old, other) = ("net:[4026531833]", "net:[4026531840]", "net:[4026531992]");
    assert_eq!(judged("6.18.44", new, None), "in");
    assert_eq!(judged("6.18.44", old, None), "out", "its number is fixed");
    assert_eq!(judged("6.1.0-28-amd64", old, None), "in");
    assert_eq!(judged("6.1.0-28-amd64", other, Some(other)), "in");
    assert_eq!(judged("6.1.0-28-amd64", other, Some(old)), "out");
    assert_eq!(judged("6.1.0-28-amd64", other, None), "unknown", "only root sees that of pid 1");
    for id in [new, old, other] {
        let pod = in_pid_namespace("pid:[4026532177]", "6.1.0-28-amd64", id, Some(id));
        assert_eq!(pod, "out", "its pid 1 is none of the host's, and its files are an image's");
        assert_eq!(in_pid_namespace("pid:[4026532177]", "6.18.44", id, Some(id)), "out");
    }
}
