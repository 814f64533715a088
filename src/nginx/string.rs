//! `ngx_str_t` and byte slices.

use core::slice;

use nginx_sys::ngx_str_t;

/// The bytes of an nginx string.
///
/// # Safety
/// `s` must describe memory that is initialised and stays unchanged for `'a`.
pub(super) unsafe fn bytes<'a>(s: ngx_str_t) -> &'a [u8] {
    if s.len == 0 || s.data.is_null() {
        return &[];
    }
    // SAFETY: the caller vouches for data and len.
    unsafe { slice::from_raw_parts(s.data, s.len) }
}

/// An nginx string that borrows `b`. nginx's signatures want `*mut`; what it is given here it only
/// reads.
pub(super) fn str_of(b: &[u8]) -> ngx_str_t {
    ngx_str_t { len: b.len(), data: b.as_ptr().cast_mut() }
}
