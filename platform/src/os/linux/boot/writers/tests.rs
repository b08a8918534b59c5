use crate::boot::{Boot, Loader, State};
use crate::os::linux::boot::{default, read};
use crate::persisted::{File, Found, More, Persisted};

const RANGE: &str = "net.ipv4.ip_local_port_range";
const SYSTEMD: (&str, &str) = ("/usr/lib/systemd/systemd-sysctl", "");

fn file((path, text): (&str, &str)) -> File {
    let name = path.rsplit('/').next().unwrap_or_default().as_bytes().to_vec();
    let found = match text {
        "!folder" => Found::Nothing("it is a folder"),
        _ => Found::Text(text.as_bytes().to_vec()),
    };
    File { name, path: path.to_owned(), place: path.to_owned(), found }
}

/// What is made of a tree with these files; all of them are read that anything leads to.
fn boot(files: &[(&str, &str)], release: Option<&str>) -> Boot {
    let tree: Vec<File> = files.iter().copied().map(file).collect();
    let wanted = crate::os::linux::boot::wanted();
    let within = |file: &File, folder: &str| {
        file.path.rsplit_once('/').is_some_and(|(place, _)| place == folder)
    };
    let of = |folder: &&str| {
        let mut listed: Vec<File> =
            tree.iter().filter(|file| within(file, folder)).cloned().collect();
        listed.sort_by(|a, b| a.name.cmp(&b.name));
        listed
    };
    let mut persisted = Persisted {
        folders: wanted.folders.iter().map(of).collect(),
        files: tree.iter().filter(|file| wanted.files.contains(&&*file.path)).cloned().collect(),
        unread: Vec::new(),
    };
    for _ in 0..8 {
        for more in (wanted.further)(&persisted) {
            let wanted = |file: &&File| match &more {
                More::File(path) => file.path == *path,
                More::Folder(folder, end) => within(file, folder) && file.path.ends_with(end),
            };
            for found in tree.iter().filter(wanted) {
                if persisted.file(&found.path).is_none() {
                    persisted.files.push(found.clone());
                }
            }
        }
    }
    read(&persisted, release)
}

/// LOADER VALUE PLACE of each entry of the range; "-" where no line decides.
fn ranges(files: &[(&str, &str)]) -> Vec<String> {
    let boot = boot(files, Some("6.1.0"));
    let entries = boot.entries.iter().filter(|entry| entry.key == RANGE);
    let words = |entry: &crate::boot::Entry| match &entry.state {
        State::Known { value, origin } => {
            format!("{} {} {}", entry.loader.name(), value.replace('\t', "-"), origin.place())
        }
        State::Absent => format!("{} -", entry.loader.name()),
        State::Unknown(unread) => format!("{} unknown: {}", entry.loader.name(), unread.why.detail),
    };
    entries.map(words).collect()
}

fn suspects(files: &[(&str, &str)]) -> Vec<String> {
    let boot = boot(files, Some("6.1.0"));
    boot.suspects.into_iter().map(|suspect| suspect.what).collect()
}

const SITE: (&str, &str) =
    ("/etc/sysctl.d/50-site.conf", "net.ipv4.ip_local_port_range = 10000 20001\n");
const VENDOR: (&str, &str) =
    ("/usr/lib/sysctl.d/99-vendor.conf", "net.ipv4.ip_local_port_range = 30001 40000\n");

#[test]
fn only_the_loader_that_the_system_has_is_predicted() {
    let at = |loader: &str, winner: (&str, &str), range: &str| {
        format!("{loader} {range} {}:1", winner.0)
    };
    let both =
        vec![at("systemd-sysctl", VENDOR, "30001-40000"), at("procps", VENDOR, "30001-40000")];
    assert_eq!(ranges(&[SYSTEMD, SITE, VENDOR]), both);
    assert_eq!(ranges(&[SITE, VENDOR]), both, "nothing tells which it is");
    let alpine =
        [("/etc/os-release", "ID=alpine\n"), ("/etc/init.d/sysctl", "#!/sbin/openrc-run\n")];
    let files = [alpine[0], alpine[1], SITE, VENDOR];
    assert_eq!(ranges(&files), [at("openrc", SITE, "10000-20001")], "folder by folder");
    let last = ("/run/sysctl.d/00-a.conf", "net.ipv4.ip_local_port_range = 11000 21001\n");
    let conf = ("/etc/sysctl.conf", "net.ipv4.ip_local_port_range = 12000 22001\n");
    assert_eq!(ranges(&[alpine[0], alpine[1], SITE, conf]), [at("openrc", conf, "12000-22001")]);
    let files = [alpine[0], alpine[1], SITE, conf, last];
    assert_eq!(ranges(&files), [at("openrc", last, "11000-21001")]);
    for script in
        ["/etc/init.d/procps", "/etc/init.d/sysctl", "/etc/runit/core-services/08-sysctl.sh"]
    {
        let files = [("/etc/os-release", "ID=void\n"), (script, ""), SITE, conf];
        assert_eq!(ranges(&files), [at("procps", conf, "12000-22001")], "{script}");
    }
}

