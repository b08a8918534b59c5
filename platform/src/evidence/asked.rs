//! What a container was asked to be started with, as `docker inspect` and its like tell it: beside
//! what a program read in the kernel it counts for nothing.

use std::str::FromStr;

use super::EvidenceError;
use super::recognise::Signs;
use crate::ask::{Answer, Outcome, Refusal};
use crate::parse::containers::{self, Inspected, Inspector, KEYS, NetworkOf};
use crate::ports::PortSet;
use crate::reading::{beginning, quoted};
use crate::snapshot::{Reason, Source, Why};
use crate::unread::{Subject, Unread};

/// Where systemd's interface for containers keeps the manager's name.
const MARK: &str = "/run/systemd/container";

/// What the document of one container tells.
#[derive(Debug)]
pub(super) struct AskedContainer {
    file: String,
    inspected: Inspected,
    /// The lines of the keys.
    lines: [usize; KEYS.len()],
}

impl AskedContainer {
    /// Takes the one container of a piece; whether it has one.
    pub(super) fn read(
        asked: &mut Option<Self>,
        (name, text): (&str, &[u8]),
        signs: &mut Signs,
    ) -> Result<bool, EvidenceError> {
        let mut all = containers::inspected(text).map_err(|what| EvidenceError::Damaged {
            name: name.to_owned(),
            what: format!("the JSON of a container is cut or damaged: {what}"),
        })?;
        if all.count + usize::from(asked.is_some()) > 1 && all.count > 0 {
            let before = asked.iter().map(|asked| &asked.inspected);
            return Err(EvidenceError::Several {
                name: name.to_owned(),
                containers: listed(before.chain(&all.first), all.count),
                command: all.first.first().map(one_file).unwrap_or_default(),
            });
        }
        let Some(inspected) = all.first.pop() else { return Ok(false) };
        signs.see(KEYS[0], "", name);
        let lines = KEYS.map(|key| line_of(text, key));
        *asked = Some(Self { file: name.to_owned(), inspected, lines });
        Ok(true)
    }

    /// What was asked for, or why nothing is known; `None` of what no container is asked for here.
    pub(super) fn tunable(&self, key: &str) -> Option<Answer> {
        let at = KEYS.iter().position(|known| *known == key)?;
        let Inspected { name, network, stopped, sysctls, .. } = &self.inspected;
        let (file, show) = (&self.file, self.show(key));
        let unknown = |detail: String| {
            let why = Why::new(Reason::NotCaptured, detail);
            Answer::new(Source::Capture(file.clone().into()), Err(Refusal::Failed(why)))
        };
        Some(match (network, sysctls.value(key), stopped) {
            (NetworkOf::Host, ..) => unknown(format!(
                "{name} has the network of its host, of which {file} says nothing: run ephaudit \
                 on the host"
            )),
            (NetworkOf::Other(other), ..) => unknown(format!(
                "{name} has the network of {}, of which {file} says nothing: give what inspects \
                 that one",
                beginning(other)
            )),
            (NetworkOf::Untold, ..) => {
                unknown(format!("{file} does not say whose network {name} has: {show}"))
            }
            (NetworkOf::Own, None, _) if self.inspected.by == Inspector::Crictl => {
                unknown(format!(
                    "{file} asks for no {key}, and what is asked for {name} may stand at its pod: give \
                 what `crictl inspectp` prints of that"
                ))
            }
            (NetworkOf::Own, None, _) => unknown(format!(
                "{file} asks for no {key}, and what the kernel gives {name} by itself is not known \
                 from it: {show}"
            )),
            (NetworkOf::Own, Some(value), Some(state)) => unknown(format!(
                "{name} is {}, so no kernel has the {} that {file} asks for",
                beginning(state),
                beginning(value)
            )),
            (NetworkOf::Own, Some(value), None) => {
                let place = format!("{file}:{}", self.lines[at]);
                let outcome = as_the_kernel_has_it(key, value);
                Answer::new(Source::Asked(place.into()), outcome)
            }
        })
    }

    /// The name in uname(2).
    pub(super) fn hostname(&self) -> Option<&str> {
        Some(self.inspected.hostname.as_deref()?).filter(|_| self.is_of_its_own())
    }

