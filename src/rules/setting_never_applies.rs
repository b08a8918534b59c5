//! Lines that somebody wrote for a setting, and that set nothing.

use ephaudit_platform::boot::{Boot, Entry, Loader, Rejected, Rejection};

use crate::policy::Policy;
use crate::report::{About, Finding, Severity, Step, Verdict};
use crate::rule::boot::{each_boot, lines, weight};
use crate::rule::{Check, Facts, Need, Rule};
use crate::text::setting;

pub static RULE: Rule = Rule {
    name: "setting-never-applies",
    summary: "with --boot: a line that is meant for a setting never sets it",
    severity: |_| Severity::Medium,
    needs: &[Need::Boot],
    page: include_str!("setting-never-applies.md"),
    check: Check::Facts(check),
};

/// Endings of what editors, packages and administrators put by.
const BACKUPS: [&str; 16] = [
    "~",
    ".bak",
    ".backup",
    ".old",
    ".orig",
    ".save",
    ".disabled",
    ".off",
    ".swp",
    ".rpmsave",
    ".rpmnew",
    ".rpmorig",
    ".dpkg-old",
    ".dpkg-dist",
    ".dpkg-new",
    ".dpkg-bak",
];

fn check(facts: &Facts<'_>, _policy: &Policy) -> Verdict {
    each_boot(facts, |judgement, scope, boot| {
        for (key, alike) in never(boot) {
            let Some(first) = alike.first() else { continue };
            let mut evidence = lines(key, alike.iter().map(|l| (l.value.as_str(), &l.origin)));
            if evidence.is_empty() {
                continue;
            }
            let reason = first.rejection;
            let severity =
                if alike.iter().all(|line| is_backup(line)) { Severity::Info } else { weight(key) };
            let (one, many) = match reason {
                Rejection::Clamped => ("does not apply as written", "do not apply as written"),
                _ => ("never applies", "never apply"),
            };
            let title = match alike.len() {
                1 => format!("a line for {} at {} {one}", setting(key), first.origin.place()),
                count => format!("{count} lines for {} {many}", setting(key)),
            };
            let message = format!("{}: {}.", reason.name(), first.detail);
            judgement.found(
                Finding::new(
                    RULE.name,
                    severity,
                    scope,
                    &format!("{key}/{}", reason.name()),
                    evidence.remove(0),
                )
                .with_evidence(evidence)
                .concerning(About::setting(key))
                .says(title, message)
                .advises([Step::boot(step(reason))]),
            );
        }
    })
}

/// The lines that no loader applies though somebody meant them, by key and reason.
fn never(boot: &Boot) -> Vec<(&'static str, Vec<&Rejected>)> {
    let mut found: Vec<(&'static str, Vec<&Rejected>)> = Vec::new();
    for entry in &boot.entries {
        let others = || boot.entries.iter().filter(|o| o.key == entry.key);
        for line in entry.rejected.iter().filter(|line| is_mistake(line.rejection)) {
            let same = |known: &Rejected| known.origin == line.origin;
            // What systemd-sysctl replaces it never writes.
            let replaced = |other: &Entry| {
                other.loader == Loader::SystemdSysctl
                    && other.overridden.iter().any(|known| known.origin == line.origin)
            };
            if !others().all(|other| other.rejected.iter().any(same) || replaced(other)) {
                continue;
            }
            if found.iter().any(|(key, lines)| *key == entry.key && lines.iter().any(|l| same(l))) {
                continue;
            }
            let alike = found.iter_mut().find(|(key, lines)| {
                *key == entry.key && lines.iter().all(|l| l.rejection == line.rejection)
            });
            match alike {
                Some((_, lines)) => lines.push(line),
                None => found.push((entry.key, vec![line])),
            }
        }
    }
    found
}

/// Masks, replaced files and exclusions are somebody's will; the order of writes is a matter of
/// `boot-order-fails`; what one loader alone passes over, of `boot-depends-on-loader`.
const fn is_mistake(reason: Rejection) -> bool {
    !matches!(
        reason,
        Rejection::Masked
            | Rejection::Shadowed
            | Rejection::Excluded
            | Rejection::Order
            | Rejection::Dotfile
            | Rejection::NotReadByLoader
    )
}

fn is_backup(line: &Rejected) -> bool {
    let place = line.origin.source.location();
    line.rejection == Rejection::NotConf && BACKUPS.iter().any(|ending| place.ends_with(ending))
}

const fn step(reason: Rejection) -> &'static str {
    match reason {
        Rejection::ByteOrderMark => "save the file without a byte order mark",
        Rejection::NotConf => "name the file *.conf, or move it out of the folder",
        Rejection::NoSuchKey => "write the key that is meant, or remove the line",
        Rejection::NoAssignment => "write the line as KEY = VALUE",
        Rejection::QuotedValue | Rejection::QuotedKey => "remove the quotes",
        Rejection::SpaceInList => "write the list without spaces: 8080,9090",
        Rejection::Cut => {
            "shorten the list: write ranges, such as 8000-8100, instead of single ports"
        }
        Rejection::Clamped => "write a value that the kernel accepts",
        Rejection::Invalid => "correct the value, or remove the line",
        _ => {
            "write the key as sysctl prints it: in lower case, with dots, such as net.ipv4.ip_local_port_range"
        }
    }
}
