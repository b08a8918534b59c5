//! A policy's file: TOML in, a policy or the place of the first mistake out.

#[cfg(test)]
mod tests;

use std::fmt;
use std::ops::Range;

use clap::ValueEnum;
use ephaudit_platform::ports::{PortRange, PortSet};
use ephaudit_platform::snapshot::Transport;
use serde::Deserialize;
use toml::Spanned;

use super::services::{self, Declared, Origin, SETS};
use super::waiver::Waiver;
use super::{Asked, Policy, Threshold, Weight};
use crate::iana::Registry;
use crate::report::Severity;
use crate::text::nearest;

/// The rule about waivers is above them.
const UNWAIVED: &str = "stale-waiver";

/// What is wrong with a policy's file, and where.
#[derive(Debug, PartialEq, Eq)]
pub struct Mistake {
    line: usize,
    column: usize,
    what: String,
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}: {}", self.line, self.column, self.what)
    }
}

/// As it stands in the file; what is left out stays as the command line or the profile has it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct File {
    profile: Option<Spanned<String>>,
    fail_on: Option<Spanned<String>>,
    allowed_ranges: Option<Spanned<Vec<Spanned<String>>>>,
    min_pool: Option<Spanned<u32>>,
    near_exhaustion: Option<Spanned<u32>>,
    #[serde(default)]
    services: Vec<Spanned<String>>,
    #[serde(default)]
    rules: std::collections::BTreeMap<Spanned<String>, Spanned<String>>,
    #[serde(default)]
    service: Vec<ServiceEntry>,
    #[serde(default)]
    waiver: Vec<Exception>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct ServiceEntry {
    name: Spanned<String>,
    ports: Spanned<String>,
    transport: Option<Spanned<String>>,
    owner: Option<Spanned<String>>,
    automatic: Option<Spanned<bool>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Exception {
    rule: Spanned<String>,
    scope: Option<Spanned<String>>,
    host: Option<Spanned<String>>,
    ports: Option<Spanned<String>>,
    reason: Spanned<String>,
    owner: Spanned<String>,
    expires: Option<Spanned<toml::value::Datetime>>,
}

/// Reads a policy that names rules of this list; what was asked for goes before what the file says.
pub fn read(
    text: &str,
    name: &str,
    rules: &[&'static str],
    asked: &Asked,
    registry: Registry,
) -> Result<Policy, Mistake> {
    let line_ends = text.match_indices('\n').map(|(at, _)| at).collect();
    let reader = Reader { text, line_ends, rules };
    let file: File = toml::from_str(text).map_err(|error| reader.mistake(&error))?;
    let profile = file.profile.map(|word| reader.choice("profile", &word)).transpose()?;
    let fail_on = file.fail_on.map(|word| reader.threshold(&word)).transpose()?;
    let asked = Asked {
        profile: asked.profile.or(profile),
        fail_on: asked.fail_on.or(fail_on),
        services: asked.services.clone(),
    };
    let mut policy = asked.policy(registry);
    policy.file = Some(name.to_owned());
    if let Some(ranges) = file.allowed_ranges {
        if ranges.get_ref().is_empty() {
            return Err(
                reader.at(&ranges.span(), "no range is given; omit the key to use the profile's")
            );
        }
        policy.allowed = ranges
            .get_ref()
            .iter()
            .map(|interval| reader.parsed::<PortRange>(interval, "a range such as 49152-65535"))
            .collect::<Result<_, _>>()?;
    }
    if let Some(ports) = file.min_pool {
        policy.min_pool = reader.within(&ports, 0..=65_536)?;
    }
    if let Some(percent) = file.near_exhaustion {
        policy.near_exhaustion = reader.within(&percent, 1..=100)?;
    }
    for (rule, weight) in &file.rules {
        let rule = reader.rule(rule)?;
        policy.weights.insert(rule, reader.weight(weight)?);
    }
    for set in &file.services {
        policy.declare(reader.set(set)?);
    }
    for service in &file.service {
        let declared = reader.service(service, name)?;
        match &service.automatic {
            Some(automatic) if *automatic.get_ref() => policy.automatic.push(declared),
            _ => policy.declare([declared]),
        }
    }
    for exception in &file.waiver {
        policy.waivers.push(reader.waiver(exception)?);
    }
    Ok(policy)
}

struct Reader<'a> {
    text: &'a str,
    /// Where each line ends.
    line_ends: Vec<usize>,
    rules: &'a [&'static str],
}

