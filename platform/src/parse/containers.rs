//! What the tools of containers print as JSON of one: which sysctls it is started with, and whose
//! network it has. `docker inspect`, `podman inspect`, `crictl inspect` and `inspectp`, and
//! `kubectl get pod -o json`.
//!
//! Whoever starts a container writes these sysctls once, before its first process runs. What they
//! are later stands in the kernel alone.

mod forms;
mod sysctls;

use std::fmt;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};

use forms::InspectForm;
pub(crate) use sysctls::{AskedSysctls, KEYS};

/// The names of so many are told where there are several.
const NAMED_MAX: usize = 8;
/// More lines that begin like JSON than stand above a document.
const BEGINNINGS_MAX: usize = 16;

/// The program whose document it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Inspector {
    Docker,
    Podman,
    /// `crictl inspect`: of a container, which has the network of its pod.
    Crictl,
    /// `crictl inspectp`: of a pod.
    CrictlPod,
    Kubectl,
}

/// Whose network it has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum NetworkOf {
    /// One of its own, or its pod's.
    Own,
    /// Its host's.
    Host,
    /// That of another container, or that at a path.
    Other(String),
    /// The document does not tell.
    Untold,
}

/// A container or a pod.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Inspected {
    pub(crate) by: Inspector,
    /// What it is called, and in which namespace of Kubernetes.
    pub(crate) name: String,
    pub(crate) namespace: Option<String>,
    /// What uname(2) tells in it.
    pub(crate) hostname: Option<String>,
    pub(crate) network: NetworkOf,
    /// What it is, where it does not run.
    pub(crate) stopped: Option<String>,
    pub(crate) sysctls: AskedSysctls,
}

/// What a text tells of containers.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct InspectedAll {
    /// The first few.
    pub(crate) first: Vec<Inspected>,
    /// How many there are.
    pub(crate) count: usize,
}

/// The documents of a text, with whatever stands around them. `Err` is what is wrong with one that
/// can be no other.
pub(crate) fn inspected(text: &[u8]) -> Result<InspectedAll, String> {
    let (mut all, mut damage) = (InspectedAll::default(), None);
    let mut from = 0;
    for _ in 0..BEGINNINGS_MAX {
        let Some(at) = beginning(text, from) else { break };
        let mut values = serde_json::Deserializer::from_slice(&text[at..]).into_iter();
        match values.next() {
            Some(Ok(more)) => {
                all.add(more);
                from = at + values.byte_offset();
            }
            Some(Err(error)) => {
                damage.get_or_insert(error.to_string());
                from = at + 1;
            }
            None => break,
        }
    }
    match damage {
        Some(damage) if all.count == 0 && forms::is_told_of(text) => Err(damage),
        _ => Ok(all),
    }
}

/// The next line that begins like an object or an array of them, and not like a prompt.
fn beginning(text: &[u8], from: usize) -> Option<usize> {
    let begins = |at: &usize| {
        let next = text.get(*at + 1).copied().unwrap_or(b'\n');
        let opens = match text[*at] {
            b'[' => next == b'{' || next.is_ascii_whitespace(),
            b'{' => next == b'"' || next.is_ascii_whitespace(),
            _ => false,
        };
        opens && (*at == 0 || matches!(text[*at - 1], b'\n' | b'\r'))
    };
    (from..text.len()).find(begins)
}

impl InspectedAll {
    fn add(&mut self, more: Self) {
        self.count += more.count;
        self.first.extend(more.first);
        self.first.truncate(NAMED_MAX);
    }

    fn take(&mut self, form: InspectForm) {
        match form.read() {
            Ok(one) => self.add(Self { count: 1, first: vec![one] }),
            Err(items) => self.add(items),
        }
    }
}

/// An array of objects, or one by itself. Each is read and let go: as a tree it takes up to a
/// hundred times its bytes.
impl<'de> Deserialize<'de> for InspectedAll {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(InspectedAllVisitor)
    }
}

struct InspectedAllVisitor;

impl<'de> Visitor<'de> for InspectedAllVisitor {
    type Value = InspectedAll;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object, or an array of objects")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<InspectedAll, A::Error> {
        let mut all = InspectedAll::default();
        while let Some(form) = items.next_element::<InspectForm>()? {
            all.take(form);
        }
        Ok(all)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<InspectedAll, A::Error> {
        let mut all = InspectedAll::default();
        all.take(InspectForm::deserialize(MapAccessDeserializer::new(map))?);
        Ok(all)
    }
}

#[cfg(test)]
mod tests;
