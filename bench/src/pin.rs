//! What runs where: the measured worker on a core of its own, load and upstream on another.

use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

/// The measured nginx.
pub(crate) const MEASURED: usize = 0;
/// All else.
pub(crate) const OTHERS: usize = 1;

/// Runs `f` on that core; the processes that it starts stay there. On any, where there is none.
pub(crate) fn on<T>(core: Option<usize>, f: impl FnOnce() -> T) -> T {
    let before = sched_getaffinity(None).expect("affinity");
    if let Some(core) = core {
        let mut only = CpuSet::new();
        only.set(core);
        sched_setaffinity(None, &only).expect("two cores are needed");
    }
    let result = f();
    sched_setaffinity(None, &before).expect("affinity");
    result
}
