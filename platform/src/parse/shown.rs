//! Values that a text shows beside the name of their file, or below the command that asked for
//! them: `grep -r . /proc/sys/net`, `head` of several files, `cat /proc/sys/…` and `sysctl -n`.
//!
//! cat(1) and `sysctl -n` print no names. A value is told by its place below the echoed command,
//! so a block of several is read only where it has as many lines as were asked for.

use super::sysctl_text::{PrintedLine, lines};
use super::typed::{BLANKS, echoed};

/// Where Linux keeps its sysctls.
const SYSCTLS: &str = "/proc/sys/";

/// More values of one command than anybody asks for.
const ASKED_MAX: usize = 64;
/// More lines than so many values and as many complaints take.
const BLOCK_MAX: usize = 4 * ASKED_MAX;

/// A value, and the name that it is of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ShownValue<'a> {
    /// The number of the line, from 1.
    pub line: usize,
    /// The name with dots, such as `net.ipv4.ip_local_port_range`.
    pub name: String,
    /// What was shown; `None` where what stands there cannot be told from another's.
    pub value: Option<&'a str>,
    /// See [`PrintedLine::whole`].
    pub whole: bool,
}

/// Every value in the order of the text.
pub(crate) fn values(text: &str) -> Vec<ShownValue<'_>> {
    let mut lines = lines(text);
    let mut shown = Vec::new();
    while let Some(line) = lines.next() {
        if let Some(names) = asked(line.text) {
            let below: Vec<PrintedLine<'_>> = lines.clone().take(BLOCK_MAX).collect();
            below_command(&names, &below, &mut shown);
        } else if let Some(name) = headed(line.text) {
            let below = lines.clone().next().filter(|next| headed(next.text).is_none());
            shown.extend(below.map(|next| {
                let whole = next.whole;
                ShownValue { line: next.number, name, value: Some(next.text), whole }
            }));
        } else {
            shown.extend(of_grep(&line));
        }
    }
    shown
}

/// Whether the line is the echo of a command whose output is read here.
pub(crate) fn is_command(line: &str) -> bool {
    asked(line).is_some() || echoed(line, "grep").is_some_and(|mut words| words.any(is_sysctl))
}

fn is_sysctl(word: &str) -> bool {
    word.starts_with(SYSCTLS)
}

/// `PATH:VALUE`.
fn of_grep<'a>(line: &PrintedLine<'a>) -> Option<ShownValue<'a>> {
    let (path, value) = line.text.split_once(':')?;
    let (number, whole) = (line.number, line.whole);
    Some(ShownValue { line: number, name: name_of(path)?, value: Some(value), whole })
}

/// `==> PATH <==`, which head(1) and tail(1) print above each of several files.
fn headed(line: &str) -> Option<String> {
    name_of(line.strip_prefix("==> ")?.strip_suffix(" <==")?)
}

fn name_of(path: &str) -> Option<String> {
    let key = path.strip_prefix(SYSCTLS)?;
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-' | '/');
    (!key.is_empty() && key.chars().all(plain)).then(|| key.replace('/', "."))
}

/// The names that the echo of `cat` or `sysctl -n` asks for, in order.
fn asked(line: &str) -> Option<Vec<String>> {
    let names: Option<Vec<String>> = if let Some(words) = echoed(line, "cat") {
        words.map(name_of).collect()
    } else {
        let words: Vec<&str> = echoed(line, "sysctl")?.collect();
        let (options, names): (Vec<&str>, Vec<&str>) =
            words.into_iter().partition(|word| word.starts_with('-'));
        let alone = options.iter().any(|word| *word == "-n" || *word == "--values");
        let plain =
            |name: &&str| name.contains(['.', '/']) && !name.contains(['=', '|', '>', ';', '*']);
        let whole = alone && options.len() == 1 && names.iter().all(plain);
        whole.then(|| names.into_iter().map(|name| name.replace('/', ".")).collect())
    };
    names.filter(|names| (1..=ASKED_MAX).contains(&names.len()))
}

/// A line that a program wrote to standard error.
fn complains(line: &str) -> bool {
    ["cat: ", "sysctl: ", "error: "].iter().any(|who| line.starts_with(who))
}

