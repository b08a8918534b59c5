//! Which host this is and what it runs in.

use crate::ask::{Ask, Question};
use crate::parse::os_release;
use crate::snapshot::{Environment, Host, Os};

/// The numbers of a kernel release.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct KernelVersion(pub(super) u32, pub(super) u32, pub(super) u32);

impl KernelVersion {
    /// From a release such as `6.1.0-28-amd64`.
    fn parse(release: &str) -> Option<Self> {
        let mut numbers = release.split(|c: char| !c.is_ascii_digit()).map(str::parse);
        let (major, minor) = (numbers.next()?.ok()?, numbers.next()?.ok()?);
        // "6.19-rc1" has no third number.
        let version = Self(major, minor, numbers.next().and_then(Result::ok).unwrap_or(0));
        // personality(2) UNAME26 calls 3.x and later 2.6.40 and later: which one it is, it hides.
        let disguised = version >= Self(2, 6, 40) && version < Self(2, 7, 0);
        (!disguised).then_some(version)
    }
}

/// The longest name of a container manager that is kept, in characters.
const NAME_MAX: usize = 40;

pub(super) fn read(ask: &Ask<'_>) -> (Host, Option<KernelVersion>) {
    let uname = ask(Question::Uname).outcome.unwrap_or_default();
    let uname = String::from_utf8_lossy(&uname);
    let mut fields = uname.split('\0').skip(1).map(str::to_owned);
    let mut next = || fields.next().filter(|field| !field.is_empty());
    let (name, kernel, build, arch) = (next(), next(), next(), next());
    let version = kernel.as_deref().and_then(KernelVersion::parse);
    let environment = environment(
        ask,
        kernel.as_deref().unwrap_or_default(),
        build.as_deref().unwrap_or_default(),
    );
    let os_version = ["/etc/os-release", "/usr/lib/os-release"]
        .iter()
        .find_map(|path| ask(Question::File(path)).outcome.ok())
        .and_then(|text| os_release::pretty_name(&text));
    (Host { name, os: Os::Linux, os_version, kernel, arch, environment }, version)
}

/// What the kernel says of itself, then what container managers leave behind.
fn environment(ask: &Ask<'_>, release: &str, build: &str) -> Option<Environment> {
    // gVisor answers uname with a release ending in "-gvisor", or 4.4.0 built at this one moment.
    if release.ends_with("-gvisor") || build.contains("Sun Jan 10 15:06:54 PST 2016") {
        return Some(Environment::Gvisor);
    }
    // "4.4.0-19041-Microsoft" (WSL 1), "5.15.153.1-microsoft-standard-WSL2".
    if release.to_ascii_lowercase().contains("microsoft") {
        return Some(Environment::Wsl);
    }
    // container_interface of systemd: the manager's name, as in `systemd-nspawn` or `lxc`.
    if let Ok(bytes) = ask(Question::File("/run/systemd/container")).outcome {
        let text = String::from_utf8_lossy(&bytes);
        let line = text.lines().next().unwrap_or_default().trim();
        let name: String = line.chars().take(NAME_MAX).collect();
        return Some(match name.as_str() {
            "" => Environment::Container("container".to_owned()),
            "wsl" => Environment::Wsl,
            _ => Environment::Container(name),
        });
    }
    [("/run/.containerenv", "podman"), ("/.dockerenv", "docker")]
        .into_iter()
        .find(|(path, _)| ask(Question::File(path)).outcome.is_ok())
        .map(|(_, name)| Environment::Container(name.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ask::{Answer, Refusal};
    use crate::snapshot::Source;

    #[test]
    fn a_host_name_with_newlines_forges_nothing() {
        let uname = "Linux\0x\n5.15-microsoft-standard-WSL2\n#1\0\
                     6.1.0\0#1 SMP\0x86_64\0(none)\0";
        let ask = |question: Question<'_>| match question {
            Question::Uname => Answer::new(Source::Command("uname".into()), Ok(uname.into())),
            _ => Answer::new(Source::File("x".into()), Err(Refusal::NotFound("x".to_owned()))),
        };
        let (host, version) = read(&ask);
        assert_eq!(host.kernel.as_deref(), Some("6.1.0"));
        assert_eq!(host.arch.as_deref(), Some("x86_64"));
        assert_eq!((host.environment, version), (None, Some(KernelVersion(6, 1, 0))));
    }

    #[test]
    fn releases_compare_by_number() {
        assert_eq!(KernelVersion::parse("6.1.0-28-amd64"), Some(KernelVersion(6, 1, 0)));
        assert_eq!(KernelVersion::parse("6.18.44-fc-v445"), Some(KernelVersion(6, 18, 44)));
        assert!(KernelVersion::parse("4.9.1") < KernelVersion::parse("4.11.0"));
        assert_eq!(KernelVersion::parse("2.6.78-28-amd64"), None, "UNAME26");
        assert_eq!(KernelVersion::parse("2.6.32"), Some(KernelVersion(2, 6, 32)));
        assert_eq!(KernelVersion::parse(""), None);
        assert_eq!(KernelVersion::parse("next"), None);
    }
}
