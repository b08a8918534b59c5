//! Text and bytes in, values out. Pure: no parser knows which OS it runs on, and each compiles on all of them.

pub(crate) mod linux_sysctl;
pub(crate) mod netlink;
pub(crate) mod os_release;
pub(crate) mod owners;
pub(crate) mod port_list;
pub(crate) mod sock_diag;
pub(crate) mod socket_table;
