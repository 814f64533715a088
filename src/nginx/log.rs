//! nginx's error log. Nothing that a token, a cookie or a key holds is ever passed here.

use core::fmt::{self, Write};
use core::ptr;

use nginx_sys::{ngx_cycle, ngx_log_error_core, ngx_log_t, ngx_uint_t};

/// The levels that this module uses: client faults at info, own faults at error.
#[derive(Clone, Copy)]
pub(crate) enum Level {
    Emerg = nginx_sys::NGX_LOG_EMERG as isize,
    Error = nginx_sys::NGX_LOG_ERR as isize,
    Warn = nginx_sys::NGX_LOG_WARN as isize,
    Info = nginx_sys::NGX_LOG_INFO as isize,
}

/// A line cut at what nginx's own buffer would hold beside its prefix.
pub(super) struct Line {
    len: usize,
    buf: [u8; 1900],
}

impl Line {
    pub(super) fn of(args: fmt::Arguments<'_>) -> Self {
        let mut line = Line { len: 0, buf: [0; 1900] };
        // The only error is "full", and a cut line is what is wanted then.
        let _ = line.write_fmt(args);
        line
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        &self.buf[..self.len]
    }
}

impl Write for Line {
    fn write_str(&mut self, s: &str) -> fmt::Result {
        let room = self.buf.len() - self.len;
        let take = s.len().min(room);
        self.buf[self.len..self.len + take].copy_from_slice(&s.as_bytes()[..take]);
        self.len += take;
        if take < s.len() { Err(fmt::Error) } else { Ok(()) }
    }
}

/// Logs to `log`, if its level lets it through.
///
/// # Safety
/// `log` must be null or a live nginx log.
pub(super) unsafe fn write(log: *mut ngx_log_t, level: Level, args: fmt::Arguments<'_>) {
    // SAFETY: the caller vouches for the log; "%*s" reads exactly len bytes of the line.
    unsafe {
        if log.is_null() || (*log).log_level < level as ngx_uint_t {
            return;
        }
        let line = Line::of(args);
        let text = line.as_bytes();
        ngx_log_error_core(level as ngx_uint_t, log, 0, c"%*s".as_ptr(), text.len(), text.as_ptr());
    }
}

/// Logs to the cycle's log: for what belongs to no request.
pub(crate) fn cycle(level: Level, args: fmt::Arguments<'_>) {
    // SAFETY: ngx_cycle and its log live as long as the process has a configuration.
    unsafe {
        let log = ngx_cycle.as_ref().map_or(ptr::null_mut(), |cycle| cycle.log);
        write(log, level, args);
    }
}