impl Reader<'_> {
    fn at(&self, span: &Range<usize>, what: impl Into<String>) -> Mistake {
        let before = self.text.get(..span.start).unwrap_or(self.text);
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let column = before[line_start..].chars().count() + 1;
        Mistake { line: self.line(span.start), column, what: what.into() }
    }

    /// The line of a place, from 1.
    fn line(&self, place: usize) -> usize {
        self.line_ends.partition_point(|end| *end < place) + 1
    }

    /// An unknown key is reported with the nearest one that exists.
    fn mistake(&self, error: &toml::de::Error) -> Mistake {
        let message = error.message();
        let quoted: Vec<&str> = message.split('`').skip(1).step_by(2).collect();
        let what = match quoted.split_first() {
            Some((wrong, known)) if message.starts_with("unknown field") => {
                not_one_of("key", wrong, known.iter().copied())
            }
            _ => {
                let words = message.split_whitespace().collect::<Vec<_>>().join(" ");
                words.replace("expected u32", "expected a number from 0")
            }
        };
        self.at(&error.span().unwrap_or_default(), what)
    }

    /// Blanks are not a word.
    fn expects(&self, word: &Spanned<String>, wanted: &str) -> Result<(), Mistake> {
        if word.get_ref().trim().is_empty() {
            return Err(self.at(&word.span(), wanted));
        }
        Ok(())
    }

    fn choice<T: ValueEnum>(&self, kind: &str, word: &Spanned<String>) -> Result<T, Mistake> {
        T::from_str(word.get_ref(), false).map_err(|_| {
            let known: Vec<String> = T::value_variants()
                .iter()
                .filter_map(|known| Some(known.to_possible_value()?.get_name().to_owned()))
                .collect();
            let what = not_one_of(kind, word.get_ref(), known.iter().map(String::as_str));
            self.at(&word.span(), what)
        })
    }

    fn parsed<T: std::str::FromStr>(
        &self,
        word: &Spanned<String>,
        wanted: &str,
    ) -> Result<T, Mistake> {
        word.get_ref()
            .parse()
            .map_err(|_| self.at(&word.span(), format!("{:?} is not {wanted}", word.get_ref())))
    }

    fn within(
        &self,
        number: &Spanned<u32>,
        wanted: std::ops::RangeInclusive<u32>,
    ) -> Result<u32, Mistake> {
        let value = *number.get_ref();
        if wanted.contains(&value) {
            return Ok(value);
        }
        let what = format!("{value} is not from {} to {}", wanted.start(), wanted.end());
        Err(self.at(&number.span(), what))
    }

    fn rule(&self, name: &Spanned<String>) -> Result<&'static str, Mistake> {
        let mut known = self.rules.iter().copied();
        known.find(|known| *known == name.get_ref()).ok_or_else(|| {
            let known = self.rules.iter().copied();
            self.at(&name.span(), not_one_of("rule", name.get_ref(), known))
        })
    }

    fn weight(&self, word: &Spanned<String>) -> Result<Weight, Mistake> {
        match word.get_ref().as_str() {
            "off" => Ok(Weight::Off),
            "on" => Ok(Weight::Own),
            _ => self.severity("severity", ["on", "off"], word).map(Weight::Always),
        }
    }

    fn threshold(&self, word: &Spanned<String>) -> Result<Threshold, Mistake> {
        match word.get_ref().as_str() {
            "none" => Ok(Threshold::Never),
            _ => self.severity("threshold", ["none"], word).map(Threshold::From),
        }
    }

    fn severity<const N: usize>(
        &self,
        kind: &str,
        others: [&'static str; N],
        word: &Spanned<String>,
    ) -> Result<Severity, Mistake> {
        let found = Severity::ALL.into_iter().find(|known| known.name() == word.get_ref());
        found.ok_or_else(|| {
            let known = Severity::ALL.map(Severity::name).into_iter().chain(others);
            self.at(&word.span(), not_one_of(kind, word.get_ref(), known))
        })
    }

    fn set(&self, name: &Spanned<String>) -> Result<Vec<Declared>, Mistake> {
        let set = services::set(name.get_ref()).ok_or_else(|| {
            let known = SETS.iter().map(|set| set.name);
            self.at(&name.span(), not_one_of("set of services", name.get_ref(), known))
        })?;
        Ok(set.declared().collect())
    }

    fn service(&self, service: &ServiceEntry, file: &str) -> Result<Declared, Mistake> {
        let transports = match service.transport.as_ref() {
            None => Transport::ALL.to_vec(),
            Some(word) => match word.get_ref().as_str() {
                "tcp" => vec![Transport::Tcp],
                "udp" => vec![Transport::Udp],
                other => {
                    let what = not_one_of("transport", other, ["tcp", "udp"].into_iter());
                    return Err(self.at(&word.span(), what));
                }
            },
        };
        let wanted = "a port or a range such as 30000-32767";
        let ports: PortRange = self.parsed(&service.ports, wanted)?;
        if ports.first() == 0 {
            return Err(self.at(&service.ports.span(), "port 0 cannot be a service port"));
        }
        self.expects(&service.name, "a service needs a name")?;
        if let Some(owner) = &service.owner {
            self.expects(owner, "the unit or command that should hold it is expected")?;
            if service.automatic.as_ref().is_some_and(|automatic| *automatic.get_ref()) {
                let what = "ports that are taken at random have no owner of their own";
                return Err(self.at(&owner.span(), what));
            }
        }
        Ok(Declared {
            name: service.name.get_ref().clone(),
            ports,
            transports,
            by: Origin::File(file.to_owned()),
            owner: service.owner.as_ref().map(|owner| owner.get_ref().clone()),
        })
    }

    fn waiver(&self, exception: &Exception) -> Result<Waiver, Mistake> {
        self.expects(&exception.reason, "a waiver needs a reason and an owner")?;
        self.expects(&exception.owner, "a waiver needs a reason and an owner")?;
        for pattern in [&exception.host, &exception.scope].into_iter().flatten() {
            self.expects(pattern, "an empty pattern matches nothing; omit the key to match all")?;
        }
        if exception.rule.get_ref() == UNWAIVED {
            let what = format!("{UNWAIVED} cannot be waived; fix the waiver it reports");
            return Err(self.at(&exception.rule.span(), what));
        }
        let ports = exception.ports.as_ref().map(|word| {
            self.expects(word, "no port is given; omit the key to match all")?;
            let ports: PortSet = self.parsed(word, "ports such as 80,50010-50020")?;
            if ports.contains(0) {
                return Err(self.at(&word.span(), "no finding is about port 0"));
            }
            Ok(ports)
        });
        let expires = exception.expires.as_ref().map(|day| match day.get_ref() {
            toml::value::Datetime { date: Some(date), time: None, offset: None } => {
                Ok(date.to_string())
            }
            _ => Err(self.at(&day.span(), "a date such as 2027-01-31 is expected")),
        });
        let or_any = |pattern: &Option<Spanned<String>>| {
            pattern.as_ref().map_or_else(|| "*".to_owned(), |pattern| pattern.get_ref().clone())
        };
        Ok(Waiver {
            rule: self.rule(&exception.rule)?.to_owned(),
            scope: or_any(&exception.scope),
            host: or_any(&exception.host),
            ports: ports.transpose()?,
            reason: exception.reason.get_ref().clone(),
            owner: exception.owner.get_ref().clone(),
            expires: expires.transpose()?,
            line: self.line(exception.rule.span().start),
        })
    }
}

/// What is not known, and what was perhaps meant.
fn not_one_of<'a>(kind: &str, wrong: &str, known: impl Iterator<Item = &'a str>) -> String {
    let known: Vec<&str> = known.collect();
    let hint = match nearest(wrong, known.iter().copied()) {
        Some(name) => format!("did you mean {name:?}?"),
        None => format!("there are: {}", known.join(", ")),
    };
    format!("there is no {kind} {wrong:?}; {hint}")
}
