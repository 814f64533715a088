//! Replacing a request's `Cookie` headers.

use nginx_sys::ngx_table_elt_t;

use super::NoMemory;
use super::headers::{Multi, elements};
use super::request::Request;
use super::request_headers::{put, without};
use super::string::{bytes, str_of};

/// Puts one `Cookie` header with that value in the place of all of them, or none. Where there is
/// none, nothing is put anywhere.
///
/// The upstream gets one even where several came: some join several with a comma.
pub(crate) fn replace<'r>(r: Request<'r>, value: Option<&'r [u8]>) -> Result<(), NoMemory> {
    // SAFETY: the headers belong to the live request, their elements and strings to its pool or
    // header buffer; a new list is made whole before it takes the old one's place.
    unsafe {
        let headers = &raw mut (*r.as_ptr()).headers_in;
        let list = &raw mut (*headers).headers;
        let is_cookie = |e: &*mut ngx_table_elt_t| bytes((**e).key).eq_ignore_ascii_case(b"Cookie");
        let Some(first) = elements(list).find(is_cookie) else { return Ok(()) };
        let count = elements(list).filter(is_cookie).count();

        #[cfg(ngx_header_lists)]
        let field = &raw mut (*headers).cookie;
        #[cfg(not(ngx_header_lists))]
        let field = &raw mut (*headers).cookies;

        if let (Some(value), 1) = (value, count) {
            (*first).value = str_of(value);
            return Ok(());
        }
        let gone = |e: *mut ngx_table_elt_t| is_cookie(&e) && (value.is_none() || e != first);
        let kept = without(list, r.pool(), gone)?;
        put(list, kept);
        Multi::clear(field);
        if let Some(value) = value
            && let Some(only) = elements(list).find(is_cookie)
        {
            (*only).value = str_of(value);
            Multi::push(field, only, r.pool())?;
        }
        Ok(())
    }
}
