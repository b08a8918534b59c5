//! Command lines that change a setting. Most print nothing: what was shown before one of them holds
//! no more, and only what is shown after it does.

use super::netsh::Kind;
use super::sysctl_text::lines;
use super::typed::{BLANKS, COMMAND_MAX, echoed};
use crate::snapshot::{Family, Transport};

/// What a command line changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Change {
    /// A tunable of sysctl(8) or no(1), by its name.
    Tunable(String),
    /// A property of ipadm, with underscores.
    Property { proto: String, property: String },
    /// A tunable of ndd.
    Ndd { device: String, name: String },
    /// Tables of netsh; `None` is each of them.
    Table { kind: Option<Kind>, family: Option<Family>, transport: Option<Transport> },
    /// The settings of PowerShell.
    Templates(Transport),
}

/// Every change in the order of the text, with its line.
pub(crate) fn writes(text: &str) -> impl Iterator<Item = (usize, Change)> {
    lines(text).filter(|line| line.text.len() <= COMMAND_MAX).flat_map(|line| {
        let text = line.text;
        let written = [by_sysctl, into_proc, by_systemd, by_no, by_ndd, by_ipadm, on_windows]
            .into_iter()
            .find_map(|read| Some(read(text)).filter(|written| !written.is_empty()));
        written.unwrap_or_default().into_iter().map(move |written| (line.number, written))
    })
}

/// `sysctl [-w] NAME=VALUE …`.
fn by_sysctl(line: &str) -> Vec<Change> {
    let Some(words) = echoed(line, "sysctl") else { return Vec::new() };
    let set = words.filter_map(|word| word.trim_start_matches(['"', '\'']).split_once('='));
    set.filter(|(name, _)| name.contains(['.', '/']) && !name.starts_with('-'))
        .map(|(name, _)| Change::Tunable(name.trim_end_matches(['+', '-']).replace('/', ".")))
        .collect()
}

/// `… > /proc/sys/NAME`, `… | tee /proc/sys/NAME`.
fn into_proc(line: &str) -> Vec<Change> {
    const SYSCTLS: &str = "/proc/sys/";
    if !line.contains(SYSCTLS) {
        return Vec::new();
    }
    let (mut into, mut changes) = (false, Vec::new());
    for word in line.split(BLANKS).map(|word| word.trim_matches(['"', '\'', ';', ')', '('])) {
        let behind = word.rsplit('>').next().unwrap_or(word);
        into |= behind.len() < word.len();
        if let Some(name) = behind.strip_prefix(SYSCTLS).filter(|_| into) {
            changes.push(Change::Tunable(name.replace('/', ".")));
        }
        into = match behind.rsplit('/').next() {
            Some("tee") => true,
            Some("") => word.ends_with('>'),
            // tee takes several files.
            _ => into && (behind.starts_with('-') || behind.starts_with(SYSCTLS)),
        };
    }
    changes
}

/// What systemd-sysctl says while it writes: `Setting 'NAME' to 'VALUE'`.
fn by_systemd(line: &str) -> Vec<Change> {
    let set = line.split_once("Setting '").and_then(|(_, rest)| rest.split_once("' to '"));
    let named = set.filter(|(name, _)| !name.is_empty() && !name.contains(BLANKS));
    Vec::from_iter(named.map(|(name, _)| Change::Tunable(name.replace('/', "."))))
}

/// `no [-p] -o NAME=VALUE …`, `no [-p] -d NAME`, and what it reports: `Setting NAME to VALUE`. With
/// `-r` alone it is of the next boot.
fn by_no(line: &str) -> Vec<Change> {
    let reported = line.trim().strip_prefix("Setting ").and_then(|text| text.split_once(" to "));
    if let Some((name, value)) = reported {
        let now = !value.ends_with("nextboot file") && !name.contains(' ');
        return Vec::from_iter(now.then(|| Change::Tunable(name.to_owned())));
    }
    let Some(words) = echoed(line, "no") else { return Vec::new() };
    let words: Vec<&str> = words.collect();
    let has = |letter: char| {
        words.iter().any(|word| {
            word.strip_prefix('-')
                .is_some_and(|letters| letters.len() < 4 && letters.contains(letter))
        })
    };
    if has('r') && !has('p') {
        return Vec::new();
    }
    let named = words.iter().zip(words.iter().skip(1)).filter_map(|(option, word)| match *option {
        option if option.starts_with('-') && option.ends_with('o') => word.split_once('='),
        option if option.starts_with('-') && option.ends_with('d') => Some((*word, "")),
        _ => None,
    });
    named.map(|(name, _)| Change::Tunable(name.to_owned())).collect()
}

