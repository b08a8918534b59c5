//! Numbers with a leading zero, which the kernel takes for octal.

use ephaudit_platform::boot::Written;

use crate::policy::Policy;
use crate::report::{About, Finding, Severity, Step, Verdict};
use crate::rule::boot::{each_boot, setting_line, weight};
use crate::rule::{Check, Facts, Need, Rule};
use crate::text::setting;

pub static RULE: Rule = Rule {
    name: "octal-number",
    summary: "with --boot: a number with a leading zero is read as octal",
    severity: |_| Severity::Medium,
    needs: &[Need::Boot],
    page: include_str!("octal-number.md"),
    check: Check::Facts(check),
};

fn check(facts: &Facts<'_>, _policy: &Policy) -> Verdict {
    each_boot(facts, |judgement, scope, boot| {
        for written in &boot.written {
            let misread = misread(written);
            if misread.is_empty() {
                continue;
            }
            let place = written.origin.place();
            let evidence = setting_line(written.key, &written.value, &written.origin);
            let title = format!("{}: {} at {place}", setting(written.key), misread.join(", "));
            let message = "The kernel reads numbers as strtoul(3) does: a leading 0 makes them \
                           octal, 0x hexadecimal.";
            let step = "write the number without leading zeros";
            judgement.found(
                Finding::new(
                    RULE.name,
                    weight(written.key),
                    scope,
                    &format!("{}/{place}", written.key),
                    evidence,
                )
                .concerning(About::setting(written.key))
                .says(title, message)
                .advises([Step::boot(step)]),
            );
        }
    })
}

/// What each octal number of a line means, where that is not what it looks like.
fn misread(written: &Written) -> Vec<String> {
    let looked_at = match written.key {
        "net.ipv4.ip_local_port_range" => 2,
        "net.ipv4.ip_local_reserved_ports" => usize::MAX,
        _ => 1,
    };
    let words = written.value.split(|c: char| !c.is_ascii_alphanumeric());
    let numbers = words.filter(|word| !word.is_empty()).take(looked_at);
    numbers.filter_map(meaning).take(10).collect()
}

fn meaning(word: &str) -> Option<String> {
    let digits = word.strip_prefix('0').filter(|rest| rest.bytes().all(|b| b.is_ascii_digit()))?;
    let plain: u64 = if digits.is_empty() { 0 } else { digits.parse().ok()? };
    match u64::from_str_radix(word, 8) {
        Ok(octal) if octal == plain => None,
        Ok(octal) => Some(format!("{word} means {octal}")),
        Err(_) => Some(format!("{word} is refused")),
    }
}
