//! The process that this is.

/// Its number, which nginx keeps right over every fork.
pub(crate) fn id() -> i32 {
    // SAFETY: a plain variable of nginx's, written where a process begins and never afterwards.
    unsafe { nginx_sys::ngx_pid }
}
