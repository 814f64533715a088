//! Directive values that may hold variables.

use core::mem;

use nginx_sys::{
    NGX_OK, ngx_conf_t, ngx_http_compile_complex_value, ngx_http_compile_complex_value_t,
    ngx_http_complex_value, ngx_http_complex_value_t, ngx_int_t, ngx_str_t,
};

use super::NoMemory;
use super::request::Request;
use super::string::{bytes, str_of};

/// A compiled value; its memory is the configuration's.
#[derive(Clone, Copy)]
pub(crate) struct ComplexValue(*mut ngx_http_complex_value_t);

impl ComplexValue {
    /// Compiles `text`, or logs why not (an unknown variable, say) and returns `None`.
    ///
    /// # Safety
    /// `cf` must be the configuration that is being read; `text` must live as long as its pool.
    pub(super) unsafe fn compile(cf: *mut ngx_conf_t, text: &[u8]) -> Option<Self> {
        // SAFETY: the caller vouches for cf; the compiled value is zeroed memory of its pool, and
        // both locals outlive the call.
        unsafe {
            let size = size_of::<ngx_http_complex_value_t>();
            let value = nginx_sys::ngx_pcalloc((*cf).pool, size).cast::<ngx_http_complex_value_t>();
            if value.is_null() {
                return None;
            }
            let mut text = str_of(text);
            let mut ccv: ngx_http_compile_complex_value_t = mem::zeroed();
            ccv.cf = cf;
            ccv.value = &raw mut text;
            ccv.complex_value = value;
            (ngx_http_compile_complex_value(&raw mut ccv) == NGX_OK as ngx_int_t)
                .then_some(ComplexValue(value))
        }
    }

    /// The value for this request.
    pub(crate) fn evaluate<'r>(self, r: Request<'r>) -> Result<&'r [u8], NoMemory> {
        let mut value = ngx_str_t { len: 0, data: core::ptr::null_mut() };
        // SAFETY: the compiled value is the configuration's, which outlives the request; the result
        // is in the request's pool, in the configuration, or in a variable of the request, none of
        // which changes under it.
        unsafe {
            if ngx_http_complex_value(r.as_ptr(), self.0, &raw mut value) != NGX_OK as ngx_int_t {
                return Err(NoMemory);
            }
            Ok(bytes(value))
        }
    }
}