/// `ndd -set DEVICE NAME VALUE`.
fn by_ndd(line: &str) -> Vec<Change> {
    let mut words = echoed(line, "ndd").into_iter().flatten();
    match (words.next(), words.next(), words.next(), words.next()) {
        (Some("-set"), Some(device), Some(name), Some(_)) => {
            vec![Change::Ndd { device: device.to_owned(), name: name.to_owned() }]
        }
        _ => Vec::new(),
    }
}

/// `ipadm set-prop [-t] -p PROPERTY[+|-]=VALUE,… PROTOCOL`, and `reset-prop`.
fn by_ipadm(line: &str) -> Vec<Change> {
    let Some(words) = echoed(line, "ipadm") else { return Vec::new() };
    let words: Vec<&str> = words.collect();
    let [command, .., proto] = words[..] else { return Vec::new() };
    if !matches!(command, "set-prop" | "reset-prop") {
        return Vec::new();
    }
    // The values of a list are parted by commas too: they are no names of properties.
    let after = words.iter().zip(words.iter().skip(1));
    let list = after.filter(|(option, _)| option.starts_with('-') && option.ends_with('p'));
    let names = list.flat_map(|(_, list)| list.split(','));
    names
        .map(|name| name.split(['=', '+']).next().unwrap_or_default())
        .map(|name| Change::Property {
            proto: proto.to_owned(),
            property: name.trim_end_matches('-').replace('-', "_"),
        })
        .collect()
}

/// `netsh interface ipv4 set dynamicport tcp …`, `… add excludedportrange …`, `net stop winnat`,
/// `Set-NetTCPSetting …`.
fn on_windows(line: &str) -> Vec<Change> {
    let line = line.to_ascii_lowercase();
    let runs = |tool: &str| echoed(&line, tool).is_some();
    if runs("set-nettcpsetting") {
        return vec![Change::Templates(Transport::Tcp)];
    }
    if runs("set-netudpsetting") {
        return vec![Change::Templates(Transport::Udp)];
    }
    let words = || line.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    let has = |any: &[&str]| words().any(|word| any.contains(&word));
    let (family, transport) = (|| one(Family::ALL, &has), || one(Transport::ALL, &has));
    let kind = if (runs("net") || runs("net.exe")) && has(&["winnat", "hns"]) {
        // The blocks of services come and go with them.
        return vec![Change::Table {
            kind: Some(Kind::ExcludedPorts),
            family: None,
            transport: None,
        }];
    } else if !(runs("netsh") || runs("netsh.exe")) {
        return Vec::new();
    } else if has(&["set", "add", "delete", "del"]) {
        let begins = |beginning| words().any(|word| word.starts_with(beginning));
        match (begins("dyn"), begins("exc")) {
            (true, false) => Some(Kind::DynamicPort),
            (false, true) => Some(Kind::ExcludedPorts),
            _ => return Vec::new(),
        }
    } else if has(&["reset"]) {
        None
    } else {
        return Vec::new();
    };
    vec![Change::Table { kind, family: family(), transport: transport() }]
}

/// The only one that is named.
fn one<T: Named>(all: &[T], has: &impl Fn(&[&str]) -> bool) -> Option<T> {
    let mut named = all.iter().copied().filter(|item| has(item.names()));
    let first = named.next()?;
    named.next().is_none().then_some(first)
}

/// What a command line calls it.
trait Named: Copy {
    fn names(&self) -> &'static [&'static str];
}

impl Named for Family {
    fn names(&self) -> &'static [&'static str] {
        match self {
            // `netsh interface ip` is the older name of ipv4's context.
            Self::Ipv4 => &["ipv4", "ip"],
            Self::Ipv6 => &["ipv6"],
        }
    }
}

