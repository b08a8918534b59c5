//! Which host this is and what it runs in.

use super::answers::text;
use super::initial;
use super::version::KernelVersion;
use crate::ask::{Ask, Question};
use crate::parse::os_release;
use crate::reading::beginning;
use crate::snapshot::{Environment, HostInfo, Os};
use crate::unread::{Subject, Unread};

/// The longest name of a container manager that is kept, in characters.
const NAME_MAX: usize = 40;

pub(super) fn read(ask: &dyn Ask, notes: &mut Vec<Unread>) -> (HostInfo, Option<KernelVersion>) {
    let uname = text(ask, Question::Uname, Subject::Uname, notes);
    let fields = uname.iter().flat_map(|text| text.split('\0')).skip(1);
    let mut fields = fields.map(beginning);
    let mut next = || fields.next().filter(|field| !field.is_empty());
    let (name, kernel, build, arch) = (next(), next(), next(), next());
    let version = kernel.as_deref().and_then(KernelVersion::parse);
    let environment = environment(ask, kernel.as_deref(), build.as_deref(), notes);
    let os_release = ["/etc/os-release", "/usr/lib/os-release"]
        .iter()
        .find_map(|path| text(ask, Question::File(path), Subject::OsRelease, notes));
    let field = |key| {
        let value = os_release::value(os_release.as_deref()?, key)?;
        Some(beginning(&value))
    };
    let host = HostInfo {
        name,
        os: Os::Linux,
        os_id: field("ID"),
        os_version: field("PRETTY_NAME"),
        os_version_id: field("VERSION_ID"),
        kernel,
        arch,
        environment,
    };
    (host, version)
}

/// What the kernel says of itself, then what container managers leave behind.
fn environment(
    ask: &dyn Ask,
    release: Option<&str>,
    build: Option<&str>,
    notes: &mut Vec<Unread>,
) -> Option<Environment> {
    let (release, build) = (release.unwrap_or(""), build.unwrap_or(""));
    // gVisor answers uname with a release ending in "-gvisor", or 4.4.0 built at this one moment.
    if release.ends_with("-gvisor") || build.contains("Sun Jan 10 15:06:54 PST 2016") {
        return Some(Environment::Gvisor);
    }
    // "4.4.0-19041-Microsoft" (WSL 1), "5.15.153.1-microsoft-standard-WSL2".
    if release.to_ascii_lowercase().contains("microsoft") {
        return Some(Environment::Wsl);
    }
    let mut marker = |path: &str| text(ask, Question::File(path), Subject::ContainerMark, notes);
    let kind = marked(&mut marker);
    // One that lies in the host's own files is left from an image that they were made of.
    if kind.is_some() && initial::has_files_of_init(ask) {
        return kind.filter(|kind| *kind == Environment::Wsl);
    }
    // containerd and others leave no mark.
    let unmarked = || Environment::Container("container".to_owned());
    kind.or_else(|| (initial::sees_init(ask) == Some(false)).then(unmarked))
}

/// By what managers of containers leave in its files.
fn marked(marker: &mut dyn FnMut(&str) -> Option<String>) -> Option<Environment> {
    // container_interface of systemd: the manager's name, as in `systemd-nspawn` or `lxc`.
    if let Some(text) = marker("/run/systemd/container") {
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
        .find(|(path, _)| marker(path).is_some())
        .map(|(_, name)| Environment::Container(name.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ask::{Answer, Refusal};
    use crate::snapshot::{Reason, Source, Why};

    #[test]
    fn a_host_name_with_newlines_forges_nothing() {
        let uname = "Linux\0x\n5.15-microsoft-standard-WSL2\n#1\0\
                     6.1.0\0#1 SMP\0x86_64\0(none)\0";
        let ask = |question: Question<'_>| match question {
            Question::Uname => Answer::new(Source::Command("uname".into()), Ok(uname.into())),
            _ => Answer::new(Source::File("x".into()), Err(Refusal::NotFound("x".to_owned()))),
        };
        let (host, version) = read(&ask, &mut Vec::new());
        assert_eq!(host.kernel.as_deref(), Some("6.1.0"));
        assert_eq!(host.arch.as_deref(), Some("x86_64"));
        assert_eq!((host.environment, version), (None, Some(KernelVersion(6, 1, 0))));
    }

    #[test]
    fn what_was_refused_is_noted_and_what_is_not_there_is_not() {
        let denied = || Err(Refusal::Failed(Why::new(Reason::Denied, "refused")));
        let ask = |question: Question<'_>| match question {
            Question::File("/etc/os-release") | Question::Uname => {
                Answer::new(Source::File("x".into()), denied())
            }
            _ => Answer::new(Source::File("x".into()), Err(Refusal::NotFound("x".to_owned()))),
        };
        let mut notes = Vec::new();
        let (host, version) = read(&ask, &mut notes);
        assert_eq!((host.kernel, host.os_version, version), (None, None, None));
        let subjects: Vec<Subject> = notes.into_iter().map(|unread| unread.subject).collect();
        assert_eq!(subjects, [Subject::Uname, Subject::OsRelease]);
    }
}
