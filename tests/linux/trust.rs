//! Whose word the program takes: files that others could have written, and variables that others
//! could have set.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, chown, lchown, symlink};
use std::os::unix::process::CommandExt;
use std::process::{Command, Output};

use rustix::fs::XattrFlags;

use crate::linux::support::namespace::{inside_as_root, sh};
use crate::support::{code, ephaudit, run, stderr};

const POLICY: &str = "/etc/ephaudit/policy.toml";
const SOMEBODY: u32 = 12345;
const ANOTHER: u32 = 12346;

/// An /etc of root's with a policy that lets every finding pass, and the program in it for others
/// to start.
fn fresh() {
    sh("mount", &["-t", "tmpfs", "-o", "mode=755", "tmpfs", "/etc"]);
    fs::create_dir("/etc/ephaudit").expect("a folder");
    fs::write(POLICY, "fail-on = \"none\"\n").expect("a policy");
    fs::copy(env!("CARGO_BIN_EXE_ephaudit"), "/etc/program").expect("the program");
}

/// What the program says to an ordinary user.
fn by_somebody(variables: &[(&str, &str)]) -> Output {
    called_by_somebody(&[], variables)
}

fn called_by_somebody(args: &[&str], variables: &[(&str, &str)]) -> Output {
    let mut command = Command::new("/etc/program");
    command.args(args).env_clear().envs(variables.iter().copied()).uid(SOMEBODY).gid(SOMEBODY);
    command.output().expect("it starts")
}

fn mode(path: &str, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).expect("a mode");
}

fn owner(path: &str, uid: u32) {
    lchown(path, Some(uid), None).expect("an owner");
}

/// Puts a link in the place of the policy.
fn lead_to(target: &str) {
    fs::rename(POLICY, "/etc/policy.toml").expect("moved");
    symlink(target, POLICY).expect("a link");
}

/// How the policy came to be where it is, and the place that is not to be trusted then.
const DOUBTFUL: [(fn(), &str); 10] = [
    (|| mode(POLICY, 0o646), POLICY),
    (|| mode(POLICY, 0o664), POLICY),
    (|| owner(POLICY, ANOTHER), POLICY),
    (|| mode("/etc/ephaudit", 0o777), "/etc/ephaudit"),
    (|| mode("/etc/ephaudit", 0o1777), "/etc/ephaudit"),
    (|| owner("/etc/ephaudit", ANOTHER), "/etc/ephaudit"),
    (|| mode("/etc", 0o775), "/etc"),
    (
        || {
            lead_to("/etc/policy.toml");
            owner(POLICY, ANOTHER);
        },
        POLICY,
    ),
    (
        || {
            lead_to("../policy.toml");
            owner("/etc/policy.toml", ANOTHER);
        },
        "/etc/policy.toml",
    ),
    (
        || {
            lead_to("/etc/mine/../policy.toml");
            fs::create_dir("/etc/mine").expect("a folder");
            owner("/etc/mine", ANOTHER);
        },
        "/etc/mine",
    ),
];

#[test]
fn a_policy_that_others_could_have_written_is_none() {
    inside_as_root(|| {
        for (make, doubted) in DOUBTFUL {
            fresh();
            let by_variable = || ephaudit(&[]).env("EPHAUDIT_POLICY", POLICY).output();
            assert_eq!(code(&run(&[])), 0, "root's own");
            assert_eq!(code(&by_variable().expect("it runs")), 0, "root's own");
            assert_eq!(code(&by_somebody(&[])), 0, "the system's own");
            make();
            for output in [run(&[]), by_variable().expect("it runs"), by_somebody(&[])] {
                let said = stderr(&output);
                assert_eq!((code(&output), said.lines().count()), (2, 1), "{doubted}: {said}");
                assert!(said.contains(&format!(": {doubted} ")), "{doubted}: {said}");
                assert!(said.contains("name a policy with --policy"), "{said}");
                assert!(output.stdout.is_empty());
            }
            assert_eq!(code(&run(&["--policy", POLICY])), 0, "the caller's own word");
            assert_eq!(code(&run(&["--no-policy"])), 1);
            let own = by_somebody(&[("EPHAUDIT_POLICY", POLICY)]);
            assert_eq!(code(&own), 0, "a user's variables are his own: {}", stderr(&own));
            sh("umount", &["/etc"]);
        }
        fresh();
        owner(POLICY, SOMEBODY);
        assert_eq!(code(&by_somebody(&[])), 0, "he could as well name it");
        fs::remove_file(POLICY).expect("removed");
        mode("/etc/ephaudit", 0o777);
        assert_eq!(code(&run(&[])), 1, "there is none");
        symlink("/etc/ephaudit/policy.toml", POLICY).expect("a link");
        assert_eq!(code(&run(&[])), 2, "a link to itself");
    });
}

