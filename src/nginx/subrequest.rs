//! Subrequests: internal locations that are asked or told something.

use core::cell::Cell;
use core::ffi::c_void;
use core::ptr;

use nginx_sys::{
    NGX_HTTP_SUBREQUEST_BACKGROUND, NGX_HTTP_SUBREQUEST_WAITED, NGX_OK, ngx_http_post_subrequest_t,
    ngx_http_request_body_t, ngx_http_request_t, ngx_http_subrequest, ngx_int_t, ngx_list_t,
    ngx_palloc, ngx_pcalloc, ngx_table_elt_t, ngx_uint_t,
};

use super::headers::elements;
use super::pool::Pool;
use super::request::Request;
use super::request_headers::{pointers, put};
use super::string::{bytes, str_of};
use super::{NoMemory, fault, guard, request_bits};

/// What a location answered; its status once it has, 0 where it failed without one.
#[derive(Clone, Copy)]
pub(crate) struct Answer<'r>(&'r Cell<Option<u16>>);

impl Answer<'_> {
    pub(crate) fn status(self) -> Option<u16> {
        self.0.get()
    }
}

/// Asks an internal location. The phase handler that does so returns `NGX_AGAIN` and is called
/// again when the answer is there.
pub(crate) fn ask<'r>(
    r: Request<'r>,
    uri: &'r [u8],
    args: &'r [u8],
) -> Result<Answer<'r>, NoMemory> {
    start(r, uri, args, NGX_HTTP_SUBREQUEST_WAITED as ngx_uint_t)
}

/// Tells an internal location; nobody waits for it, but it is logged before the request is.
pub(crate) fn tell<'r>(
    r: Request<'r>,
    uri: &'r [u8],
    args: &'r [u8],
) -> Result<Answer<'r>, NoMemory> {
    start(r, uri, args, NGX_HTTP_SUBREQUEST_BACKGROUND as ngx_uint_t)
}

fn start<'r>(
    r: Request<'r>,
    uri: &'r [u8],
    args: &'r [u8],
    flags: ngx_uint_t,
) -> Result<Answer<'r>, NoMemory> {
    let answer = r.pool().place(Cell::new(None))?;
    let post = r
        .pool()
        .place(ngx_http_post_subrequest_t { handler: Some(finished), data: answer.cast() })?;
    if fault::allocation_fails() {
        return Err(NoMemory);
    }
    // SAFETY: the request is live and stays so until its subrequests are done: nginx counts them.
    // What the subrequest is given lives in the same pool, or in the configuration. It starts out
    // with a copy of the request's headers, and does not run before this returns.
    unsafe {
        // One that is there already, and empty: the client's body is not the location's.
        let size = size_of::<ngx_http_request_body_t>();
        let body = ngx_pcalloc(r.pool().as_ptr(), size).cast::<ngx_http_request_body_t>();
        if body.is_null() {
            return Err(NoMemory);
        }
        let list = &raw const (*r.as_ptr()).headers_in.headers;
        let gone = |e: *mut ngx_table_elt_t| is_of_the_body_or_a_condition(bytes((*e).key));
        let kept = copy(list, r.pool(), |e| !gone(e))?;

        let (mut uri, mut args) = (str_of(uri), str_of(args));
        let mut sr: *mut ngx_http_request_t = ptr::null_mut();
        let (uri, args) = (&raw mut uri, &raw mut args);
        let made = ngx_http_subrequest(r.as_ptr(), uri, args, &raw mut sr, post, flags);
        if made != NGX_OK as ngx_int_t || sr.is_null() {
            return Err(NoMemory);
        }
        request_bits::set_header_only(sr, true);
        (*sr).request_body = body;
        let headers = &raw mut (*sr).headers_in;
        put(&raw mut (*headers).headers, kept);
        for (name, pointer) in pointers(headers) {
            if name != b"Accept-Encoding" {
                *pointer = ptr::null_mut();
            }
        }
        (*headers).expect = ptr::null_mut();
        (*headers).content_length = ptr::null_mut();
        (*headers).content_length_n = -1;
        (*headers).set_chunked(0);
        Ok(Answer(&*answer))
    }
}

/// Those elements of a list, copied into a list of one part in the pool, with room for one more: what
/// a module changes there, or adds, is not changed for the request itself.
///
/// # Safety
/// `list` must be a live list of headers.
unsafe fn copy(
    list: *const ngx_list_t,
    pool: Pool<'_>,
    is_kept: impl Fn(*mut ngx_table_elt_t) -> bool,
) -> Result<ngx_list_t, NoMemory> {
    if fault::allocation_fails() {
        return Err(NoMemory);
    }
    // SAFETY: the caller vouches for the list; the array has room for all of its elements.
    unsafe {
        let nalloc = elements(list).count() + 1;
        let elts = ngx_palloc(pool.as_ptr(), nalloc * size_of::<ngx_table_elt_t>());
        let elts = elts.cast::<ngx_table_elt_t>();
        if elts.is_null() {
            return Err(NoMemory);
        }
        let mut copy = *list;
        copy.part.nelts = 0;
        for element in elements(list).filter(|e| is_kept(*e)) {
            ptr::copy_nonoverlapping(element, elts.add(copy.part.nelts), 1);
            copy.part.nelts += 1;
        }
        copy.nalloc = nalloc;
        copy.part.elts = elts.cast();
        copy.part.next = ptr::null_mut();
        Ok(copy)
    }
}

/// What the client sent with its own request in mind.
fn is_of_the_body_or_a_condition(name: &[u8]) -> bool {
    let names: [&[u8]; 9] = [
        b"Content-Length",
        b"Transfer-Encoding",
        b"Expect",
        b"Range",
        b"If-Range",
        b"If-Match",
        b"If-None-Match",
        b"If-Modified-Since",
        b"If-Unmodified-Since",
    ];
    names.into_iter().any(|other| name.eq_ignore_ascii_case(other))
}

/// nginx calls this when the subrequest ends, however it ends. That it failed is its answer, and
/// not the main request's fault: nginx would end the connection for some failures.
unsafe extern "C" fn finished(
    sr: *mut ngx_http_request_t,
    data: *mut c_void,
    rc: ngx_int_t,
) -> ngx_int_t {
    // A panic is no answer either; without any the request would wait for ever.
    let status = guard::catch(0, || {
        // SAFETY: nginx passes the subrequest, which is live.
        let sent = unsafe { (*sr).headers_out.status };
        let status = if rc >= 100 { rc.cast_unsigned() } else { sent };
        status.try_into().unwrap_or(0)
    });
    // SAFETY: data is the cell that start() placed in the pool of the live request.
    let answer = unsafe { &*data.cast::<Cell<Option<u16>>>() };
    answer.set(Some(status));
    NGX_OK as ngx_int_t
}