    /// The file that tells a container from a host.
    pub(super) fn file(&self, path: &str) -> Option<Answer> {
        let manager = match self.inspected.by {
            Inspector::Docker => "docker\n",
            Inspector::Podman => "podman\n",
            Inspector::Crictl | Inspector::CrictlPod | Inspector::Kubectl => "kubernetes\n",
        };
        (path == MARK && self.is_of_its_own())
            .then(|| Answer::new(Source::Capture(self.file.clone().into()), Ok(manager.into())))
    }

    /// Why no file tells what is after the next start.
    pub(super) fn persists(&self) -> Why {
        let detail = format!(
            "{} gets at its next start what it is created with, and not what is in its files",
            self.inspected.name
        );
        Why::new(Reason::NotCaptured, detail)
    }

    /// That the kernel has another value than it was asked for: `settings` tells what it has.
    pub(super) fn differs(&self, key: &str, has: &[u8], place: &str) -> Option<Unread> {
        let asked = self.inspected.sysctls.value(key)?;
        let Answer { source: Source::Asked(asked_in), outcome: Ok(bytes) } = self.tunable(key)?
        else {
            return None;
        };
        let words = |text: &[u8]| -> Vec<String> {
            String::from_utf8_lossy(text).split_whitespace().map(str::to_owned).collect()
        };
        (words(&bytes) != words(has)).then(|| {
            let detail = format!(
                "{asked_in} asks for {key} = {}, and the kernel has another in {place}: that holds",
                beginning(asked)
            );
            let why = Why::new(Reason::NotCaptured, detail);
            Unread::new(Subject::Evidence(asked_in.into_owned()), why)
        })
    }

    fn is_of_its_own(&self) -> bool {
        self.inspected.network == NetworkOf::Own
    }

    /// What prints the kernel's value.
    fn show(&self, key: &str) -> String {
        let Inspected { by, name, namespace, .. } = &self.inspected;
        let name = quoted(name);
        match by {
            Inspector::Docker => format!("docker exec {name} sysctl {key}"),
            Inspector::Podman => format!("podman exec {name} sysctl {key}"),
            Inspector::Kubectl | Inspector::CrictlPod | Inspector::Crictl => {
                format!("kubectl exec {}{name} -- sysctl {key}", in_namespace(namespace.as_deref()))
            }
        }
    }
}

fn in_namespace(namespace: Option<&str>) -> String {
    namespace.map(|namespace| format!("-n {} ", quoted(namespace))).unwrap_or_default()
}

/// The value in the form in which the kernel prints it.
fn as_the_kernel_has_it(key: &str, value: &str) -> Outcome {
    let text = match key {
        "net.ipv4.ip_local_port_range" => {
            Some(value.split_whitespace().collect::<Vec<_>>().join("\t"))
        }
        "net.ipv4.ip_local_reserved_ports" => {
            PortSet::from_str(value.trim()).ok().map(|ports| ports.to_string())
        }
        _ => Some(value.trim().to_owned()),
    };
    text.map(|text| format!("{text}\n").into_bytes()).ok_or_else(|| {
        let detail = "what is asked for is no list of ports";
        Refusal::Failed(Why::unparsable(detail, value.as_bytes()))
    })
}

/// The line that a key stands in first.
fn line_of(text: &[u8], key: &str) -> usize {
    let slashes = key.replace('.', "/");
    let has = |line: &[u8], name: &str| line.windows(name.len()).any(|at| at == name.as_bytes());
    let mut lines = text.split(|byte| *byte == b'\n');
    let line = lines.position(|line| has(line, key) || has(line, &slashes));
    line.map_or(1, |line| line + 1)
}

/// What prints one of several by itself.
fn one_file(one: &Inspected) -> String {
    let Inspected { by, name, namespace, .. } = one;
    let name = quoted(name);
    match by {
        Inspector::Docker => format!("docker inspect {name}"),
        Inspector::Podman => format!("podman inspect {name}"),
        Inspector::Crictl => "crictl inspect ID".to_owned(),
        Inspector::CrictlPod => "crictl inspectp ID".to_owned(),
        Inspector::Kubectl => {
            format!("kubectl get pod {}{name} -o json", in_namespace(namespace.as_deref()))
        }
    }
}

/// The names, the first few of them.
fn listed<'a>(all: impl Iterator<Item = &'a Inspected>, count: usize) -> String {
    let names: Vec<String> = all.map(|one| one.name.clone()).collect();
    match count.saturating_sub(names.len()) {
        0 => names.join(", "),
        others => format!("{} and {others} others", names.join(", ")),
    }
}
