//! A setting that runs as one and is another in the files: made alike, either way.

use ephaudit_platform::boot::State;
use ephaudit_platform::ports::PortRange;

use super::{Bench, Change, boot, linux, list_with};
use crate::report::{Finding, Step};

impl Bench<'_> {
    /// To have a setting's boot value now, where that lowers no protection, or to keep the present
    /// one.
    pub(super) fn settle(
        &mut self,
        rule: &'static str,
        finding: &Finding,
        key: &'static str,
        now: &str,
        then: Option<&str>,
    ) -> Vec<Step> {
        let mut steps = Vec::new();
        let present = setting(key, now);
        if let Some(then) = then.filter(|then| is_plain(then)) {
            let value = setting(key, then);
            let lowers = match (&present, &value) {
                (Some(Change::Reserved(now)), Some(Change::Reserved(then))) => {
                    !now.difference(then).is_empty()
                }
                (Some(Change::UnprivilegedStart(now)), Some(Change::UnprivilegedStart(then))) => {
                    then < now
                }
                _ => false,
            };
            let safe = match value {
                Some(value) => {
                    self.kernel_takes(&value) && self.passes(rule, finding, &[value]).is_ok()
                }
                None => true,
            };
            if safe && !lowers {
                let command = format!("sysctl -w {key}='{}'", then.replace('\t', " "));
                let command = linux::run_in(self.scope, &command);
                steps.push(Step::now("to apply the boot value now").by(command));
            }
        }
        // A list keeps what the files reserve too: where it lacks some of that, both are set.
        let keep = match &present {
            Some(Change::Reserved(ports)) => {
                let both = list_with(self.snapshot, self.scope, ports);
                let both = both.filter(|list| list == ports || steps.is_empty());
                if let Some(both) = both.as_ref().filter(|list| *list != ports) {
                    let change = Change::Reserved(both.clone());
                    let short = both.spans().len() <= linux::SPANS_MAX;
                    if short && self.passes(rule, finding, std::slice::from_ref(&change)).is_ok() {
                        let mut both_now = vec![
                            Step::now("to reserve now what the files reserve too")
                                .by(linux::write(self.scope, &change)),
                        ];
                        let text = both.to_string();
                        both_now.extend(boot::lasting(
                            self.snapshot,
                            self.scope,
                            &[],
                            (key, &text),
                        ));
                        return both_now;
                    }
                }
                both.filter(|list| list == ports).map(|list| list.to_string())
            }
            _ => Some(now.replace('\t', " ")).filter(|now| is_plain(now)),
        };
        if let Some(keep) = keep {
            let or = if steps.is_empty() { "" } else { "or, " };
            let before = self.lowered_first(present.as_ref());
            let lasting = boot::lasting(self.snapshot, self.scope, &before, (key, &keep));
            // A line that is edited where it stands has none before it.
            let edits = |step: &Step| step.command.as_ref().is_some_and(|c| c.starts_with("sed "));
            let whole = before.is_empty() || !lasting.iter().any(edits);
            for step in lasting.into_iter().filter(|_| whole) {
                let words = format!("{or}to keep the running value, {}", step.words);
                steps.push(Step { words, ..step });
            }
        }
        steps
    }

    /// Whether write(2) takes the value now: the range begins at or above the unprivileged start
    /// (`ipv4_local_port_range()` and `ipv4_privileged_ports()`, net/ipv4/sysctl_net_ipv4.c).
    fn kernel_takes(&self, value: &Change) -> bool {
        match value {
            Change::Range(range) => {
                self.scope.unprivileged_start.known().is_none_or(|start| *start <= range.first())
            }
            Change::UnprivilegedStart(start) => self
                .scope
                .ephemeral()
                .all(|range| range.bounds.known().is_none_or(|bounds| *start <= bounds.first)),
            Change::Reserved(_) => true,
        }
    }

    /// The line that a file needs before its range, where that begins below the start that a boot
    /// gives.
    fn lowered_first(&self, value: Option<&Change>) -> Vec<String> {
        // PROT_SOCK (include/net/sock.h)
        const DEFAULT: u16 = 1024;
        let Some(Change::Range(range)) = value else { return Vec::new() };
        let start = Change::UnprivilegedStart(range.first());
        let entries = self.scope.boot.read().map_or(&[][..], |boot| &boot.entries);
        let at_boot = entries.iter().filter(|entry| entry.key == start.key()).map(|entry| {
            let State::Known { value, .. } = &entry.state else { return DEFAULT };
            value.parse().unwrap_or(DEFAULT)
        });
        if at_boot.max().unwrap_or(DEFAULT) <= range.first() {
            return Vec::new();
        }
        vec![format!("{} = {}", start.key(), start.text())]
    }
}

fn is_plain(value: &str) -> bool {
    let plain = |c: char| c.is_ascii_digit() || matches!(c, ' ' | '\t' | ',' | '-');
    !value.is_empty() && value.chars().all(plain)
}

/// A value as the kernel prints it.
fn setting(key: &str, value: &str) -> Option<Change> {
    match key {
        "net.ipv4.ip_local_port_range" => {
            let (first, last) = value.split_once(['\t', ' '])?;
            let range = PortRange::new(first.trim().parse().ok()?, last.trim().parse().ok()?)?;
            Some(Change::Range(range))
        }
        "net.ipv4.ip_local_reserved_ports" => value.parse().ok().map(Change::Reserved),
        "net.ipv4.ip_unprivileged_port_start" => value.parse().ok().map(Change::UnprivilegedStart),
        _ => None,
    }
}