#[test]
fn a_link_of_roots_to_a_file_of_roots_is_followed() {
    inside_as_root(|| {
        for target in ["/etc/policy.toml", "../policy.toml", "/etc/./ephaudit/../policy.toml"] {
            fresh();
            lead_to(target);
            assert_eq!(code(&run(&[])), 0, "{target}: {}", stderr(&run(&[])));
            sh("umount", &["/etc"]);
        }
    });
}

#[test]
fn a_registry_that_a_variable_names_is_held_to_the_same() {
    inside_as_root(|| {
        fresh();
        let registry = "Service Name,Port Number,Transport Protocol,Registration Date,Modification Date\n\
                        echo,7,tcp,2026-01-02,\n";
        fs::write("/etc/registry.csv", registry).expect("a registry");
        let by_variable = || {
            ephaudit(&[]).env("EPHAUDIT_REGISTRY", "/etc/registry.csv").output().expect("it runs")
        };
        let before = by_variable();
        assert_eq!(code(&before), 0, "{}", stderr(&before));
        mode("/etc/registry.csv", 0o666);
        let said = stderr(&by_variable());
        assert_eq!(code(&by_variable()), 2, "{said}");
        assert!(
            said.contains("EPHAUDIT_REGISTRY /etc/registry.csv: /etc/registry.csv can be"),
            "{said}"
        );
        assert_eq!(code(&run(&["--registry", "/etc/registry.csv"])), 0);
        sh("mkfifo", &["/etc/fifo"]);
        assert_eq!(code(&run(&["--registry", "/etc/fifo"])), 2, "nothing is waited for");
    });
}

/// What made the caller's program another's, and the caller's words none of whose rights it has.
#[test]
fn a_program_with_rights_that_its_caller_has_not_hears_no_variable() {
    inside_as_root(|| {
        fresh();
        let variables = [
            ("EPHAUDIT_POLICY", "/nonexistent"),
            ("EPHAUDIT_REGISTRY", "/nonexistent"),
            ("EPHAUDIT_FORMAT", "bogus"),
            ("EPHAUDIT_PROFILE", "bogus"),
        ];
        let calls: [&[&str]; 3] = [&[], &["audit"], &["audit", "--quiet"]];
        let heard = || {
            calls.map(|args| {
                variables.map(|variable| code(&called_by_somebody(args, &[variable])) == 2)
            })
        };
        assert_eq!(heard(), [[true; 4]; 3]);
        mode("/etc/program", 0o4755);
        assert_eq!(heard(), [[false; 4]; 3], "set-user-ID");
        let show = called_by_somebody(&["show"], &[("EPHAUDIT_FORMAT", "bogus")]);
        assert_eq!(code(&show), 0, "{}", stderr(&show));
        chown("/etc/program", Some(SOMEBODY), None).expect("an owner");
        mode("/etc/program", 0o755);
        // struct vfs_cap_data (include/uapi/linux/capability.h): version 2, effective,
        // CAP_DAC_READ_SEARCH
        let words: [u32; 5] = [0x0200_0001, 1 << 2, 0, 0, 0];
        let bytes = words.map(u32::to_le_bytes).concat();
        let capability = "security.capability";
        rustix::fs::setxattr("/etc/program", capability, &bytes, XattrFlags::empty()).expect("set");
        assert_eq!(heard(), [[false; 4]; 3], "capabilities of the file");
    });
}
