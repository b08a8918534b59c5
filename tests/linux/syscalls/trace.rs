//! The lines that strace(1) writes with `-f -y`, held against the lists.

use super::allowed::Group;

/// One system call as it was entered.
pub(super) struct Call<'a> {
    pub(super) name: &'a str,
    args: &'a str,
    /// What came back, where it came back on the same line.
    result: &'a str,
}

impl<'a> Call<'a> {
    /// `PID NAME(ARGUMENTS) = RESULT`; ends, signals and the second half of a call are none.
    pub(super) fn of(line: &'a str) -> Option<Self> {
        let (_, said) = line.split_once(' ')?;
        let (name, rest) = said.trim_start().split_once('(')?;
        let is_name = name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
        let (args, result) = rest.rsplit_once(" = ").unwrap_or((rest, ""));
        is_name.then_some(Self { name, args, result })
    }

    fn has(&self, word: &str) -> bool {
        self.args.contains(word)
    }

    /// The path of what was opened: where the kernel says that it led, or what was asked for where
    /// nothing came back.
    fn path(&self) -> String {
        if let Some((_, path)) = self.result.split_once('<') {
            return path.trim_end().trim_end_matches('>').to_owned();
        }
        let folder = self.args.split_once('<').and_then(|(_, rest)| rest.split_once('>'));
        let asked = self.args.split('"').nth(1).unwrap_or_default();
        match folder {
            Some((folder, _)) if !asked.starts_with('/') => {
                format!("{}/{asked}", folder.trim_end_matches('/'))
            }
            _ => asked.to_owned(),
        }
    }
}

/// What a command may do.
#[derive(Clone, Copy)]
pub(super) struct Trace<'a> {
    pub(super) groups: &'a [&'a Group],
    /// The folder of what the command line names, and of the outputs.
    pub(super) own: &'a str,
    pub(super) names_files: bool,
    pub(super) writes: bool,
    pub(super) probes: bool,
}

/// What is wrong with a call, the `index`th of its command.
pub(super) fn wrong(trace: &Trace<'_>, index: usize, call: &Call<'_>) -> Option<String> {
    let Call { name, args, result } = call;
    let line = || format!("{name}({args} = {result}");
    if !trace.groups.iter().any(|group| group.calls.contains(name)) {
        return Some(format!("{name} is on no list: {}", line()));
    }
    let inside = |path: &str| path.starts_with(trace.own);
    let complaint = match *name {
        "execve" => (index > 0).then_some("executes another program"),
        "open" | "openat" | "openat2" => opened(trace, call),
        "socket" => {
            let dumps = call.has("AF_NETLINK") && call.has("NETLINK_SOCK_DIAG");
            let asks = trace.probes && args.starts_with("AF_INET");
            (!(dumps || asks)).then_some("a socket of another kind")
        }
        "bind" | "connect" => {
            let loopback = call.has("inet_addr(\"127.0.0.1\")") || call.has("\"::1\"");
            let allowed = call.has("sa_family=AF_NETLINK") || (trace.probes && loopback);
            (!allowed).then_some("goes to another address")
        }
        "ioctl" => {
            let terminal = call.has("TIOCGWINSZ") || call.has("TCGETS");
            (!terminal).then_some("an ioctl that is not about the terminal's width")
        }
        "write" => {
            // No call on a list makes a pipe: it is the one that the test reads from.
            let said = ["1<", "2<"].iter().any(|fd| args.starts_with(fd)) || call.has("<pipe:[");
            let file = args.split_once('<').is_some_and(|(_, path)| inside(path));
            let allowed = said || (trace.writes && file);
            (!allowed).then_some("writes somewhere else")
        }
        "mmap" => call.has("MAP_SHARED").then_some("maps what others see"),
        "prlimit64" => (!call.has(", NULL, {")).then_some("sets a limit"),
        "clone3" => (!call.has("CLONE_THREAD")).then_some("starts a process"),
        "fsopen" => (!args.starts_with("\"proc\"")).then_some("mounts something else than proc"),
        "setns" => (!call.has("CLONE_NEWNET")).then_some("enters another kind of namespace"),
        "renameat" | "renameat2" | "linkat" | "unlink" | "unlinkat" | "fchmod" => {
            let named = args.split(['"', '<', '>']).filter(|part| part.starts_with('/'));
            (!named.into_iter().all(|path| inside(path) || path.starts_with("/proc/self/fd/")))
                .then_some("changes what is not its own")
        }
        _ => None,
    };
    complaint.map(|what| format!("{what}: {}", line()))
}

fn opened(trace: &Trace<'_>, call: &Call<'_>) -> Option<&'static str> {
    const WRITING: [&str; 6] =
        ["O_WRONLY", "O_RDWR", "O_CREAT", "O_TRUNC", "O_APPEND", "O_TMPFILE"];
    let path = call.path();
    let own = path.starts_with(trace.own);
    if WRITING.iter().any(|flag| call.has(flag)) {
        return (!(trace.writes && own)).then_some("opens for writing");
    }
    let on_the_way = trace.writes && call.has("O_PATH") && trace.own.starts_with(&path);
    let listed = trace.groups.iter().flat_map(|group| group.opens).any(|list| fits(list, &path));
    let allowed = listed || on_the_way || (own && (trace.names_files || trace.writes));
    (!allowed).then_some("opens what is on no list")
}

fn fits(pattern: &str, path: &str) -> bool {
    let mut parts = path.split('/');
    for wanted in pattern.split('/') {
        if wanted == "**" {
            return parts.next().is_some();
        }
        let Some(part) = parts.next() else { return false };
        let number = || part.bytes().all(|b| b.is_ascii_digit()) || part == "self";
        let fits = match wanted.strip_suffix('*') {
            Some(start) => part.starts_with(start),
            None => wanted == part || (wanted == "PID" && number()),
        };
        if !fits {
            return false;
        }
    }
    parts.next().is_none()
}
