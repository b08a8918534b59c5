//! The tree of a Linux host's files: an extracted sosreport, or a copy of its root.

use super::texts::value;
use super::tunables::TunableText;
use super::{EvidenceError, not_captured};
use crate::ask::{Answer, Outcome, Refusal};
use crate::parse::transcript::Epoch;
use crate::ports::PortSet;
use crate::snapshot::{Family, Os, Reason, Source, Transport, Why};
use crate::source::Folder;
use crate::unread::Unread;

/// What `sysctl -a` printed, in the files of a sosreport.
const SYSCTL_A: &str = "sos_commands/kernel/sysctl_-a";
/// Where a sosreport keeps what the tools of the network printed.
const NETWORKING: &str = "sos_commands/networking";
/// What tells that a folder is a tree, and its files are not to be read one by one.
const SIGNS: &[&str] = &["proc/sys", "proc/net", "sos_commands", "etc"];
/// What only Linux has in its files.
const SIGNS_OF_LINUX: &[&str] = &[
    "proc/sys/net/ipv4",
    "etc/sysctl.d",
    "run/sysctl.d",
    "usr/lib/sysctl.d",
    "lib/sysctl.d",
    "usr/lib/systemd",
    "lib/systemd",
    "usr/lib/modules",
    "lib/modules",
    "etc/ld.so.conf",
];
/// The folders of settings that a copy of a Linux host should hold: one of each row.
const COPIED: &[&[&str]] =
    &[&["etc/sysctl.d", "etc/sysctl.conf"], &["usr/lib/sysctl.d", "lib/sysctl.d"]];

/// The sysctls that a copy of /proc/sys may hold.
const SYSCTLS: &[&str] = &[
    "net.ipv4.ip_local_port_range",
    "net.ipv4.ip_local_reserved_ports",
    "net.ipv4.ip_unprivileged_port_start",
    "net.ipv4.ip_forward",
    "net.ipv4.tcp_fin_timeout",
    "net.ipv4.tcp_max_tw_buckets",
    "net.ipv4.tcp_tw_reuse",
    "net.ipv4.tcp_tw_timeout",
    "kernel.ostype",
    "kernel.hostname",
    "kernel.osrelease",
    "kernel.version",
    "kernel.arch",
];

impl Folder {
    /// Whether it is the tree of a host, and no plain folder of evidence.
    pub fn is_tree(&self) -> bool {
        SIGNS.iter().any(|sign| self.holds(sign))
    }

    /// Whether it is a Linux host's.
    fn is_of_linux(&self) -> bool {
        SIGNS_OF_LINUX.iter().any(|sign| self.holds(sign))
    }

    /// The files in it that are evidence by themselves: of a tree one, of a plain folder all.
    ///
    /// # Errors
    /// The folder can't be listed.
    pub fn evidence(&self) -> std::io::Result<Vec<String>> {
        if !self.is_tree() {
            return self.files();
        }
        Ok(self.evidence_of_tree())
    }

    /// Of a tree, the files that are evidence by themselves.
    pub fn evidence_of_tree(&self) -> Vec<String> {
        let settings = Some(SYSCTL_A.to_owned()).filter(|name| self.holds(name));
        settings.into_iter().chain(self.socket_lists()).collect()
    }

    /// What `ss` and `netstat` printed, in the files of a sosreport. A folder that cannot be listed
    /// has none: then nothing is known of the sockets.
    fn socket_lists(&self) -> Vec<String> {
        let Ok((_, names)) = self.list(NETWORKING) else { return Vec::new() };
        let names = names.iter().filter_map(|name| name.to_str());
        let is_list = |name: &&str| name.starts_with("ss_-") || name.starts_with("netstat_-");
        let mut lists: Vec<String> =
            names.filter(is_list).map(|name| format!("{NETWORKING}/{name}")).collect();
        lists.sort_unstable();
        lists
    }
}

/// The trees of one host.
#[derive(Debug)]
pub(super) struct Tree {
    folder: Folder,
    /// Whether it is all that the host has, and no copy of some of it.
    whole: bool,
}

impl Tree {
    /// The trees among the folders: at most one.
    pub(super) fn among(folders: Vec<Folder>) -> Result<Option<Self>, EvidenceError> {
        let mut trees = folders.into_iter().filter(Folder::is_tree);
        let tree = trees.next();
        match trees.next() {
            Some(second) => Err(EvidenceError::Mixed(second.place(""))),
            None => Ok(tree.map(|folder| Self { folder, whole: false })),
        }
    }

    /// The whole root of a host, and its system where that can be told.
    pub(super) fn root(folder: Folder) -> (Self, Option<Os>) {
        let os = folder.is_of_linux().then_some(Os::Linux);
        let whole = !folder.holds("sos_commands");
        (Self { folder, whole }, os)
    }

    /// The folder.
    pub(super) const fn folder(&self) -> &Folder {
        &self.folder
    }

    /// What a copy may lack that the host has.
    pub(super) fn uncopied(&self) -> Vec<Unread> {
        if self.whole {
            return Vec::new();
        }
        let missing = COPIED.iter().filter(|row| !row.iter().any(|name| self.folder.holds(name)));
        missing
            .map(|row| {
                let why = "it is not in the tree, and may not have been copied";
                let place = self.folder.place(&row.join(" or "));
                Unread::of_file(place, Why::new(Reason::NotCaptured, why))
            })
            .collect()
    }

    /// The sysctls that it holds.
    pub(super) fn sysctls(&self) -> impl Iterator<Item = (&'static str, TunableText)> {
        SYSCTLS.iter().filter_map(|&name| {
            let file = format!("proc/sys/{}", name.replace('.', "/"));
            let outcome = match self.folder.read(&file) {
                // The kernel ends every value with a newline; a copy without it is cut, or empty.
                Ok(bytes) => {
                    let text = String::from_utf8_lossy(&bytes);
                    value(text.trim_end_matches('\n'), text.ends_with('\n'))
                }
                Err(Refusal::NotFound(_)) => return None,
                Err(refusal) => Err(refusal),
            };
            Some((
                name,
                TunableText { place: self.folder.place(&file), epoch: Epoch::default(), outcome },
            ))
        })
    }

    /// A file of the host. One that is not there may not have been copied, so it tells nothing.
    pub(super) fn file(&self, path: &str) -> Answer {
        let name = path.strip_prefix("/proc/thread-self/").map(|rest| format!("proc/{rest}"));
        let name = name.unwrap_or_else(|| path.trim_start_matches('/').to_owned());
        let outcome = self.folder.read(&name);
        self.answer(&name, outcome)
    }

    /// The table of the namespace that the files were copied in.
    pub(super) fn socket_table(&self, family: Family, transport: Transport) -> Answer {
        let name = table_name(family, transport);
        let outcome = self.folder.socket_table(&name, transport);
        self.answer(&name, outcome)
    }

    /// Its lines with one of these local ports.
    pub(super) fn socket_table_on(
        &self,
        family: Family,
        transport: Transport,
        ports: &PortSet,
    ) -> Answer {
        let name = table_name(family, transport);
        let outcome = self.folder.socket_table_on(&name, ports);
        self.answer(&name, outcome)
    }

    fn answer(&self, name: &str, outcome: Outcome) -> Answer {
        let source = Source::Capture(self.folder.place(name).into());
        match outcome {
            Err(Refusal::NotFound(_)) => not_captured(source, name),
            outcome => Answer::new(source, outcome),
        }
    }
}

fn table_name(family: Family, transport: Transport) -> String {
    let six = if family == Family::Ipv6 { "6" } else { "" };
    format!("proc/net/{transport}{six}")
}
