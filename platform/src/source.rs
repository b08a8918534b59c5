//! The rim: the only code that touches the system.

mod live;

pub(crate) use live::LIVE_OS;
pub use live::answer;