/// A line that no value can be: a prompt, perhaps with a command behind it.
fn is_prompt(line: &str) -> bool {
    let first = line.split(BLANKS).find(|word| word.ends_with(['#', '$', '%', '>']));
    first.is_some() || is_command(line)
}

fn below_command<'a>(names: &[String], below: &[PrintedLine<'a>], shown: &mut Vec<ShownValue<'a>>) {
    let end = below.iter().position(|line| is_prompt(line.text)).unwrap_or(below.len());
    let (complaints, outputs): (Vec<&PrintedLine<'a>>, Vec<&PrintedLine<'a>>) =
        below[..end].iter().partition(|line| complains(line.text));
    let key = |name: &str| name.replace('.', "/");
    let refused = |name: &&String| {
        complaints.iter().any(|line| line.text.contains(&**name) || line.text.contains(&key(name)))
    };
    let names: Vec<&String> = names.iter().filter(|name| !refused(name)).collect();
    // Blank lines at the end part this command's output from what comes next.
    let blank = |line: &&&PrintedLine<'_>| line.text.trim_matches(BLANKS).is_empty();
    let trailing = outputs.iter().rev().take_while(blank).count();
    let fits = (outputs.len() - trailing..=outputs.len()).contains(&names.len());
    for (at, name) in names.iter().enumerate() {
        let Some(line) = outputs.get(at) else { break };
        let certain = fits || names.len() == 1;
        shown.push(ShownValue {
            line: line.number,
            name: (*name).clone(),
            value: certain.then_some(line.text),
            whole: line.whole,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> Vec<(String, Option<&str>)> {
        values(text).into_iter().map(|shown| (shown.name, shown.value)).collect()
    }

    const RANGE: &str = "net.ipv4.ip_local_port_range";
    const LIST: &str = "net.ipv4.ip_local_reserved_ports";

    #[test]
    fn a_value_is_of_the_file_or_the_name_that_was_asked_for() {
        for text in [
            "# cat /proc/sys/net/ipv4/ip_local_port_range\n1 2\n# cat /proc/sys/net/ipv4/ip_local_reserved_ports\n\n",
            "$ sudo cat /proc/sys/net/ipv4/ip_local_port_range /proc/sys/net/ipv4/ip_local_reserved_ports\n1 2\n\n$ date\n",
            "[root@web1 ~]# sysctl -n net.ipv4.ip_local_port_range net/ipv4/ip_local_reserved_ports\n1 2\n\n",
            "/proc/sys/net/ipv4/ip_local_port_range:1 2\n/proc/sys/net/ipv4/ip_local_reserved_ports:\n",
            "==> /proc/sys/net/ipv4/ip_local_port_range <==\n1 2\n\n==> /proc/sys/net/ipv4/ip_local_reserved_ports <==\n\n",
        ] {
            let wanted = [(RANGE.to_owned(), Some("1 2")), (LIST.to_owned(), Some(""))];
            assert_eq!(shown(text), wanted, "{text}");
        }
    }

    #[test]
    fn what_was_refused_takes_no_other_value() {
        let text = "# cat /proc/sys/net/ipv4/ip_local_port_range /proc/sys/net/ipv4/ip_local_reserved_ports\ncat: /proc/sys/net/ipv4/ip_local_port_range: Permission denied\n8080\n";
        assert_eq!(shown(text), [(LIST.to_owned(), Some("8080"))]);
        // Where standard error was not kept, nothing says whose the one line is.
        let text = "# sysctl -n net.ipv4.ip_local_port_range net.ipv4.ip_local_reserved_ports\n8080\n# date\n";
        assert_eq!(shown(text), [(RANGE.to_owned(), None)]);
    }

    #[test]
    fn what_was_cut_is_not_shown_and_other_commands_give_nothing() {
        for text in [
            "# cat /proc/sys/net/ipv4/ip_local_reserved_ports",
            "# cat /proc/sys/net/ipv4/ip_local_reserved_ports\n# date\n",
            "# cat /etc/hosts\n1 2\n",
            "# sysctl -n -e net.ipv4.x=1\n1 2\n",
            "the cat /proc/sys/net/ipv4/ip_local_port_range sat\n",
            "grep: /proc/sys/net/ipv4/ip_local_port_range: Permission denied\n",
        ] {
            assert_eq!(shown(text), [], "{text}");
        }
    }
}
