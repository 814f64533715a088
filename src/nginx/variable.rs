//! Variables.

use core::ffi::CStr;
use core::ptr;

use nginx_sys::{
    NGX_ERROR, NGX_HTTP_VAR_NOCACHEABLE, NGX_OK, ngx_conf_t, ngx_http_add_variable,
    ngx_http_core_main_conf_t, ngx_http_core_module, ngx_http_request_t, ngx_http_variable_t,
    ngx_http_variable_value_t, ngx_int_t,
};

use super::request::Request;
use super::string::{bytes, str_of};
use super::{NoMemory, guard};

/// A variable `$NAME`. Its value belongs to the main request and is computed at each use.
pub(crate) trait Variable {
    const NAME: &'static CStr;

    /// The value; `None`: not found (an empty string in a log is `-`).
    fn get<'r>(main: Request<'r>) -> Result<Option<&'r [u8]>, NoMemory>;
}

/// Adds `V` to the configuration that is being read.
///
/// # Safety
/// `cf` must be the configuration that is being read.
pub(super) unsafe fn add<V: Variable>(cf: *mut ngx_conf_t) -> Result<(), NoMemory> {
    let mut name = str_of(V::NAME.to_bytes());
    // SAFETY: the caller vouches for cf; the name is static.
    unsafe {
        let flags = NGX_HTTP_VAR_NOCACHEABLE as usize;
        let variable = ngx_http_add_variable(cf, &raw mut name, flags).as_mut().ok_or(NoMemory)?;
        variable.get_handler = Some(get::<V>);
    }
    Ok(())
}

/// Forgets what nginx has cached of the request's cookies, since they have changed.
pub(crate) fn forget_cookies(r: Request<'_>) {
    // SAFETY: the request is live, its array of values as long as the configuration's of variables.
    unsafe {
        let core = (*ptr::addr_of!(ngx_http_core_module)).ctx_index;
        let core = (*(*r.as_ptr()).main_conf.add(core)).cast::<ngx_http_core_main_conf_t>();
        let variables = (*core).variables.as_slice::<ngx_http_variable_t>();
        for (index, variable) in variables.iter().enumerate() {
            let name = bytes(variable.name);
            if name == b"http_cookie" || name.starts_with(b"cookie_") {
                let value = (*r.as_ptr()).variables.add(index);
                (*value).set_valid(0);
                (*value).set_not_found(0);
            }
        }
    }
}

unsafe extern "C" fn get<V: Variable>(
    r: *mut ngx_http_request_t,
    v: *mut ngx_http_variable_value_t,
    _data: usize,
) -> ngx_int_t {
    guard::catch(NGX_ERROR as ngx_int_t, || {
        // SAFETY: nginx evaluates a variable of a live request into a value of its own.
        let (main, v) = unsafe { (Request::new(r).main(), &mut *v) };
        match V::get(main) {
            Ok(Some(value)) => {
                v.set_valid(1);
                v.set_no_cacheable(1);
                v.set_not_found(0);
                v.set_len(value.len() as u32);
                v.data = value.as_ptr().cast_mut();
            }
            Ok(None) => {
                v.set_valid(0);
                v.set_not_found(1);
                v.set_len(0);
                v.data = ptr::null_mut();
            }
            Err(NoMemory) => return NGX_ERROR as ngx_int_t,
        }
        NGX_OK as ngx_int_t
    })
}
