//! What the targets share: the bounds of a run, and edits of JSON.

mod edit;

use std::alloc::System;
use std::time::Duration;

use cap::Cap;
use cpu_time::ThreadTime;

pub use edit::edited;
pub use libfuzzer_sys;

#[global_allocator]
static MEMORY: Cap<System> = Cap::new(System, usize::MAX);

/// The most memory of a run, in bytes: an allocation above it fails, and that ends the process.
const MEMORY_MAX: usize = 64 * 1024 * 1024;

/// The most time of a run on the processor, without optimisation for speed and with all checks.
const TIME_MAX: Duration = Duration::from_secs(1);

/// One run.
///
/// # Panics Where it takes too long.
pub fn bounded(bytes: &[u8], run: fn(&[u8])) {
    // More than there is was never refused.
    let _ = MEMORY.set_limit(MEMORY.allocated() + MEMORY_MAX);
    let start = ThreadTime::now();
    run(bytes);
    let took = start.elapsed();
    let _ = MEMORY.set_limit(usize::MAX);
    assert!(took <= TIME_MAX, "a run took {took:?}");
}

/// The target that hands its input to a function of bytes.
#[macro_export]
macro_rules! target {
    ($run:path) => {
        $crate::libfuzzer_sys::fuzz_target!(|bytes: &[u8]| $crate::bounded(bytes, $run));
    };
    ($run:path, edited as JSON) => {
        $crate::target!($run);
        $crate::libfuzzer_sys::fuzz_mutator!(|data: &mut [u8],
                                              size: usize,
                                              max_size: usize,
                                              seed: u32| {
            $crate::edited(data, size, max_size, seed)
        });
    };
}
