//! `explain`: a port of this or another host, or a rule.

use ephaudit_platform::Needs;
use ephaudit_platform::confine::ConfinedTo;
use ephaudit_platform::holders::Holders;
use ephaudit_platform::ports::{PortRange, PortSet};
use ephaudit_platform::snapshot::Transport;

use super::clock::now;
use super::output::Content;
use super::{Failure, confined, exit, host, output, registry, unjudged};
use crate::audit::needs_owners;
use crate::cli::ExplainArgs;
use crate::explain;
use crate::render::{self, Screen};
use crate::rules::{self, RULES};
use crate::text::nearest;
use crate::wire::v1;

pub(super) fn run(args: &ExplainArgs) -> Result<u8, Failure> {
    match subject(&args.subject)? {
        Some((port, transports)) => explain_port(args, port, transports)?,
        None => match service(args)? {
            Some(port) => explain_port(args, port, Transport::ALL)?,
            None => explain_rule(args)?,
        },
    }
    Ok(exit::OK)
}

/// A port and its transports; `None` is the name of a rule, and those begin with a letter.
fn subject(text: &str) -> Result<Option<(u16, &'static [Transport])>, Failure> {
    let is_name = |text: &str| text.starts_with(|c: char| c.is_ascii_alphabetic());
    if is_name(text) && !text.contains('/') {
        return Ok(None);
    }
    let (number, transport) = match text.split_once('/') {
        Some((number, transport)) => (number, Some(transport)),
        None => (text, None),
    };
    let wrong = |what: &str| {
        Err(Failure::Usage(format!(
            "{text:?} is not a port: {what}; write 33060, 33060/tcp or 33060/udp"
        )))
    };
    if is_name(number) {
        return wrong("put the number first");
    }
    let digits = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    let port = match number.parse::<u16>() {
        Ok(0) => return wrong("0 asks the kernel for any port"),
        Ok(port) if digits => port,
        _ => return wrong("ports are numbers from 1 to 65535"),
    };
    match transport {
        None => Ok(Some((port, Transport::ALL))),
        Some(name) if name.eq_ignore_ascii_case("tcp") => Ok(Some((port, &[Transport::Tcp]))),
        Some(name) if name.eq_ignore_ascii_case("udp") => Ok(Some((port, &[Transport::Udp]))),
        Some(_) => wrong("only tcp and udp are supported"),
    }
}

/// The port of a service of that name; a rule's name comes first.
fn service(args: &ExplainArgs) -> Result<Option<u16>, Failure> {
    if rules::find(&args.subject).is_some() {
        return Ok(None);
    }
    Ok(registry(&args.facts)?.port_of(&args.subject))
}

fn explain_rule(args: &ExplainArgs) -> Result<(), Failure> {
    let name = &args.subject;
    let Some(rule) = rules::find(name) else {
        let names: Vec<&str> = RULES.iter().map(|rule| rule.name).collect();
        let hint = match nearest(name, names.iter().copied()) {
            Some(near) => format!("did you mean {near:?}?"),
            None => "ephaudit rules lists the rules; a port may be given by its number".to_owned(),
        };
        return Err(Failure::Usage(format!("no rule or service is called {name:?}; {hint}")));
    };
    if !args.facts.from.is_empty() {
        return Err(Failure::Usage(format!("{name} is a rule; --from is for ports")));
    }
    output::write(&args.output, false, Content::Text, || match args.format {
        Some(Screen::Json) => {
            render::render_rules(&v1::rules(&[rule]), Screen::Json, output::look(&args.output))
        }
        // To whatever is no terminal it is Markdown.
        None if !output::is_terminal(&args.output) => rule.page.as_bytes().to_vec(),
        Some(Screen::Table) | None => render::render_page(rule.page, output::look(&args.output)),
    })
}

fn explain_port(args: &ExplainArgs, port: u16, of: &[Transport]) -> Result<(), Failure> {
    let policy = unjudged(&args.facts)?;
    let at = now()?;
    let elsewhere = !args.facts.from.is_empty();
    let read = || {
        let host = host(&args.facts, None)?;
        let mut snapshot = host.read(&Needs::default());
        if elsewhere {
            // A capture knows the owners that its audit asked for.
            let named = needs_owners(&policy, &snapshot);
            host.owners(&mut snapshot, &named);
        }
        let at = host.collected_at().map_or(at, str::to_owned);
        let ports = PortSet::from(PortRange::single(port));
        let holders: Vec<Holders> = of
            .iter()
            .map(|&transport| host.holders(&snapshot.host, transport, &ports))
            .map(|held| match snapshot.scopes.first() {
                Some(scope) => held.or_listeners(&scope.listeners.items),
                None => held,
            })
            .collect();
        Ok::<_, Failure>((snapshot, holders, at))
    };
    let (read, held) = confined(&args.confine, elsewhere, ConfinedTo::Host, read)?;
    let (snapshot, holders, at) = read?;
    let Some(explanation) = explain::explain(&snapshot, &policy.registry, port, &holders) else {
        return Err(Failure::Usage("this system has no live reader; see --from".to_owned()));
    };
    let mut document = v1::explanation(&snapshot.host, &policy.registry, explanation, at);
    document.tool = document.tool.held_by(&held);
    let look = output::look(&args.output);
    let format = args.format.unwrap_or(Screen::Table);
    output::write(&args.output, false, Content::Facts, || {
        render::render_explanation(&document, format, look)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_a_rule_and_nonsense_are_kept_apart() {
        let kind = |text: &str| match subject(text) {
            Ok(Some((port, transports))) => format!("{port} {}", transports.len()),
            Ok(None) => "a rule".to_owned(),
            Err(_) => "wrong".to_owned(),
        };
        for (text, expected) in [
            ("1", "1 2"),
            ("65535", "65535 2"),
            ("33060/tcp", "33060 1"),
            ("33060/UDP", "33060 1"),
            ("listener-in-pool", "a rule"),
            ("tcp", "a rule"),
        ] {
            assert_eq!(kind(text), expected, "{text}");
        }
        for text in [
            "0",
            "65536",
            "-1",
            "+80",
            "80/",
            "80/sctp",
            "80/tcp/udp",
            "tcp/80",
            "/tcp",
            "",
            " 80",
            "80 ",
            "0x50",
            "8O",
            "٨٠",
            "80-90",
            "80,81",
            "99999999999999999999",
        ] {
            assert_eq!(kind(text), "wrong", "{text:?}");
        }
    }
}
