//! UFW: where it is on, `ufw-init` runs `sysctl -e -q -p $IPT_SYSCTL` (ufw-init-functions), which
//! /etc/default/ufw names.

use crate::os::linux::boot::files::Files;
use crate::os::linux::boot::line_log::LineLog;
use crate::os::linux::boot::{near, procps};
use crate::parse::ini;
use crate::parse::sysctl_conf::Grammar;
use crate::persisted::Persisted;

const CONF: &str = "/etc/ufw/ufw.conf";
const DEFAULTS: &str = "/etc/default/ufw";

/// What tells whether it is on, and which file it applies.
pub(in crate::os::linux::boot) const FILES: [&str; 2] = [CONF, DEFAULTS];

/// The file that it applies.
fn applied(persisted: &Persisted) -> Option<String> {
    let on = ini::shell_value(persisted.text(CONF)?, "ENABLED")?.eq_ignore_ascii_case(b"yes");
    let path = ini::shell_value(persisted.text(DEFAULTS)?, "IPT_SYSCTL")?;
    let path = std::str::from_utf8(path).ok().filter(|path| path.starts_with('/'))?;
    on.then(|| path.to_owned())
}

pub(in crate::os::linux::boot) fn more(persisted: &Persisted) -> Option<String> {
    applied(persisted)
}

pub(super) fn write(persisted: &Persisted, log: &mut LineLog) {
    let Some(file) = applied(persisted).and_then(|path| persisted.file(&path)) else { return };
    let files = Files::only(file, Grammar::Procps);
    procps::apply(&files, log);
    near::reject(&files, log);
}
