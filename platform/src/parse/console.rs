//! Where the commands of a text ran: on which host, and in which container or namespace of it.

use super::lines::Lines;
use super::typed::{BLANKS, COMMAND_MAX, behind_prompt, ran, runs_elsewhere};

/// The programs whose output tells settings and sockets.
const TOOLS: [&str; 5] = ["sysctl", "cat", "grep", "ss", "netstat"];
/// What tells a line of a log that holds a setting.
const SETTING: &str = "net.ipv4.";

/// Where a command ran, as far as its line tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Ran {
    host: Option<String>,
    /// The words that lead into a container or namespace; none where it ran on the host itself.
    inside: String,
}

/// The first two lines whose output is of different hosts or namespaces, and what they are of.
pub(crate) fn two_places(text: &[u8]) -> Option<[(usize, String); 2]> {
    let mut first: Option<(usize, Ran)> = None;
    for line in Lines::new(text).filter(|line| line.text.len() <= COMMAND_MAX) {
        let Some(place) = Ran::of(&String::from_utf8_lossy(line.text)) else { continue };
        match &mut first {
            None => first = Some((line.number, place)),
            Some((number, known)) if known.differs(&place) => {
                return Some([(*number, known.words()), (line.number, place.words())]);
            }
            Some((_, known)) => known.host = known.host.take().or(place.host),
        }
    }
    None
}

impl Ran {
    fn of(line: &str) -> Option<Self> {
        let of_tool = |tool: &&str| {
            let (before, mut arguments) = ran(line, tool)?;
            let of_kernel =
                |word: &str| ["/proc/sys/", "/proc/net/"].iter().any(|path| word.starts_with(path));
            let tells = !matches!(*tool, "cat" | "grep") || arguments.any(of_kernel);
            tells.then(|| Self::before(before))
        };
        TOOLS.iter().find_map(of_tool).or_else(|| Self::heading(line)).or_else(|| Self::log(line))
    }

    fn before(before: &str) -> Self {
        let (prompt, command) = behind_prompt(before);
        let mut host = prompt.split(BLANKS).rev().find_map(|word| host(word.rsplit_once('@')?.1));
        let words = command.split(BLANKS).filter(|word| !matches!(*word, "" | "sudo" | "doas"));
        let is_plain = |word: &&str| !word.starts_with('-') || word.contains('=');
        let mut words: Vec<&str> = words.filter(is_plain).collect();
        if let ["ssh", .., target] = words[..] {
            host = self::host(target.rsplit('@').next().unwrap_or(target));
            words.clear();
        }
        let elsewhere = words.first().is_some_and(|word| runs_elsewhere(word));
        Self { host, inside: if elsewhere { words.join(" ") } else { String::new() } }
    }

    /// What Ansible sets above the output of a host: `web1 | CHANGED | rc=0 >>`, `ok: [web1] =>`.
    fn heading(line: &str) -> Option<Self> {
        let of_command = || {
            let (name, rest) = line.split_once(" | ")?;
            rest.trim_end().ends_with(">>").then_some(name)
        };
        let of_task = || {
            let (state, rest) = line.split_once(": [")?;
            let (name, rest) = rest.split_once(']')?;
            let is_state = matches!(state, "ok" | "changed" | "fatal");
            (is_state && rest.trim_start().starts_with("=>")).then_some(name)
        };
        let host = host(of_command().or_else(of_task)?)?;
        Some(Self { host: Some(host), inside: String::new() })
    }

    /// The host of a line in a log of the system's.
    fn log(line: &str) -> Option<Self> {
        let name = line.contains(SETTING).then(|| logged(line))??.0;
        Some(Self { host: host(name), inside: String::new() })
    }

    fn differs(&self, other: &Self) -> bool {
        let hosts = self.host.as_ref().zip(other.host.as_ref());
        self.inside != other.inside || hosts.is_some_and(|(one, other)| one != other)
    }

    fn words(&self) -> String {
        match (&self.host, &*self.inside) {
            (None, "") => "the host itself".to_owned(),
            (Some(host), "") => host.clone(),
            (_, inside) => format!("`{inside}`"),
        }
    }
}

/// The host of a line that syslog or journald wrote, and how long what stands before the message is:
/// `Nov 28 01:02:03 web1 audit[812]: `.
pub(crate) fn logged(line: &str) -> Option<(&str, usize)> {
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let month = line.get(..3).filter(|month| MONTHS.contains(month))?;
    // A day of one digit has two blanks before it.
    let rest = line[month.len()..].trim_start();
    let (day, rest) = rest.split_once(' ')?;
    let (clock, rest) = rest.split_once(' ')?;
    let (host, rest) = rest.split_once(' ')?;
    let (tag, message) = rest.split_once(' ')?;
    let is_clock = clock.len() >= 8
        && clock.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b':' | b'.'));
    let is_day = (1..=2).contains(&day.len()) && day.bytes().all(|byte| byte.is_ascii_digit());
    (is_day && is_clock && tag.ends_with(':')).then(|| (host, line.len() - message.len()))
}

/// The first label of a host's name.
fn host(word: &str) -> Option<String> {
    let name =
        word.split(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '_'))).next()?;
    (!name.is_empty()).then(|| name.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    const R: &str = "net.ipv4.ip_local_port_range";

    #[test]
    fn commands_of_two_places_are_told_apart() {
        for [one, other] in [
            ["root@web1:~# sysctl", "root@web2:~# sysctl"],
            ["[root@web1 ~]# sysctl", "[root@web2 ~]$ sudo sysctl"],
            ["$ ssh web1 sysctl", "$ ssh root@web2 sudo sysctl"],
            ["# sysctl", "# ip netns exec blue sysctl"],
            ["$ docker exec web1 sysctl", "$ docker exec -it db1 sysctl"],
            ["$ kubectl exec -n shop api-0 -- sysctl", "$ sysctl"],
        ] {
            let text = format!("{one} {R}\n{R} = 1\t2\n{other} {R}\n");
            let places = two_places(text.as_bytes()).unwrap_or_else(|| panic!("{text}"));
            assert_eq!(places.map(|(line, _)| line), [1, 3], "{text}");
        }
        let ansible = "web1 | CHANGED | rc=0 >>\na = 1\nweb2 | CHANGED | rc=0 >>\na = 1\n";
        let wanted = [(1, "web1".to_owned()), (3, "web2".to_owned())];
        assert_eq!(two_places(ansible.as_bytes()), Some(wanted));
        let log =
            format!("Nov  8 01:02:03 web1 a[1]: {R} = 1\nNov  8 01:02:03 web2 a[1]: {R} = 1\n");
        assert!(two_places(log.as_bytes()).is_some());
    }

    #[test]
    fn one_place_is_one() {
        for [one, other] in [
            ["root@web1:~# sysctl", "[root@web1 ~]# sysctl"],
            ["root@web1.example.com:~# sysctl", "root@WEB1:~# ss -tuanp"],
            ["me@laptop:~$ ssh web1", "root@web1:~# sysctl"],
            ["me@laptop:~$ ssh web1 sysctl", "root@web1:~# sysctl"],
            ["$ docker exec web1 sysctl", "$ sudo docker exec -it web1 ss -tuanp"],
            ["# sysctl", "$ cat /etc/hosts"],
            ["root@web1:~# sysctl", "root@web2:~# cat /etc/hosts"],
            ["ok: [web1]", "ok: [web2]"],
        ] {
            assert_eq!(
                two_places(format!("{one} {R}\n{other} {R}\n").as_bytes()),
                None,
                "{one} | {other}"
            );
        }
    }
}