#[test]
fn ufw_writes_after_the_loader_where_it_is_on() {
    let conf = "# first\nnet/ipv4/ip_local_port_range=1024 65535\n";
    let with = |enabled: &str, path: &str| {
        let enabled = format!("ENABLED={enabled}\n");
        let defaults = format!("IPV6=yes\nIPT_SYSCTL={path}\n");
        let files = [
            SYSTEMD,
            SITE,
            ("/etc/ufw/ufw.conf", &*enabled),
            ("/etc/default/ufw", &*defaults),
            ("/etc/ufw/sysctl.conf", conf),
            ("/etc/x.conf", conf),
        ];
        ranges(&files).split_off(2)
    };
    assert_eq!(with("yes", "/etc/ufw/sysctl.conf"), ["ufw 1024-65535 /etc/ufw/sysctl.conf:2"]);
    assert_eq!(with("YES", "\"/etc/x.conf\""), ["ufw 1024-65535 /etc/x.conf:2"]);
    assert!(with("no", "/etc/ufw/sysctl.conf").is_empty());
    assert!(with("yes", "").is_empty());
}

#[test]
fn tuned_merges_what_a_profile_includes_and_applies_sysctl_d_again() {
    let active = ("/etc/tuned/active_profile", "oracle mine\n");
    let oracle = (
        "/usr/lib/tuned/oracle/tuned.conf",
        "[main]\ninclude=base, missing-not\n[sysctl]\nnet.ipv4.ip_local_port_range = 9000 65499\n",
    );
    let base = (
        "/usr/lib/tuned/profiles/base/tuned.conf",
        "[sysctl]\nnet.ipv4.ip_local_port_range=8000 65499\nnet.ipv4.tcp_fin_timeout=7\n",
    );
    let none = ("/usr/lib/tuned/missing-not/tuned.conf", "[main]\ninclude=oracle\n");
    let mine = ("/etc/tuned/mine/tuned.conf", "[sysctl]\n# none\n");
    let files = [SYSTEMD, active, oracle, base, none, mine];
    let place = "tuned 9000-65499 /usr/lib/tuned/oracle/tuned.conf:4";
    assert_eq!(ranges(&files).split_off(2), [place]);
    let over =
        ("/etc/tuned/oracle/tuned.conf", "[sysctl]\nnet.ipv4.ip_local_port_range=7000 60000\n");
    assert_eq!(
        ranges(&[SYSTEMD, active, oracle, base, none, mine, over]).split_off(2),
        ["tuned 7000-60000 /etc/tuned/oracle/tuned.conf:2"]
    );
    let again = [SYSTEMD, active, oracle, base, none, mine, SITE];
    // It then stands as the loader left it.
    assert!(ranges(&again).split_off(2).is_empty());
    let off = ("/etc/tuned/tuned-main.conf", "reapply_sysctl = 0\n");
    let files = [SYSTEMD, active, oracle, base, none, mine, SITE, off];
    assert_eq!(ranges(&files).split_off(2), [place]);
    let made =
        ("/etc/tuned/mine/tuned.conf", "[sysctl]\nnet.ipv4.ip_local_port_range=${low} 65000\n");
    let files = [SYSTEMD, active, oracle, base, none, made];
    assert!(
        ranges(&files)[2].starts_with("tuned unknown: a profile of tuned"),
        "{:?}",
        ranges(&files)
    );
    assert!(suspects(&files).contains(&"tuned with the profile oracle mine".to_owned()));
}

#[test]
fn saptune_applies_its_notes_with_what_is_overridden() {
    let conf = ("/etc/sysconfig/saptune", "TUNE_FOR_NOTES=\"1 2\"\n");
    let notes = [
        (
            "/var/lib/saptune/working/notes/1",
            "[sysctl]\nnet.ipv4.ip_local_port_range = 9000 65499\n",
        ),
        ("/var/lib/saptune/working/notes/2", "[version]\nnet.ipv4.ip_local_port_range = 1 2\n"),
    ];
    let files = [SYSTEMD, conf, notes[0], notes[1]];
    let place = "saptune 9000-65499 /var/lib/saptune/working/notes/1:2";
    assert_eq!(ranges(&files).split_off(2), [place]);
    let over = ("/etc/saptune/override/1", "[sysctl]\nnet.ipv4.ip_local_port_range = 9500 65499\n");
    assert_eq!(
        ranges(&[SYSTEMD, conf, notes[0], over]).split_off(2),
        ["saptune 9500-65499 /etc/saptune/override/1:2"]
    );
    assert_eq!(suspects(&files), ["saptune"]);
}

