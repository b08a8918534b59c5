//! Ports that a rule judges as one.

use ephaudit_platform::ports::{PortRange, PortSet};
use ephaudit_platform::snapshot::{
    Bounds, Environment, Family, HostInfo, Pool, Range, Reserved, Scope, Transport,
};

use super::{Rule, ScopeFacts, reserved_evidence};
use crate::policy::{Policy, Profile};
use crate::report::{About, Evidence, Finding, Severity};

/// Ports that a rule judges as one: a range, or the pool that is left of it, and all ranges that
/// are like it.
pub struct View<'a> {
    /// The first of the ranges.
    range: &'a Range,
    /// The others.
    more: Vec<&'a Range>,
    /// Their value.
    pub bounds: &'a Bounds,
    /// The ports: of the range, or of the pool.
    pub ports: PortSet,
    /// How many of these can be in use at a time.
    pub usable: u32,
    /// For which families and transports.
    concerns: Vec<(&'static [Family], Transport)>,
}

impl<'a> View<'a> {
    pub(super) fn new(
        range: &'a Range,
        bounds: &'a Bounds,
        transport: Transport,
        ports: PortSet,
    ) -> Self {
        Self {
            range,
            more: Vec::new(),
            bounds,
            usable: ports.count(),
            ports,
            concerns: vec![(range.families, transport)],
        }
    }

    fn is_like(&self, other: &Self) -> bool {
        let (a, b) = (self.range, other.range);
        a.vendor_default == b.vendor_default
            && a.tcp_by_parity == b.tcp_by_parity
            && self.bounds.range() == other.bounds.range()
            && self.ports == other.ports
            && self.usable == other.usable
    }

    /// Whether a reserved list is about it.
    pub fn concerns(&self, list: &Reserved) -> bool {
        self.concerns.iter().any(|(families, transport)| {
            list.transports.contains(transport)
                && families.iter().any(|f| list.families.contains(f))
        })
    }

    /// The pools that are left of its ranges, where they could be computed.
    pub fn pools<'p>(&self, scope: &'p ScopeFacts<'_>) -> Vec<&'p Pool<'p>> {
        scope.pools.iter().filter(|pool| self.is_over(pool.range)).collect()
    }

    fn is_over(&self, range: &Range) -> bool {
        self.range == range || self.more.contains(&range)
    }

    /// The transport, where it is of one alone.
    fn one_transport(&self) -> Option<Transport> {
        let mut of = Transport::ALL.iter().copied().filter(|&transport| self.is_of(transport));
        of.next().filter(|_| of.next().is_none())
    }

    /// Whether it is of that transport's traffic too.
    pub fn is_of(&self, wanted: Transport) -> bool {
        self.concerns.iter().any(|(_, transport)| *transport == wanted)
    }

    /// Whether TCP allocation in it goes by parity.
    pub fn tcp_by_parity(&self) -> Option<bool> {
        if self.is_of(Transport::Tcp) { self.range.tcp_by_parity } else { Some(false) }
    }

    /// What the system has where nobody changed it.
    pub fn vendor_default(&self) -> Option<PortRange> {
        self.range.vendor_default
    }

    /// Whether it is the system's own default; `None` where that isn't certain.
    pub fn is_default(&self) -> Option<bool> {
        self.vendor_default().map(|default| default == self.bounds.range())
    }

    /// Which traffic it is, where that is not all of it: "tcp over IPv4", else nothing.
    fn part(&self) -> String {
        let both = |wanted: Transport| {
            let families = self.concerns.iter().filter(|(_, transport)| *transport == wanted);
            Family::ALL.iter().all(|family| families.clone().any(|(f, _)| f.contains(family)))
        };
        let whole: Vec<bool> = Transport::ALL.iter().map(|&transport| both(transport)).collect();
        if whole.iter().all(|whole| *whole) {
            return String::new();
        }
        let words: Vec<&str> = Transport::ALL
            .iter()
            .filter(|&&transport| self.is_of(transport))
            .map(|transport| transport.name())
            .collect();
        let one_family = match self.concerns.first() {
            Some((families, _)) if self.concerns.iter().all(|(f, _)| f == families) => {
                match families {
                    [Family::Ipv4] => " over IPv4",
                    [Family::Ipv6] => " over IPv6",
                    _ => "",
                }
            }
            _ => "",
        };
        format!("{}{one_family}", words.join(" and "))
    }

    /// "tcp over IPv4: " before a title, where it is not about all traffic.
    pub fn label(&self) -> String {
        match self.part() {
            all if all.is_empty() => all,
            part => format!("{part}: "),
        }
    }

    /// What a finding about it is about, in words that stay from run to run.
    pub fn subject(&self, what: &str) -> String {
        match self.part() {
            all if all.is_empty() => what.to_owned(),
            part => format!("{what}/{part}"),
        }
    }

    /// A finding about it, with the evidence for its ranges.
    pub fn finding(&self, rule: &Rule, severity: Severity, scope: &Scope, what: &str) -> Finding {
        Finding::new(rule.name, severity, scope, &self.subject(what), self.evidence())
            .with_evidence(self.more_evidence())
            .concerning(About { transport: self.one_transport(), ..About::default() })
    }

    /// A finding about it as a pool, with what is reserved.
    pub fn of_pool(&self, rule: &Rule, severity: Severity, scope: &Scope) -> Finding {
        self.finding(rule, severity, scope, "pool").with_evidence(reserved_evidence(scope))
    }

    /// The evidence for its first range.
    pub fn evidence(&self) -> Evidence {
        let value = format!("{}-{}", self.bounds.first, self.bounds.last);
        Evidence::new("ephemeral range", value, self.range.bounds.source())
    }

    /// The evidence for its other ranges.
    fn more_evidence(&self) -> impl Iterator<Item = Evidence> + '_ {
        self.more.iter().filter_map(|range| {
            let bounds = range.bounds.known()?;
            let value = format!("{}-{}", bounds.first, bounds.last);
            Some(Evidence::new("ephemeral range", value, range.bounds.source()))
        })
    }

    /// The weight of a range that IANA would not have: under `vendor`, the system's own default is
    /// information only, and so is what WSL set by itself.
    pub fn severity(&self, policy: &Policy, host: &HostInfo) -> Severity {
        let own = self.is_default() == Some(true) || host.environment == Some(Environment::Wsl);
        match policy.profile {
            Profile::Vendor if own => Severity::Info,
            _ => Severity::Medium,
        }
    }
}

/// Puts it with the one that is like it, where there is one.
pub(super) fn add<'a>(views: &mut Vec<View<'a>>, view: View<'a>) {
    match views.iter_mut().find(|known| known.is_like(&view)) {
        Some(known) => {
            if !known.is_over(view.range) {
                known.more.push(view.range);
            }
            known.concerns.extend(view.concerns);
        }
        None => views.push(view),
    }
}
