//! Faults to order, so that tests can see what becomes of a request and its worker. They exist only
//! with the feature `fault-injection`, which no release has.
//!
//! A request orders them by its headers: `X-Fault-Allocation: N` makes the module's N-th pool
//! allocation for it fail, `X-Fault-Panic: N` makes the module panic at the N-th entry from nginx.

/// Whether this allocation is the one that is to fail.
#[cfg(not(feature = "fault-injection"))]
pub(super) const fn allocation_fails() -> bool {
    false
}

/// Panics if this entry is the one that is to.
#[cfg(not(feature = "fault-injection"))]
pub(super) const fn entry() {}

#[cfg(feature = "fault-injection")]
pub(super) use armed::{allocation_fails, arm, entry};

#[cfg(feature = "fault-injection")]
mod armed {
    use std::cell::Cell;

    use crate::nginx::Request;

    thread_local! {
        static ALLOCATIONS: Cell<u32> = const { Cell::new(0) };
        static ENTRIES: Cell<u32> = const { Cell::new(0) };
    }

    /// Takes the orders of a request that has just been read.
    pub(in crate::nginx) fn arm(r: Request<'_>) {
        let order = |value: Option<&[u8]>| std::str::from_utf8(value?).ok()?.parse().ok();
        let headers = r.headers_in();
        ALLOCATIONS.set(order(headers.first(b"X-Fault-Allocation")).unwrap_or(0));
        ENTRIES.set(order(headers.first(b"X-Fault-Panic")).unwrap_or(0));
    }

    fn is_due(counter: &'static std::thread::LocalKey<Cell<u32>>) -> bool {
        let left = counter.get();
        counter.set(left.saturating_sub(1));
        left == 1
    }

    pub(in crate::nginx) fn allocation_fails() -> bool {
        is_due(&ALLOCATIONS)
    }

    #[allow(clippy::panic)]
    pub(in crate::nginx) fn entry() {
        if is_due(&ENTRIES) {
            panic!("ordered by a test");
        }
    }
}
