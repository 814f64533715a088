//! The tables by which nginx knows the modules in an object that it loads. nginx's own build writes
//! them itself (the file `config`): a static library has none.

// nginx finds these by name in the loaded object; to Rust they are private.
#![allow(unreachable_pub)]

use core::ffi::c_char;
use core::ptr;

use nginx_sys::ngx_module_t;

use super::module::ngx_http_shared_session_module;

/// A table that nginx reads from the loaded object.
#[repr(transparent)]
pub struct Exported<T>(T);

// SAFETY: nginx reads the tables in one thread and never writes them.
unsafe impl<T> Sync for Exported<T> {}

/// The modules in this object.
#[allow(non_upper_case_globals)]
#[unsafe(no_mangle)]
pub static ngx_modules: Exported<[*const ngx_module_t; 2]> =
    Exported([ptr::addr_of!(ngx_http_shared_session_module), ptr::null()]);

/// Their names.
#[allow(non_upper_case_globals)]
#[unsafe(no_mangle)]
pub static ngx_module_names: Exported<[*const c_char; 2]> =
    Exported([c"ngx_http_shared_session_module".as_ptr(), ptr::null()]);

/// Where the module stands among the others: before those that follow its own name. A filter runs
/// after those behind it in the list, so this one runs directly after the postpone filter would
/// (gzip and what comes later see the page with its tags), and after all that change a page's text.
#[allow(non_upper_case_globals)]
#[unsafe(no_mangle)]
pub static ngx_module_order: Exported<[*const c_char; 13]> = Exported([
    c"ngx_http_shared_session_module".as_ptr(),
    c"ngx_http_postpone_filter_module".as_ptr(),
    c"ngx_http_ssi_filter_module".as_ptr(),
    c"ngx_http_charset_filter_module".as_ptr(),
    c"ngx_http_xslt_filter_module".as_ptr(),
    c"ngx_http_image_filter_module".as_ptr(),
    c"ngx_http_sub_filter_module".as_ptr(),
    c"ngx_http_addition_filter_module".as_ptr(),
    c"ngx_http_gunzip_filter_module".as_ptr(),
    c"ngx_http_userid_filter_module".as_ptr(),
    c"ngx_http_headers_filter_module".as_ptr(),
    c"ngx_http_copy_filter_module".as_ptr(),
    ptr::null(),
]);
