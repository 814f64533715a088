//! The bit fields of a request, which C finds (`request_bits.c`): since nginx 1.29.3 they share a
//! word with the field before them, and nginx-sys's bindings then place half of them two bits off
//! (<https://github.com/rust-lang/rust-bindgen/issues/1377>). Other structures' begin with a word of
//! their own, and are right.

use nginx_sys::{ngx_http_request_t, ngx_uint_t};

unsafe extern "C" {
    fn ngx_http_shared_session_get_header_only(r: *const ngx_http_request_t) -> ngx_uint_t;
    fn ngx_http_shared_session_get_internal(r: *const ngx_http_request_t) -> ngx_uint_t;
    fn ngx_http_shared_session_set_allow_ranges(r: *mut ngx_http_request_t, value: ngx_uint_t);
    fn ngx_http_shared_session_set_disable_not_modified(
        r: *mut ngx_http_request_t,
        value: ngx_uint_t,
    );
    fn ngx_http_shared_session_set_header_only(r: *mut ngx_http_request_t, value: ngx_uint_t);
    fn ngx_http_shared_session_set_keepalive(r: *mut ngx_http_request_t, value: ngx_uint_t);
    fn ngx_http_shared_session_set_main_filter_need_in_memory(
        r: *mut ngx_http_request_t,
        value: ngx_uint_t,
    );
    #[cfg(ngx_feature = "http_gzip")]
    fn ngx_http_shared_session_set_gzip_ok(r: *mut ngx_http_request_t, value: ngx_uint_t);
    #[cfg(ngx_feature = "http_gzip")]
    fn ngx_http_shared_session_set_gzip_tested(r: *mut ngx_http_request_t, value: ngx_uint_t);
}

macro_rules! get {
    ($($bit:ident = $c:ident;)*) => {$(
        #[doc = concat!("`r->", stringify!($bit), "`.\n\n# Safety\n`r` is a live request.")]
        pub(super) unsafe fn $bit(r: *const ngx_http_request_t) -> bool {
            // SAFETY: the caller vouches for the request.
            unsafe { $c(r) != 0 }
        }
    )*};
}

macro_rules! set {
    ($($(#[$when:meta])* $name:ident = $c:ident;)*) => {$(
        $(#[$when])*
        #[doc = "Sets the bit of this name.\n\n# Safety\n`r` is a live request."]
        pub(super) unsafe fn $name(r: *mut ngx_http_request_t, value: bool) {
            // SAFETY: the caller vouches for the request, which one thread has.
            unsafe { $c(r, value.into()) }
        }
    )*};
}

get! {
    header_only = ngx_http_shared_session_get_header_only;
    internal = ngx_http_shared_session_get_internal;
}

set! {
    set_allow_ranges = ngx_http_shared_session_set_allow_ranges;
    set_disable_not_modified = ngx_http_shared_session_set_disable_not_modified;
    set_header_only = ngx_http_shared_session_set_header_only;
    set_keepalive = ngx_http_shared_session_set_keepalive;
    set_main_filter_need_in_memory = ngx_http_shared_session_set_main_filter_need_in_memory;
    #[cfg(ngx_feature = "http_gzip")]
    set_gzip_ok = ngx_http_shared_session_set_gzip_ok;
    #[cfg(ngx_feature = "http_gzip")]
    set_gzip_tested = ngx_http_shared_session_set_gzip_tested;
}
