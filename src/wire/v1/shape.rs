//! The shape of a host: what is set on it, in words that are the same wherever the same is set.
//! What was judged, who listens and where a value was read are no part of it.

use std::borrow::Cow;
use std::fmt::Write;

use serde::Deserialize;

use super::{Family, Scope, State, Transport};
use crate::text::digest;

/// What is set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shape {
    /// 16 hexadecimal digits, the same where the same is set.
    pub id: String,
    /// The settings.
    pub settings: String,
    /// Whether each of them is known.
    pub known: bool,
}

impl Shape {
    /// The shape that has these settings; `?` stands for what is not known.
    pub fn of(settings: String) -> Self {
        let known = settings.split([' ', ';']).all(|word| word != "?");
        Self { id: digest(&format!("shape1\n{settings}")), settings, known }
    }
}

/// A text that is borrowed where it has no escapes.
#[derive(Debug, Default, Deserialize)]
pub struct Text<'a>(#[serde(borrow)] pub Cow<'a, str>);

/// What of a namespace makes its shape.
#[derive(Debug, Deserialize)]
pub struct OwnScope<'a> {
    /// Its port ranges.
    #[serde(borrow)]
    pub ranges: Vec<RangeOf<'a>>,
    /// What is kept out.
    #[serde(borrow)]
    pub reserved: Vec<ReservedOf<'a>>,
    /// Whether ports are drawn at random.
    pub randomization: Vec<RandomOf>,
    /// The lowest port without privilege.
    pub unprivileged_start: NumberOf,
}

/// A range.
#[derive(Debug, Deserialize)]
pub struct RangeOf<'a> {
    #[serde(borrow)]
    role: Text<'a>,
    families: Vec<Family>,
    transports: Vec<Transport>,
    state: State,
    first: Option<u16>,
    last: Option<u16>,
}

/// A list of reserved ports.
#[derive(Debug, Deserialize)]
pub struct ReservedOf<'a> {
    #[serde(borrow)]
    kind: Text<'a>,
    families: Vec<Family>,
    transports: Vec<Transport>,
    state: State,
    spans: Vec<SpanOf>,
    #[serde(default)]
    truncated: bool,
}

#[derive(Debug, Deserialize)]
struct SpanOf {
    first: u16,
    last: u16,
}

/// A choice of randomization.
#[derive(Debug, Deserialize)]
pub struct RandomOf {
    families: Vec<Family>,
    transports: Vec<Transport>,
    state: State,
    random: Option<bool>,
}

/// A number.
#[derive(Debug, Clone, Copy, Deserialize)]
pub struct NumberOf {
    state: State,
    value: Option<u16>,
}

impl<'a> OwnScope<'a> {
    /// That of a namespace.
    pub fn of(scope: &'a Scope) -> Self {
        let ranges = scope.ranges.iter().map(|range| RangeOf {
            role: Text(Cow::Borrowed(&range.role)),
            families: range.families.clone(),
            transports: range.transports.clone(),
            state: range.state,
            first: range.first,
            last: range.last,
        });
        let reserved = scope.reserved.iter().map(|list| ReservedOf {
            kind: Text(Cow::Borrowed(&list.kind)),
            families: list.families.clone(),
            transports: list.transports.clone(),
            state: list.state,
            spans: list.spans.iter().map(|s| SpanOf { first: s.first, last: s.last }).collect(),
            truncated: list.truncated,
        });
        let randomization = scope.randomization.iter().map(|knob| RandomOf {
            families: knob.families.clone(),
            transports: knob.transports.clone(),
            state: knob.state,
            random: knob.random,
        });
        let start = &scope.unprivileged_start;
        Self {
            ranges: ranges.collect(),
            reserved: reserved.collect(),
            randomization: randomization.collect(),
            unprivileged_start: NumberOf { state: start.state, value: start.value },
        }
    }

    /// Its settings on such a system.
    pub fn settings(&self, os: &str) -> String {
        let mut words: Vec<String> = self.ranges.iter().map(RangeOf::words).collect();
        words.sort_unstable();
        let mut more: Vec<String> = self.reserved.iter().map(ReservedOf::words).collect();
        more.sort_unstable();
        words.append(&mut more);
        more.extend(self.randomization.iter().map(
            |RandomOf { families, transports, state, random }| {
                let random = random.map(|random| if random { "yes" } else { "no" });
                format!("random {} {}", governs(families, transports), value(*state, random))
            },
        ));
        more.sort_unstable();
        words.append(&mut more);
        let NumberOf { state, value: number } = &self.unprivileged_start;
        let number = number.map(|number| number.to_string());
        words.push(format!("start {}", value(*state, number.as_deref())));
        // Its name is from outside, and the separators are ours.
        let os = os.replace([' ', ';', '?'], "_");
        format!("{os}; {}", words.join("; "))
    }
}

