//! nginx's clock.

use nginx_sys::ngx_cached_time;

/// Unix time in milliseconds, as nginx cached it at the start of this turn of its event loop.
pub(crate) fn now_ms() -> u64 {
    // SAFETY: nginx points ngx_cached_time at one of its static slots before any module runs, and
    // only this thread (or its signal handler, which switches to another slot) updates it.
    let time = unsafe { *ngx_cached_time };
    u64::try_from(time.sec).unwrap_or(0) * 1000 + time.msec as u64
}
