//! How long TIME_WAIT lasts.

use super::super::time_wait;
use crate::ask::{Answer, Ask, Question, Refusal};
use crate::parse::linux_sysctl;
use crate::snapshot::{Environment, HostInfo, Reading, Reason, Source};

/// 1 to 600 seconds. Alibaba Cloud Linux 2 (since 4.19.43-13.al7) and 3 have it, Linux itself has
/// not.
const TW_TIMEOUT: &str = "net.ipv4.tcp_tw_timeout";

/// What the kernel's maker tells of it.
pub(super) enum TimeWait {
    /// 60 s, and no setting changes it: tcp_fin_timeout is another timer.
    Fixed,
    /// A setting of each namespace, where the release is not older than it.
    Setting,
    /// One of the two: which kernel it is, is not known.
    Either,
    /// What no file tells.
    Other(Reading<u32>),
}

impl TimeWait {
    pub(super) fn of(host: &HostInfo) -> Self {
        let has = |what: &str| host.kernel.as_deref().is_some_and(|name| name.contains(what));
        if host.environment == Some(Environment::Gvisor) {
            // It can be told another length (`TCPTimeWaitTimeoutOption`, pkg/tcpip).
            let place = Source::Kernel("pkg/tcpip/transport/tcp of gVisor".into());
            let detail = "gVisor does not show how long its TIME_WAIT lasts";
            return Self::Other(time_wait::unknown(place, detail));
        }
        // WSL 1, "4.4.0-19041-Microsoft", has that of Windows.
        if has("-Microsoft") {
            return Self::Other(time_wait::of_windows());
        }
        // Elsewhere it is not looked for: a file that is missing takes more looking than one that
        // is there.
        match host.kernel {
            Some(_) if [".al7", ".al8", ".alnx"].into_iter().any(has) => Self::Setting,
            Some(_) => Self::Fixed,
            None => Self::Either,
        }
    }

    /// Of the namespace that `ask` asks, in milliseconds.
    pub(super) fn read(&self, ask: &dyn Ask) -> Reading<u32> {
        let fixed = || time_wait::fixed(60_000, "TCP_TIMEWAIT_LEN, include/net/tcp.h");
        match self {
            Self::Other(reading) => return reading.clone(),
            Self::Fixed => return fixed(),
            Self::Setting | Self::Either => {}
        }
        let Answer { source, outcome } = ask.ask(Question::Tunable(TW_TIMEOUT));
        match outcome {
            Ok(bytes) => Reading::new(source, linux_sysctl::seconds(&bytes)),
            // A list of settings without it is of a kernel that has none, where nothing else tells.
            Err(Refusal::Failed(why))
                if matches!(self, Self::Setting) || why.reason != Reason::NotCaptured =>
            {
                Reading::Unknown { source, why }
            }
            Err(_) => fixed(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ask::Outcome;
    use crate::os::Os;
    use crate::snapshot::Why;

    fn read(release: &str, outcome: Outcome) -> Reading<u32> {
        struct One(Outcome);
        impl Ask for One {
            fn ask(&self, question: Question<'_>) -> Answer {
                assert_eq!(question, Question::Tunable(TW_TIMEOUT));
                Answer { source: Source::Kernel("".into()), outcome: self.0.clone() }
            }
        }
        let kernel = Some(release.to_owned()).filter(|release| !release.is_empty());
        let host = HostInfo { kernel, ..HostInfo::of(Os::Linux) };
        TimeWait::of(&host).read(&One(outcome))
    }

    fn missing() -> Outcome {
        Err(Refusal::NotFound("missing".to_owned()))
    }

    fn denied() -> Outcome {
        Err(Refusal::Failed(Why::new(Reason::Denied, "denied")))
    }

    #[test]
    fn it_is_a_setting_where_the_kernel_has_one_and_a_constant_elsewhere() {
        let (alibaba, linux) = ("5.10.134-16.al8.x86_64", "6.12.48+deb13-amd64");
        assert_eq!(read(alibaba, Ok(b"5\n".to_vec())).known(), Some(&5000));
        assert_eq!(read("", Ok(b"600\n".to_vec())).known(), Some(&600_000), "a list of settings");
        assert!(read("", denied()).why().is_some());
        for wrong in ["0\n", "-1\n", "60", "60 s\n", "4294968\n"] {
            assert!(read(alibaba, Ok(wrong.into())).why().is_some(), "{wrong:?}");
        }
        assert_eq!(read(alibaba, missing()).known(), Some(&60_000), "older than the setting");
        assert_eq!(read(linux, Ok(b"5\n".to_vec())).known(), Some(&60_000), "nobody asks");
        assert!(read(alibaba, denied()).why().is_some());
    }
}
