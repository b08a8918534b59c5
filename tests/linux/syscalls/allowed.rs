//! Which system calls the program may make, which files it may open, and why. What is on no list
//! fails the test.

/// Calls and files that belong together.
pub(super) struct Group {
    /// What they are for.
    pub(super) why: &'static str,
    /// System calls by their names.
    pub(super) calls: &'static [&'static str],
    /// Paths: `*` stands for the rest of a part, `**` at the end for all that follow, PID for a
    /// number.
    pub(super) opens: &'static [&'static str],
}

/// Every command starts so, whatever it does.
pub(super) const START: Group = Group {
    why: "the dynamic loader, the C library and std around main, memory, and whose rights it has",
    calls: &[
        "access",
        "arch_prctl",
        "brk",
        "close",
        "execve",
        "exit",
        "exit_group",
        "futex",
        "getegid",
        "geteuid",
        "getgid",
        "getrandom",
        "gettid",
        "getuid",
        "madvise",
        "mmap",
        "mprotect",
        "mremap",
        "munmap",
        "newfstatat",
        "openat",
        "poll",
        "pread64",
        "prlimit64",
        "read",
        "rseq",
        "rt_sigaction",
        "rt_sigprocmask",
        "sched_getaffinity",
        "set_robust_list",
        "set_tid_address",
        "sigaltstack",
    ],
    opens: &["/etc/ld.so.cache", "/lib/**", "/lib64/**", "/proc/PID/maps", "/usr/lib/*/*"],
};

/// And says what it has to say.
pub(super) const PRINT: Group = Group {
    why: "standard output and error, whether they are open, and the terminal's width",
    calls: &["fcntl", "ioctl", "statx", "write"],
    opens: &[],
};

/// Files that the user names.
pub(super) const NAMED: Group = Group {
    why: "a report, a policy, a capture or evidence that the command line names",
    calls: &[
        "fstatfs",
        "fstat",
        "getdents64",
        "lseek",
        "open",
        "openat2",
        "readlink",
        "readlinkat",
        "statx",
    ],
    opens: &[],
};

/// The measure of an audit.
pub(super) const POLICY: Group = Group {
    why: "the policy of the system, and the folders on the way, which others may not write",
    calls: &["fstat", "open", "readlink", "readlinkat", "statx"],
    opens: &["/", "/etc", "/etc/ephaudit", "/etc/ephaudit/policy.toml", "/proc/PID/uid_map"],
};

/// The facts of this host.
pub(super) const HOST: Group = Group {
    why: "settings, counters, the host's names, id and start, and whose a listener is, by a thread \
          that gives up its rights",
    calls: &[
        "capget",
        "capset",
        "clone",
        "clone3",
        "fstat",
        "fstatfs",
        "getdents64",
        "getpid",
        "lseek",
        "open",
        "openat2",
        "prctl",
        "readlink",
        "readlinkat",
        "seccomp",
        "setgroups",
        "setresgid",
        "setresuid",
        "statx",
        "uname",
    ],
    opens: &[
        "/.dockerenv",
        "/etc/machine-id",
        "/etc/os-release",
        "/proc",
        "/proc/PID",
        "/proc/PID/cgroup",
        "/proc/PID/cmdline",
        "/proc/PID/comm",
        "/proc/PID/fd",
        "/proc/PID/fd/PID",
        "/proc/PID/task/PID/net/ip_tables_names",
        "/proc/PID/task/PID/net/sctp/eps",
        "/proc/PID/task/PID/net/sockstat",
        "/proc/PID/task/PID/net/sockstat6",
        "/proc/PID/task/PID/net/udplite",
        "/proc/PID/task/PID/net/udplite6",
        "/proc/stat",
        "/proc/sys",
        "/proc/sys/kernel/osrelease",
        "/proc/sys/net/ipv4/*",
        // Where their module is not loaded.
        "/proc/thread-self/net/sctp/eps",
        "/proc/thread-self/net/udplite",
        "/proc/thread-self/net/udplite6",
        "/run/.containerenv",
        "/run/systemd/container",
        "/usr/lib/os-release",
    ],
};

/// The sockets of this host.
pub(super) const SOCKETS: Group = Group {
    why: "sock_diag, which lists sockets and changes none",
    calls: &["connect", "recvfrom", "sendto", "socket"],
    opens: &[],
};

