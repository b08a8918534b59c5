//! /proc/PID/cgroup (cgroups(7)): lines `HIERARCHY:CONTROLLERS:PATH`, and what systemd and the
//! container managers name their groups.

/// What runs a process, as far as its control groups tell.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct RunBy {
    /// systemd's unit.
    pub(crate) unit: Option<String>,
    /// The container, by its id or name.
    pub(crate) container: Option<String>,
}

/// How long the ids of Docker, Podman, containerd and CRI-O are: SHA-256 in hexadecimal.
const ID: usize = 64;
/// The kinds of unit that hold processes (systemd.unit(5)).
const KINDS: [&str; 4] = [".service", ".scope", ".socket", ".mount"];

impl RunBy {
    /// Reads the lines. A process can be in several hierarchies; the unified one and systemd's own
    /// tell the unit, with the older ones a container may show in any.
    pub(crate) fn parse(bytes: &[u8]) -> Self {
        let text = String::from_utf8_lossy(bytes);
        let mut run_by = Self::default();
        for line in text.lines() {
            let mut fields = line.splitn(3, ':').skip(1);
            let (Some(controllers), Some(path)) = (fields.next(), fields.next()) else { continue };
            // What the kernel adds where the group was removed under its process.
            let path = path.strip_suffix(" (deleted)").unwrap_or(path);
            if matches!(controllers, "" | "name=systemd") {
                run_by.unit = run_by.unit.or_else(|| unit(path));
            }
            run_by.container = run_by.container.or_else(|| path.split('/').find_map(container));
            run_by.container = run_by.container.or_else(|| lxc(path));
        }
        run_by
    }
}

/// The first part below the slices is the unit (`cg_path_get_unit` of systemd), unless it is a
/// container's own scope.
fn unit(path: &str) -> Option<String> {
    let mut parts = path.split('/').filter(|part| !matches!(*part, "" | ".."));
    let part = parts.find(|part| part.strip_suffix(".slice").is_none())?;
    let is_unit = KINDS.iter().any(|kind| part.len() > kind.len() && part.ends_with(kind));
    (is_unit && is_name(part) && container(part).is_none()).then(|| part.to_owned())
}

/// Whether it may be the name of a unit (systemd.unit(5)). Whoever may make a control group may
/// name it, so nothing else is taken; nor what a command would take for an option.
fn is_name(name: &str) -> bool {
    let of_a_name = |byte: u8| {
        byte.is_ascii_alphanumeric() || matches!(byte, b':' | b'-' | b'_' | b'.' | b'\\' | b'@')
    };
    !name.is_empty() && !name.starts_with('-') && name.bytes().all(of_a_name)
}

/// `docker-ID.scope`, `libpod-ID.scope`, `cri-containerd-ID.scope`, `crio-ID`, or `ID` by itself.
fn container(part: &str) -> Option<String> {
    let name = part.strip_suffix(".scope").unwrap_or(part);
    let id = name.rsplit(['-', ':']).next()?;
    let is_id = id.len() == ID && id.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_id.then(|| id.to_owned())
}

/// `/lxc/NAME` before LXC 4, `/lxc.payload.NAME` since.
fn lxc(path: &str) -> Option<String> {
    let mut parts = path.split('/').filter(|part| !part.is_empty());
    let first = parts.next()?;
    let name = match first {
        "lxc" => parts.next()?,
        _ => first.strip_prefix("lxc.payload.")?,
    };
    is_name(name).then(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEX: &str = "3a1f0c5b9d7e2a4860c1d3f5b7a9e8c6d4f2013579bdf02468ace13579bdf024";

    fn run_by(text: &str) -> (Option<String>, Option<String>) {
        let RunBy { unit, container } = RunBy::parse(text.replace("ID", HEX).as_bytes());
        (unit, container.map(|name| if name == HEX { "ID".to_owned() } else { name }))
    }

    #[test]
    fn units_and_containers_are_told() {
        for (text, unit, container) in [
            ("0::/system.slice/nginx.service\n", Some("nginx.service"), None),
            (
                "0::/system.slice/system-getty.slice/getty@tty1.service\n",
                Some("getty@tty1.service"),
                None,
            ),
            ("0::/system.slice/a\\x2db.service/worker\n", Some("a\\x2db.service"), None),
            ("0::/user.slice/user-1000.slice/session-3.scope\n", Some("session-3.scope"), None),
            (
                "0::/user.slice/user-1000.slice/user@1000.service/app.slice/x.service\n",
                Some("user@1000.service"),
                None,
            ),
            // the unit is in systemd's own hierarchy where the unified one is empty
            (
                "4:memory:/system.slice/x.service\n1:name=systemd:/system.slice/x.service\n0::/\n",
                Some("x.service"),
                None,
            ),
            ("0::/system.slice/docker-ID.scope\n", None, Some("ID")),
            ("12:pids:/docker/ID\n1:name=systemd:/docker/ID\n0::/\n", None, Some("ID")),
            (
                "0::/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod1.slice/cri-containerd-ID.scope\n",
                None,
                Some("ID"),
            ),
            ("0::/kubepods/besteffort/pod1-2-3/ID\n", None, Some("ID")),
            (
                "0::/system.slice/containerd.service/kubepods-besteffort-pod1.slice:cri-containerd:ID\n",
                Some("containerd.service"),
                Some("ID"),
            ),
            ("0::/machine.slice/libpod-ID.scope/container\n", None, Some("ID")),
            ("0::/system.slice/web.service/libpod-payload-ID\n", Some("web.service"), Some("ID")),
            ("0::/lxc.payload.web1/system.slice/nginx.service\n", None, Some("web1")),
            ("3:cpu:/lxc/web1\n", None, Some("web1")),
            ("0::/system.slice/gone.service (deleted)\n", Some("gone.service"), None),
            ("0::/../../system.slice/outer.service\n", Some("outer.service"), None),
            ("0::/\n", None, None),
            ("", None, None),
        ] {
            let expected = (unit.map(str::to_owned), container.map(str::to_owned));
            assert_eq!(run_by(text), expected, "{text}");
        }
    }

    #[test]
    fn a_name_that_commands_is_no_name() {
        for part in [
            "$(id).service",
            "a b.service",
            "x;y.service",
            "-Hroot@evil.example.service",
            "\u{1b}[2J.service",
            ".service",
            "x.slice",
            "x",
        ] {
            assert_eq!(run_by(&format!("0::/system.slice/{part}\n")), (None, None), "{part}");
        }
        for name in ["$(id)", "-a"] {
            assert_eq!(run_by(&format!("0::/lxc.payload.{name}\n")), (None, None), "{name}");
        }
    }
}
