//! Namespaces to be found, and what holds them.

use std::fs::{self, File};
use std::net::{TcpListener, UdpSocket};
use std::os::unix::fs::{MetadataExt, symlink};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use rustix::fd::AsFd;
use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};

use crate::linux::support::namespace::{set, sh};

/// A process that only sleeps; it ends with the test.
pub(in crate::linux::netns) struct Sleeper(Child);

impl Drop for Sleeper {
    fn drop(&mut self) {
        self.end();
    }
}

impl Sleeper {
    /// Starts it under unshare(1), and waits until it sleeps.
    pub(in crate::linux::netns) fn unshared(args: &[&str]) -> Self {
        Self::holding(Stdio::null(), args)
    }

    /// The same with a descriptor of one's own.
    pub(in crate::linux::netns) fn holding(held: impl Into<Stdio>, args: &[&str]) -> Self {
        let child = Command::new("unshare").args(args).stdin(held).spawn();
        let sleeper = Self(child.expect("unshare starts"));
        let began = Instant::now();
        let name = format!("/proc/{}/comm", sleeper.0.id());
        while fs::read_to_string(&name).expect("a process") != "sleep\n" {
            assert!(began.elapsed() < Duration::from_secs(20), "it never sleeps");
            thread::sleep(Duration::from_millis(5));
        }
        sleeper
    }

    pub(in crate::linux::netns) fn in_a_namespace() -> Self {
        Self::unshared(&["--net", "sleep", "1000"])
    }

    pub(in crate::linux::netns) fn end(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }

    pub(in crate::linux::netns) fn pid(&self) -> u32 {
        self.0.id()
    }

    pub(in crate::linux::netns) fn link(&self) -> String {
        format!("/proc/{}/ns/net", self.0.id())
    }

    pub(in crate::linux::netns) fn namespace(&self) -> File {
        File::open(self.link()).expect("its namespace")
    }
}

pub(in crate::linux::netns) fn id(namespace: &File) -> String {
    format!("net:[{}]", namespace.metadata().expect("a file").ino())
}

pub(in crate::linux::netns) fn enter(namespace: &File) {
    move_into_link_name_space(namespace.as_fd(), Some(LinkNameSpaceType::Network)).expect("setns");
}

/// Does something in a namespace, in a thread that ends there.
pub(in crate::linux::netns) fn there<T: Send>(
    namespace: &File,
    work: impl FnOnce() -> T + Send,
) -> T {
    thread::scope(|scope| {
        let thread = scope.spawn(|| {
            enter(namespace);
            work()
        });
        thread.join().expect("done")
    })
}

/// A folder of names that nobody else sees.
pub(in crate::linux::netns) fn folder_of_names() {
    sh("mount", &["-t", "tmpfs", "none", "/run"]);
    fs::create_dir_all("/run/netns").expect("a folder");
}

/// Puts a namespace where ip-netns(8) would.
pub(in crate::linux::netns) fn name(namespace: &str, name: &str) {
    let path = format!("/run/netns/{name}");
    fs::write(&path, "").expect("a file");
    sh("mount", &["--bind", namespace, &path]);
}

/// `ip netns add NAME`
pub(super) fn add(name: &str) {
    let path = format!("/run/netns/{name}");
    fs::write(&path, "").expect("a file");
    sh("unshare", &[&format!("--net={path}"), "true"]);
}

/// A namespace with a range and services of its own.
pub(in crate::linux::netns) struct Made {
    pub(super) sleeper: Sleeper,
    pub(super) id: String,
    pub(super) number: u16,
    /// Sockets keep a namespace alive, and are no way to find it.
    _sockets: (TcpListener, TcpListener, UdpSocket),
}

pub(in crate::linux::netns) fn made(number: u16) -> Made {
    let sleeper = Sleeper::in_a_namespace();
    let namespace = sleeper.namespace();
    let sockets = there(&namespace, || {
        let (first, last) = range(number);
        set("ip_local_port_range", &format!("{first} {last}"));
        set("ip_local_reserved_ports", &format!("{first}-{}\n", first + number));
        let [four, six, udp] = services(number);
        (
            TcpListener::bind(("0.0.0.0", four)).expect("a listener"),
            TcpListener::bind(("::", six)).expect("a listener"),
            UdpSocket::bind(("0.0.0.0", udp)).expect("a socket"),
        )
    });
    Made { id: id(&namespace), sleeper, number, _sockets: sockets }
}

pub(in crate::linux::netns) fn range(number: u16) -> (u16, u16) {
    (10_000 + 1000 * number, 10_999 + 1000 * number)
}

/// Two of TCP, the second of IPv6 and in the pool, and one of UDP.
pub(in crate::linux::netns) fn services(number: u16) -> [u16; 3] {
    [20_000 + number, 10_500 + 1000 * number, 22_000 + number]
}

/// Five namespaces, each held by something else, and what `look` makes of them.
pub(in crate::linux::netns) fn with_each_kind_of_holder(look: impl FnOnce(&[&Made])) {
    folder_of_names();
    let process = made(1);
    symlink(process.sleeper.link(), "/run/netns/linked").expect("a link");

    let mut by_thread = made(2);
    let namespace = by_thread.sleeper.namespace();
    let (stay, until) = mpsc::channel::<()>();
    let (entered, is_in) = mpsc::channel();
    let thread = thread::spawn(move || {
        enter(&namespace);
        drop(namespace);
        entered.send(()).expect("sent");
        let _ = until.recv();
    });
    is_in.recv().expect("entered");
    by_thread.sleeper.end();

    let mut by_descriptor = made(3);
    let descriptor = by_descriptor.sleeper.namespace();
    by_descriptor.sleeper.end();

    let mut by_mount = made(4);
    name(&by_mount.sleeper.link(), "web");
    by_mount.sleeper.end();

    let mut by_foreign_mount = made(5);
    let link = by_foreign_mount.sleeper.link();
    let script = format!("mount --bind {link} /run/netns/web && exec sleep 1000");
    let foreign = Sleeper::unshared(&["--mount", "sh", "-c", &script]);
    by_foreign_mount.sleeper.end();

    look(&[&process, &by_thread, &by_descriptor, &by_mount, &by_foreign_mount]);
    drop((descriptor, foreign, stay));
    thread.join().expect("it ends");
}