/// What persists.
pub(super) const BOOT: Group = Group {
    why: "the files that settings persist in, and signs of what else sets them; folder by folder",
    calls: &["statx"],
    opens: &[
        "/",
        "/dev/null",
        "/etc",
        "/etc/NetworkManager",
        "/etc/NetworkManager/**",
        "/etc/cloud",
        "/etc/cloud/**",
        "/etc/cni",
        "/etc/cni/**",
        "/etc/cron.d",
        "/etc/cron.d/*",
        "/etc/crontab",
        "/etc/default",
        "/etc/default/ufw",
        "/etc/init.d",
        "/etc/init.d/*",
        "/etc/local.d",
        "/etc/local.d/*",
        "/etc/modprobe.d",
        "/etc/modprobe.d/*",
        "/etc/network",
        "/etc/network/**",
        "/etc/networkd-dispatcher",
        "/etc/networkd-dispatcher/**",
        "/etc/rc.d",
        "/etc/rc.d/*",
        "/etc/rc.local",
        "/etc/runit",
        "/etc/runit/**",
        "/etc/sysconfig",
        "/etc/sysconfig/*",
        "/etc/sysctl.conf",
        "/etc/sysctl.d",
        "/etc/sysctl.d/*",
        "/etc/systemd",
        "/etc/systemd/system",
        "/etc/systemd/system/**",
        "/etc/tuned",
        "/etc/tuned/**",
        "/etc/tuned/active_profile",
        "/etc/ufw",
        "/etc/ufw/*",
        "/lib",
        "/proc/cmdline",
        "/run",
        "/run/cilium",
        "/run/cilium/*",
        "/run/cloud-init",
        "/run/cloud-init/status.json",
        "/run/containerd",
        "/run/containerd/containerd.sock",
        "/run/crio",
        "/run/crio/crio.sock",
        "/run/docker.sock",
        "/run/modprobe.d",
        "/run/modprobe.d/*",
        "/run/sysctl.d",
        "/run/sysctl.d/*",
        "/run/systemd",
        "/run/systemd/system",
        "/run/systemd/system/**",
        "/usr",
        "/usr/lib",
        "/usr/lib/NetworkManager",
        "/usr/lib/NetworkManager/**",
        "/usr/lib/dinit.d",
        "/usr/lib/dinit.d/**",
        "/usr/lib/modprobe.d",
        "/usr/lib/modprobe.d/*",
        "/usr/lib/modules",
        "/usr/lib/sysctl.d",
        "/usr/lib/sysctl.d/*",
        "/usr/lib/systemd",
        "/usr/lib/systemd/system",
        "/usr/lib/systemd/system/**",
        "/usr/lib/systemd/systemd-sysctl",
        "/usr/lib/tuned",
        "/usr/lib/tuned/**",
        "/usr/local",
        "/usr/local/lib",
        "/usr/local/lib/sysctl.d",
        "/usr/local/lib/sysctl.d/*",
        "/usr/local/lib/systemd",
        "/usr/local/lib/systemd/**",
        "/usr/sap",
        "/usr/sap/**",
        "/var",
        "/var/lib",
        "/var/lib/cloud",
        "/var/lib/cloud/data",
        "/var/lib/cloud/data/status.json",
        "/var/lib/cloud/instance",
        "/var/lib/cloud/scripts",
        "/var/lib/cloud/scripts/**",
        "/var/lib/kubelet",
        "/var/lib/kubelet/*",
        "/var/run",
        "/var/run/cilium",
    ],
};

/// `--root /`: what a tree tells beside what persists in it.
pub(super) const TREE: Group = Group {
    why: "the facts of a host whose root it is, folder by folder",
    calls: &[],
    opens: &[
        "/.dockerenv",
        "/etc/hostname",
        "/etc/os-release",
        "/proc",
        "/proc/PID",
        "/proc/PID/net",
        "/proc/PID/net/*",
        "/proc/net",
        "/proc/sys",
        "/proc/sys/**",
        "/run/.containerenv",
        "/run/systemd",
        "/run/systemd/container",
        "/usr/lib/os-release",
    ],
};

/// `--all-netns`, and nothing else.
pub(super) const NAMESPACES: Group = Group {
    why: "a thread of its own enters the other namespaces, with a /proc of its own",
    calls: &["clone3", "dup", "fsconfig", "fsmount", "fsopen", "pidfd_open", "setns"],
    opens: &[
        "/proc/PID/mountinfo",
        "/proc/PID/ns/net",
        "/proc/PID/task",
        "/proc/PID/task/PID/ns/net",
        "/run/docker/netns",
        "/run/netns",
        "/run/netns/*",
        "/sys",
        "/sys/net/ipv4/*",
        "/",
        "/sys/net",
        "/PID/**",
        "net:[*",
    ],
};

/// `probe`, and nothing else.
pub(super) const PROBE: Group = Group {
    why: "sockets on 127.0.0.1 and ::1, which the kernel gives ports",
    calls: &["accept4", "bind", "getsockname", "listen", "setsockopt"],
    opens: &[
        "/proc/PID/fdinfo/PID",
        "/proc/PID/mountinfo",
        "/proc/PID/task/PID/net/if_inet6",
        "/proc/sys/net",
    ],
};

/// `--output` and `--emit`, and nothing else. The folders on the way are opened to be looked at
/// (`O_PATH`), whatever their names; a file is made, renamed or taken away only in the folder of
/// the output.
pub(super) const OUTPUT: Group = Group {
    why: "a new file in the folder of the output, which takes its name at the end, and whose root it is",
    calls: &[
        "fchmod",
        "fstat",
        "fsync",
        "getcwd",
        "linkat",
        "open",
        "readlink",
        "readlinkat",
        "renameat",
        "statx",
        "unlink",
        "unlinkat",
    ],
    opens: &["/proc/PID/uid_map"],
};