#[test]
fn a_unit_that_runs_sysctl_is_predicted_where_it_is_started_and_named_where_it_is_not_certain() {
    let line =
        "[Service]\nExecStart=-/sbin/sysctl -q -w net.ipv4.ip_local_port_range=\"12000 62000\"\n";
    let unit = ("/etc/systemd/system/ports.service", line);
    let wants = ("/etc/systemd/system/multi-user.target.wants/ports.service", line);
    let place = "unit 12000-62000 /etc/systemd/system/ports.service:2";
    assert_eq!(ranges(&[SYSTEMD, unit, wants]).split_off(2), [place]);
    assert!(suspects(&[SYSTEMD, unit, wants]).is_empty());
    assert_eq!(ranges(&[SYSTEMD, unit]).len(), 2, "nothing starts it");
    let named = ["ports.service, which names net.ipv4.ip_local_port_range in line 2"];
    assert_eq!(suspects(&[SYSTEMD, unit]), named);
    let shell =
        "[Service]\nExecStart=/bin/sh -c 'sysctl -w net.ipv4.ip_local_port_range=\"1 2\"'\n";
    let unit = ("/etc/systemd/system/ports.service", shell);
    let wants = ("/etc/systemd/system/multi-user.target.wants/ports.service", shell);
    assert_eq!(
        (ranges(&[SYSTEMD, unit, wants]).len(), &suspects(&[SYSTEMD, unit])[..]),
        (2, &named.map(str::to_owned)[..])
    );
    let folder = ("/etc/systemd/system/a.service.d", "!folder");
    let added = (
        "/etc/systemd/system/a.service.d/x.conf",
        "[Service]\nExecStartPre=/bin/sh -c 'echo 1 2 > /proc/sys/net/ipv4/ip_local_port_range'\n",
    );
    assert_eq!(
        suspects(&[SYSTEMD, folder, added]),
        ["a.service, which names net.ipv4.ip_local_port_range in line 2"]
    );
}

#[test]
fn scripts_that_name_a_key_are_suspects_and_comments_are_not() {
    let line = "#!/bin/sh\nsysctl -w net.ipv4.ip_local_port_range=\"9000 65499\"\n";
    for path in [
        "/etc/init.d/boot.local",
        "/etc/rc.local",
        "/etc/NetworkManager/dispatcher.d/50-ports",
        "/etc/local.d/ports.start",
        "/var/lib/cloud/scripts/per-boot/ports",
        "/etc/cron.d/ports",
    ] {
        let name = path.rsplit('/').next().expect("a name");
        let said = format!("{name}, which names net.ipv4.ip_local_port_range in line 2");
        assert_eq!(suspects(&[SYSTEMD, (path, line)]), [said]);
        assert!(suspects(&[SYSTEMD, (path, "# net.ipv4.ip_local_port_range\n")]).is_empty());
    }
    let install =
        "options x net.ipv4.tcp_tw_reuse\ninstall x /sbin/sysctl -w net.ipv4.tcp_fin_timeout=9\n";
    assert_eq!(
        suspects(&[SYSTEMD, ("/etc/modprobe.d/x.conf", install)]),
        ["x.conf, which names net.ipv4.tcp_fin_timeout in line 2"]
    );
    let profile = ("/usr/sap/hostctrl/exe/host_profile", "reserved_port/product_list = HANA\n");
    assert_eq!(
        suspects(&[SYSTEMD, profile]),
        ["SAP Host Agent, which reserves ports by its host_profile"]
    );
}

#[test]
fn an_image_has_the_defaults_of_the_kernels_that_it_has_modules_of() {
    let modules = |names: &[&str]| {
        let paths: Vec<String> = names.iter().map(|name| format!("/lib/modules/{name}")).collect();
        let files: Vec<(&str, &str)> = paths.iter().map(|path| (&**path, "!folder")).collect();
        boot(&files, None).kernels
    };
    let old = modules(&["2.6.32-754.el6.x86_64"]);
    assert_eq!(default(RANGE, &old), Some("32768\t61000"));
    let two = modules(&["6.1.0-28-amd64", "6.1.0-30-amd64", "kernel"]);
    assert_eq!((two.len(), default(RANGE, &two)), (2, Some("32768\t60999")));
    assert_eq!(default(RANGE, &modules(&[])), None);
    let boot = boot(&[("/etc/sysctl.d/a.conf", ""), ("/lib/modules/3.10.0.el7", "!folder")], None);
    assert!(boot.entries.iter().all(|entry| matches!(entry.state, State::Unknown(_))));
}

#[test]
fn the_command_line_sets_nothing_before_5_8() {
    let files = [
        ("/proc/cmdline", "ro sysctl.net.ipv4.ip_local_port_range=\"10000 20000\"\n"),
        ("/etc/sysctl.conf", ""),
    ];
    let of = |release| {
        let boot = boot(&files, Some(release));
        let entry =
            boot.entries.iter().find(|entry| entry.key == RANGE && entry.loader == Loader::Procps);
        matches!(entry.expect("an entry").state, State::Known { .. })
    };
    assert!(of("5.8.0") && of("6.1.0-28-amd64"));
    assert!(!of("5.4.0-200-generic") && !of("5.7.19"));
}
