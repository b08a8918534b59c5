//! Text and bytes in, values out. Pure: no parser knows which OS it runs on, and each compiles on
//! all of them.

pub(crate) mod bsd_conf;
pub(crate) mod cgroup;
pub(crate) mod cmdline;
pub(crate) mod console;
pub(crate) mod containers;
pub(crate) mod decode;
pub(crate) mod ini;
pub(crate) mod ipadm;
pub(crate) mod lines;
pub(crate) mod linux_sockets;
pub(crate) mod linux_sysctl;
pub(crate) mod ndd;
pub(crate) mod netlink;
pub(crate) mod netsh;
pub(crate) mod no;
pub(crate) mod os_release;
pub(crate) mod port_list;
pub(crate) mod powershell;
pub(crate) mod registry;
pub(crate) mod sctp;
pub(crate) mod shown;
pub(crate) mod sock_diag;
pub(crate) mod socket_table;
pub(crate) mod sockets;
pub(crate) mod sockstat;
pub(crate) mod sysctl_conf;
pub(crate) mod sysctl_text;
pub(crate) mod transcript;
pub(crate) mod typed;
pub(crate) mod uname;
pub(crate) mod writes;
