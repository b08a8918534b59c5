//! Who writes, and whom he believes.

use std::fs;

use rustix::fs::{FileType, Mode, Stat};
use rustix::process::geteuid;

const ROOT: u32 = 0;
/// What a user that a user namespace has no number for looks like: /proc/sys/kernel/overflowuid, as
/// it is everywhere.
const NOBODY: u32 = 65_534;

/// What is asked of the folders and links on the way to a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Trust {
    /// That nobody leads root elsewhere: it is for files that are written.
    Place,
    /// That nobody but root and the caller has a say in them: it is for files that are believed.
    Content,
}

/// The user whose program this is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Caller {
    uid: u32,
    /// Whether he is the system's root, or that of a container.
    pub(super) root: bool,
}

impl Caller {
    pub(super) fn now() -> Self {
        let uid = geteuid().as_raw();
        Self { uid, root: uid == ROOT && !is_one_user() }
    }

    /// Whether what this user made is to be believed.
    fn trusts(self, uid: u32) -> bool {
        // Who is root of a user namespace with one user in it sees the system's root as nobody.
        let outside = self.uid == ROOT && !self.root && uid == NOBODY;
        uid == ROOT || uid == self.uid || outside
    }

    /// Whether it is the caller's own.
    pub(super) fn owns(self, file: &Stat) -> bool {
        file.st_uid == self.uid
    }

    /// Whether others than the caller and root can put something in a folder.
    pub(super) fn shares(self, folder: &Stat) -> bool {
        !self.trusts(folder.st_uid) || mode(folder).intersects(Mode::WGRP | Mode::WOTH)
    }

    /// Whether somebody else may have put this link, device or FIFO in a folder that is shared. Of
    /// what has several names one may be another user's: link(2). Whoever looks like nobody may be
    /// anybody.
    pub(super) fn planted(self, file: &Stat, shared: bool) -> bool {
        let made = file.st_uid == ROOT || file.st_uid == self.uid;
        shared && !(made && file.st_nlink == 1)
    }

    /// Why a step on the way is not to be trusted.
    pub(super) fn objection(self, step: &Stat, trust: Trust) -> Option<String> {
        match trust {
            Trust::Place => self.may_move(step),
            Trust::Content => self.may_differ(step),
        }
    }

    /// Why what stands there could be another's. The group's bit is also the mask of an access
    /// list, and so whoever stands in that (acl(5)).
    fn may_differ(self, step: &Stat) -> Option<String> {
        if step.st_uid != ROOT && step.st_uid != self.uid {
            let uid = step.st_uid;
            return Some(format!("belongs to user {uid}, who could have changed what is read"));
        }
        let open = mode(step).intersects(Mode::WGRP | Mode::WOTH);
        (open && kind(step) != FileType::Symlink).then(|| {
            let mode = mode(step).bits() & 0o7777;
            format!("can be written by others than its owner (mode {mode:04o})")
        })
    }

    /// Why a folder on root's way could be changed meanwhile by somebody else. In one that is
    /// sticky only root can take away what is root's.
    fn may_move(self, folder: &Stat) -> Option<String> {
        let mode = mode(folder);
        if !self.root || (folder.st_uid == ROOT && mode.contains(Mode::SVTX)) {
            return None;
        }
        if folder.st_uid != ROOT {
            return Some(format!("belongs to user {}", folder.st_uid));
        }
        if mode.contains(Mode::WOTH) {
            return Some("can be written by everybody".to_owned());
        }
        let group = mode.contains(Mode::WGRP).then_some(folder.st_gid)?;
        Some(format!("can be written by group {group}"))
    }
}

pub(super) fn mode(file: &Stat) -> Mode {
    Mode::from_raw_mode(file.st_mode)
}

pub(super) fn kind(file: &Stat) -> FileType {
    FileType::from_raw_mode(file.st_mode)
}

/// Whether this is a user namespace of one user who is not root outside, as `unshare
/// --map-root-user` makes it: its root can do no more than that user. user_namespaces(7): lines of
/// first number inside, first number outside, how many. A service of root has `0 0 1` by systemd's
/// PrivateUsers=, and is root.
fn is_one_user() -> bool {
    let Ok(map) = fs::read_to_string("/proc/self/uid_map") else { return false };
    let mut words = map.split_whitespace();
    let line = [words.next(), words.next(), words.next(), words.next()];
    matches!(line, [Some("0"), Some(outside), Some("1"), None] if outside != "0")
}