impl Named for Transport {
    fn names(&self) -> &'static [&'static str] {
        match self {
            Self::Tcp => &["tcp"],
            Self::Udp => &["udp"],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(line: &str) -> Vec<Change> {
        writes(line).map(|(_, written)| written).collect()
    }

    #[test]
    fn each_programs_changes_are_seen() {
        let tunable = |name: &str| Change::Tunable(name.to_owned());
        let property = |property: &str| Change::Property {
            proto: "tcp".to_owned(),
            property: property.to_owned(),
        };
        let table = |kind, family, transport| Change::Table { kind, family, transport };
        for (line, wanted) in [
            ("# sysctl -w net.inet.ip.portfirst=1", vec![tunable("net.inet.ip.portfirst")]),
            (
                "# sysctl net.inet.tcp.baddynamic=+8080 a.b=2",
                vec![tunable("net.inet.tcp.baddynamic"), tunable("a.b")],
            ),
            (
                "# no -p -o tcp_ephemeral_low=9000 -o tcp_ephemeral_high=65500",
                vec![tunable("tcp_ephemeral_low"), tunable("tcp_ephemeral_high")],
            ),
            ("Setting tcp_ephemeral_low to 9000", vec![tunable("tcp_ephemeral_low")]),
            ("# echo 1 2 > /proc/sys/net/ipv4/a", vec![tunable("net.ipv4.a")]),
            ("# echo 1 2 >/proc/sys/net/ipv4/a", vec![tunable("net.ipv4.a")]),
            ("# echo '1 2' | sudo tee -a /proc/sys/net/ipv4/a", vec![tunable("net.ipv4.a")]),
            ("$ sudo sh -c \"echo 1 > /proc/sys/net/ipv4/a\"", vec![tunable("net.ipv4.a")]),
            (
                "Nov 28 01:02:03 web1 systemd-sysctl[4]: Setting 'net/ipv4/a' to '1 2'",
                vec![tunable("net.ipv4.a")],
            ),
            ("# no -d tcp_ephemeral_low", vec![tunable("tcp_ephemeral_low")]),
            (
                "# ndd -set /dev/tcp tcp_smallest_anon_port 9000",
                vec![Change::Ndd {
                    device: "/dev/tcp".to_owned(),
                    name: "tcp_smallest_anon_port".to_owned(),
                }],
            ),
            (
                "# pfexec ipadm set-prop -t -p smallest_anon_port=9000,largest-anon-port=65500 tcp",
                vec![property("smallest_anon_port"), property("largest_anon_port")],
            ),
            ("# ipadm set-prop -p extra_priv_ports+=8080 tcp", vec![property("extra_priv_ports")]),
            (
                "C:\\>netsh int ipv4 set dynamicport tcp start=49152 num=16384",
                vec![table(Some(Kind::DynamicPort), Some(Family::Ipv4), Some(Transport::Tcp))],
            ),
            (
                "PS C:\\> netsh.exe int ipv6 delete excludedportrange protocol=udp startport=1 numberofports=1",
                vec![table(Some(Kind::ExcludedPorts), Some(Family::Ipv6), Some(Transport::Udp))],
            ),
            (
                "netsh interface ipv4>add exc tcp 8080 1",
                vec![table(Some(Kind::ExcludedPorts), Some(Family::Ipv4), Some(Transport::Tcp))],
            ),
            ("C:\\>net stop winnat", vec![table(Some(Kind::ExcludedPorts), None, None)]),
            ("C:\\>netsh int ipv4 reset", vec![table(None, Some(Family::Ipv4), None)]),
            (
                "PS C:\\> Set-NetUDPSetting -DynamicPortRangeStartPort 1025",
                vec![Change::Templates(Transport::Udp)],
            ),
        ] {
            assert_eq!(of(line), wanted, "{line}");
        }
    }

    #[test]
    fn what_shows_a_setting_or_is_of_the_next_boot_changes_nothing_now() {
        for line in [
            "# sysctl net.inet.ip.portfirst",
            "# cat /proc/sys/net/ipv4/a > /tmp/a",
            "# cat /proc/sys/net/ipv4/a | tee /tmp/a",
            "# grep -r . /proc/sys/net/ipv4 2>/dev/null",
            "# no -r -o tcp_ephemeral_low=9000",
            "# no -o tcp_ephemeral_low",
            "Setting tcp_ephemeral_low to 9000 in nextboot file",
            "# no -a",
            "# ndd -get /dev/tcp tcp_smallest_anon_port",
            "# ipadm show-prop -p smallest_anon_port tcp",
            "C:\\>netsh int ipv4 show dynamicport tcp",
            "To repair it, run netsh int ipv4 set dynamicport tcp start=49152 num=16384",
            "C:\\>net start",
        ] {
            assert_eq!(of(line), [], "{line}");
        }
    }
}
