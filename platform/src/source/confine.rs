//! The reading is done by a thread that the kernel lets do little else: what it returns, the rest
//! of the program judges and writes. A layer that the kernel or a container does not grant is left
//! out and takes nothing from the reading.

#[cfg(test)]
mod acts;
#[cfg(target_os = "linux")]
mod credentials;
#[cfg(target_os = "linux")]
mod filter;

use std::panic;
use std::thread;

/// What holds a confined thread.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Layer {
    /// Nobody's user id, with the capabilities alone that the reading needs; where the user is not
    /// root, no other capabilities.
    Credentials,
    /// The calls that change something are refused.
    Seccomp,
}

impl Layer {
    /// All there are.
    const ALL: [Self; 2] = [Self::Credentials, Self::Seccomp];

    /// As reports have it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Credentials => "credentials",
            Self::Seccomp => "seccomp",
        }
    }
}

/// How much a reading reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ConfinedTo {
    /// Processes and files of this host.
    Host,
    /// Its other network namespaces too, which are entered.
    Namespaces,
}

/// What the work returned, and what held the thread that did it.
///
/// # Errors
/// The layers that are missing, where all are required; or there is no room for a thread.
pub fn within<T: Send>(
    required: bool,
    reach: ConfinedTo,
    work: impl FnOnce() -> T + Send,
) -> Result<(T, Vec<Layer>), String> {
    let confined = || {
        let held = layers(required, reach);
        let missing = Layer::ALL.into_iter().filter(|layer| !held.contains(layer));
        let missing = missing.map(Layer::name).collect::<Vec<_>>();
        if required && !missing.is_empty() {
            return Err(format!("the kernel does not grant {}", missing.join(" and ")));
        }
        Ok((work(), held))
    };
    thread::scope(|scope| {
        let thread = thread::Builder::new().name("reading".to_owned());
        let Ok(running) = thread.spawn_scoped(scope, confined) else {
            return Err("the system has no room for a thread".to_owned());
        };
        running.join().unwrap_or_else(|panic| panic::resume_unwind(panic))
    })
}

/// Takes on what the kernel grants, for this thread and those that it starts.
#[cfg(target_os = "linux")]
fn layers(required: bool, reach: ConfinedTo) -> Vec<Layer> {
    // Whoever filters this process already has chosen its calls, and one that was not foreseen may
    // end it.
    if !required && !filter::is_first() {
        return Vec::new();
    }
    let credentials = credentials::reduce(reach).then_some(Layer::Credentials);
    let seccomp = filter::apply().then_some(Layer::Seccomp);
    credentials.into_iter().chain(seccomp).collect()
}

/// Other systems have nothing of the kind for one thread.
#[cfg(not(target_os = "linux"))]
fn layers(_: bool, _: ConfinedTo) -> Vec<Layer> {
    Vec::new()
}
