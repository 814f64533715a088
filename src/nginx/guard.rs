//! The guard at every entry from C: a panic must not unwind into nginx, nor take a worker with it.

use std::cell::Cell;
use std::panic::{self, AssertUnwindSafe};
use std::sync::Once;

use super::fault;
use super::log::{self, Level};

thread_local! {
    /// Where the last panic happened: the hook knows it, the guard logs it.
    static PLACE: Cell<Option<(&'static str, u32)>> = const { Cell::new(None) };
}

/// Runs `f`; a panic in it is logged, without its payload, and becomes `failed`.
pub(super) fn catch<T>(failed: T, f: impl FnOnce() -> T) -> T {
    let guarded = || {
        fault::entry();
        f()
    };
    match panic::catch_unwind(AssertUnwindSafe(guarded)) {
        Ok(value) => value,
        Err(payload) => {
            let (file, line) = PLACE.take().unwrap_or(("unknown place", 0));
            // A payload whose drop panics would unwind into C after all; what that panic carries is
            // better lost than dropped in its turn.
            if let Err(second) = panic::catch_unwind(AssertUnwindSafe(|| drop(payload))) {
                core::mem::forget(second);
            }
            log::cycle(Level::Error, format_args!("shared_session: panic at {file}:{line}"));
            failed
        }
    }
}

/// Installs a panic hook that prints nothing: the default one writes the payload, which may quote a
/// request, to stderr, and that may be the error log.
pub(super) fn install_hook() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        panic::set_hook(Box::new(|info| {
            let place = info.location().map(|l| {
                // Locations are static data of this module; the hook's signature hides it.
                (static_file(l.file()), l.line())
            });
            PLACE.with(|p| p.set(place));
        }));
    });
}

fn static_file(file: &str) -> &'static str {
    // SAFETY: `Location::file` points into the read-only data of this shared object, which nginx
    // unloads only together with the hook's own code.
    unsafe { core::mem::transmute::<&str, &'static str>(file) }
}
