//! What somebody typed in a terminal: a command behind a prompt, by name or by path.

pub(crate) const BLANKS: [char; 2] = [' ', '\t'];

/// Programs that run a command elsewhere.
const RUNNERS: [&str; 11] = [
    "ssh", "docker", "podman", "nerdctl", "kubectl", "oc", "crictl", "ip", "nsenter", "lxc",
    "incus",
];
/// The longest line that is looked at as a command, in bytes: people type shorter ones.
pub(crate) const COMMAND_MAX: usize = 4096;

/// The arguments of `tool` where a line is the echo of a command that runs it and nothing else:
/// after a prompt (`# `, `bash-3.00$ `, `host% `), `sudo` or `pfexec`, what runs it elsewhere (`docker
/// exec web1`), or at the head of the line; by name or by path.
pub(crate) fn echoed<'a>(
    line: &'a str,
    tool: &str,
) -> Option<impl Iterator<Item = &'a str> + use<'a>> {
    ran(line, tool).map(|(_, arguments)| arguments)
}

/// The same with what stands before the program.
pub(crate) fn ran<'a>(
    line: &'a str,
    tool: &str,
) -> Option<(&'a str, impl Iterator<Item = &'a str> + use<'a>)> {
    let prompt = |c: char| matches!(c, '#' | '$' | '%' | '>');
    let short = (line.len() <= COMMAND_MAX).then(|| line.trim_matches(BLANKS));
    let line = short.filter(|line| line.contains(tool))?;
    let mut from = 0;
    loop {
        let rest = &line[from..];
        let word = rest.split(BLANKS).next().unwrap_or_default();
        let after = from + word.len();
        // A prompt may stand against the command: `#ndd`.
        let command = word.rsplit(prompt).next().unwrap_or_default();
        let base = command.rsplit('/').next().unwrap_or_default();
        let before = line[..after - command.len()].trim_end_matches(BLANKS);
        if base == tool {
            let runs = before.is_empty()
                || before.ends_with(prompt)
                || runner(before)
                || leads_elsewhere(before);
            let arguments = || line[after..].split(BLANKS).filter(|word| !word.is_empty());
            return runs.then(|| (before, arguments()));
        }
        from = after + (line[after..].len() - line[after..].trim_start_matches(BLANKS).len());
        if from == line.len() {
            return None;
        }
    }
}

/// Whether the last word is one that runs the command after it.
fn runner(before: &str) -> bool {
    let prompt = |c: char| c.is_ascii_whitespace() || matches!(c, '#' | '$' | '%' | '>');
    before.rsplit(prompt).next().is_some_and(|word| matches!(word, "sudo" | "pfexec" | "doas"))
}

/// Whether the words behind a prompt run a command elsewhere: `docker exec web1`, `ssh web1`.
fn leads_elsewhere(before: &str) -> bool {
    let command = behind_prompt(before).1;
    let first = command.split(BLANKS).find(|word| !matches!(*word, "" | "sudo" | "doas"));
    first.is_some_and(runs_elsewhere)
}

/// Whether a word is a program that runs a command elsewhere.
pub(crate) fn runs_elsewhere(word: &str) -> bool {
    RUNNERS.contains(&word.rsplit('/').next().unwrap_or(word))
}

/// A line in two: what its prompt is, and what stands behind it.
pub(crate) fn behind_prompt(before: &str) -> (&str, &str) {
    let ends = |(at, c): &(usize, char)| {
        matches!(c, '#' | '$' | '%' | '>')
            && before[at + 1..].chars().next().is_none_or(|next| BLANKS.contains(&next))
    };
    match before.char_indices().rfind(ends) {
        Some((at, _)) => (&before[..at], &before[at + 1..]),
        None => ("", before),
    }
}