impl RangeOf<'_> {
    fn words(&self) -> String {
        let Self { role, families, transports, state, first, last } = self;
        let bounds = first.zip(*last).map(|(first, last)| format!("{first}-{last}"));
        format!("{} {} {}", role.0, governs(families, transports), value(*state, bounds.as_deref()))
    }
}

impl ReservedOf<'_> {
    fn words(&self) -> String {
        let Self { kind, families, transports, state, spans, truncated } = self;
        let spans = (!truncated).then(|| merged(spans));
        format!("{} {} {}", kind.0, governs(families, transports), value(*state, spans.as_deref()))
    }
}

/// Only what is known has a value.
fn value(state: State, known: Option<&str>) -> &str {
    match state {
        State::Known => known.unwrap_or("?"),
        State::Absent => "-",
        State::Unknown => "?",
    }
}

fn governs(families: &[Family], transports: &[Transport]) -> String {
    let named = |families: &[(&'static str, bool)]| {
        let there = families.iter().filter(|(_, there)| *there).map(|(name, _)| *name);
        there.collect::<Vec<_>>().join(",")
    };
    let family = |family| families.contains(&family);
    let transport = |transport| transports.contains(&transport);
    let families = named(&[("4", family(Family::Ipv4)), ("6", family(Family::Ipv6))]);
    let both = [("tcp", transport(Transport::Tcp)), ("udp", transport(Transport::Udp))];
    format!("{families} {}", named(&both))
}

/// The longest list that is written out. A list of Linux may have 32,768 spans and 250 KB.
const SPANS_MAX: usize = 256;

/// `8080, 9000-9100`, in whichever pieces it was written; "none" where there is nothing, and a
/// digest of a list that is too long for a summary.
fn merged(spans: &[SpanOf]) -> String {
    let mut sorted: Vec<(u16, u16)> = spans.iter().map(|span| (span.first, span.last)).collect();
    sorted.sort_unstable();
    let mut whole: Vec<(u16, u16)> = Vec::with_capacity(sorted.len());
    for (first, last) in sorted {
        match whole.last_mut() {
            Some(before) if u32::from(first) <= u32::from(before.1) + 1 => {
                before.1 = before.1.max(last);
            }
            _ => whole.push((first, last)),
        }
    }
    let mut text = String::new();
    let count = whole.len();
    for (first, last) in whole {
        let comma = if text.is_empty() { "" } else { ", " };
        // Writing to a String does not fail.
        let _ = if first == last {
            write!(text, "{comma}{first}")
        } else {
            write!(text, "{comma}{first}-{last}")
        };
    }
    match count {
        0 => "none".to_owned(),
        1..=SPANS_MAX => text,
        _ => format!("{count} spans of digest {}", digest(&text)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(scope: &str) -> String {
        serde_json::from_str::<OwnScope<'_>>(scope).expect("a namespace").settings("linux")
    }

    fn scope(range: &str, spans: &str, start: &str) -> String {
        let governs = r#""families":["ipv6","ipv4"],"transports":["tcp","udp"]"#;
        format!(
            r#"{{"ranges":[{{"role":"ephemeral",{governs},{range}}}],
            "reserved":[{{"kind":"reserved",{governs},"state":"known","spans":[{spans}]}}],
            "randomization":[],"unprivileged_start":{start}}}"#
        )
    }

    const RANGE: &str = r#""state":"known","first":32768,"last":60999"#;
    const START: &str = r#"{"state":"known","value":1024}"#;

    #[test]
    fn the_same_ports_in_other_pieces_are_the_same_shape() {
        let one = settings(&scope(RANGE, r#"{"first":8080,"last":8082}"#, START));
        let pieces = r#"{"first":8082,"last":8082},{"first":8080,"last":8081}"#;
        assert_eq!(one, settings(&scope(RANGE, pieces, START)));
        assert_eq!(
            one,
            "linux; ephemeral 4,6 tcp,udp 32768-60999; reserved 4,6 tcp,udp 8080-8082; start 1024"
        );
        assert_ne!(Shape::of(one).id, Shape::of(settings(&scope(RANGE, "", START))).id);
    }

    #[test]
    fn a_long_list_is_given_by_its_digest() {
        let spans = |from: u16| {
            let spans = (0..300).map(|i| format!(r#"{{"first":{0},"last":{0}}}"#, from + 2 * i));
            settings(&scope(RANGE, &spans.collect::<Vec<_>>().join(","), START))
        };
        assert!(spans(2000).contains(" 300 spans of digest ") && spans(2000).len() < 128);
        assert_ne!(spans(2000), spans(2001));
    }

    #[test]
    fn what_is_not_known_keeps_a_shape_apart() {
        let unknown = r#""state":"unknown","first":null,"last":null"#;
        let shape = Shape::of(settings(&scope(unknown, "", START)));
        assert!(!shape.known && shape.settings.contains("tcp,udp ?;"), "{shape:?}");
        let absent = Shape::of(settings(&scope(RANGE, "", r#"{"state":"absent","value":null}"#)));
        assert!(absent.known && absent.settings.ends_with("start -"), "{absent:?}");
    }
}
