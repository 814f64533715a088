//! A request's `Cookie` headers, read and replaced.

use core::ptr;

use nginx_sys::{ngx_hash_key, ngx_list_push, ngx_table_elt_t};
use shared_session_core::header::same_name;

use super::headers::elements;
use super::multi::Multi;
use super::request::Request;
use super::request_headers::{put, without};
use super::string::{bytes, str_of};
use super::{NoMemory, fault};

/// The values of the request's `Cookie` headers, in order: nginx keeps pointers to them, so that
/// nothing is searched for.
pub(crate) fn lines<'r>(r: Request<'r>) -> impl Iterator<Item = &'r [u8]> + Clone {
    // SAFETY: the field belongs to the live request; the elements it leads to, and their strings, to
    // its pool or header buffer. What changes it (replace) does so when no walk is under way.
    unsafe {
        let headers = &raw const (*r.as_ptr()).headers_in;
        #[cfg(ngx_header_lists)]
        let field = &raw const (*headers).cookie;
        #[cfg(not(ngx_header_lists))]
        let field = &raw const (*headers).cookies;
        Multi::elements(field).map(|element| bytes::<'r>((*element).value))
    }
}

/// By which the modules that talk to an upstream find the header.
static LOWER_CASE: &[u8] = b"cookie";

/// Puts one `Cookie` header with that value in the place of all of them, or none.
///
/// The upstream gets one even where several came: some join several with a comma.
pub(crate) fn replace<'r>(r: Request<'r>, value: Option<&'r [u8]>) -> Result<(), NoMemory> {
    // SAFETY: the headers belong to the live request, their elements and strings to its pool or
    // header buffer; a new list is made whole before it takes the old one's place.
    unsafe {
        let headers = &raw mut (*r.as_ptr()).headers_in;
        let list = &raw mut (*headers).headers;
        let is_cookie = |e: &*mut ngx_table_elt_t| same_name(bytes((**e).key), b"Cookie");
        #[cfg(ngx_header_lists)]
        let field = &raw mut (*headers).cookie;
        #[cfg(not(ngx_header_lists))]
        let field = &raw mut (*headers).cookies;

        let mut cookies = elements(list).filter(is_cookie);
        if let (Some(only), None, Some(value)) = (cookies.next(), cookies.next(), value) {
            (*only).value = str_of(value);
            return Ok(());
        }
        if let Some(others) = without(list, r.pool(), |e| is_cookie(&e))? {
            put(list, others);
        }
        Multi::clear(field);
        let Some(value) = value else { return Ok(()) };
        if fault::allocation_fails() {
            return Err(NoMemory);
        }
        let element = ngx_list_push(list).cast::<ngx_table_elt_t>();
        if element.is_null() {
            return Err(NoMemory);
        }
        // As nginx itself makes an element of a header that it reads.
        ptr::write_bytes(element, 0, 1);
        (*element).hash = ngx_hash_key(LOWER_CASE.as_ptr().cast_mut(), LOWER_CASE.len());
        (*element).key = str_of(b"Cookie");
        (*element).lowcase_key = LOWER_CASE.as_ptr().cast_mut();
        (*element).value = str_of(value);
        Multi::push(field, element, r.pool())
    }
}
