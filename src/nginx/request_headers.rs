//! Taking headers out of a request, and giving them back.
//!
//! The proxy modules forward every entry of the header list, and nginx's own filters look at
//! pointers beside it: a header is gone only when it is gone from both. The list is therefore
//! replaced by a shorter one, and the old one kept whole.

use core::ptr;

use nginx_sys::{ngx_http_headers_in_t, ngx_list_t, ngx_palloc, ngx_table_elt_t};

use super::headers::elements;
use super::pool::Pool;
use super::request::Request;
use super::string::bytes;
use super::{NoMemory, fault};

/// The headers of a request as they came, while some of them are taken out.
#[derive(Clone, Copy)]
pub(crate) struct Original {
    list: ngx_list_t,
    pointers: [*mut ngx_table_elt_t; POINTERS],
}

const POINTERS: usize = 7;

/// nginx's own pointers to the headers that may be taken out; `Accept-Encoding` first.
pub(super) fn pointers(
    headers: *mut ngx_http_headers_in_t,
) -> [(&'static [u8], *mut *mut ngx_table_elt_t); POINTERS] {
    // SAFETY: only addresses of fields of a live structure are taken.
    unsafe {
        [
            #[cfg(ngx_feature = "http_gzip")]
            (b"Accept-Encoding", &raw mut (*headers).accept_encoding),
            #[cfg(not(ngx_feature = "http_gzip"))]
            (b"Accept-Encoding", ptr::null_mut()),
            (b"Range", &raw mut (*headers).range),
            (b"If-Range", &raw mut (*headers).if_range),
            (b"If-Modified-Since", &raw mut (*headers).if_modified_since),
            (b"If-Unmodified-Since", &raw mut (*headers).if_unmodified_since),
            (b"If-Match", &raw mut (*headers).if_match),
            (b"If-None-Match", &raw mut (*headers).if_none_match),
        ]
    }
}

/// Takes every header out that `unwanted` names; `None` where there is none of them.
///
/// The headers that can be named are those of [`pointers`].
pub(crate) fn take_out(
    r: Request<'_>,
    unwanted: impl Fn(&[u8]) -> bool,
) -> Result<Option<Original>, NoMemory> {
    // SAFETY: the headers belong to the live request; the new list is made whole in its pool before
    // it takes the old one's place, whose elements stay where they are.
    unsafe {
        let headers = &raw mut (*r.as_ptr()).headers_in;
        let list = &raw mut (*headers).headers;
        let gone = |e: *mut ngx_table_elt_t| unwanted(bytes((*e).key));
        if !elements(list).any(gone) {
            return Ok(None);
        }
        let kept = without(list, r.pool(), gone)?;
        let mut original = Original { list: *list, pointers: [ptr::null_mut(); POINTERS] };
        put(list, kept);
        for (saved, (name, pointer)) in original.pointers.iter_mut().zip(pointers(headers)) {
            if !pointer.is_null() {
                *saved = *pointer;
                if unwanted(name) {
                    *pointer = ptr::null_mut();
                }
            }
        }
        forget_gzip(r);
        Ok(Some(original))
    }
}

/// A list of one part in the pool, of the elements of `list` that are not `gone`, with room for one
/// more.
///
/// # Safety
/// `list` must be a live list of headers.
pub(super) unsafe fn without(
    list: *const ngx_list_t,
    pool: Pool<'_>,
    gone: impl Fn(*mut ngx_table_elt_t) -> bool,
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
        let mut kept = *list;
        kept.part.nelts = 0;
        for element in elements(list).filter(|e| !gone(*e)) {
            ptr::copy_nonoverlapping(element, elts.add(kept.part.nelts), 1);
            kept.part.nelts += 1;
        }
        kept.nalloc = nalloc;
        kept.part.elts = elts.cast();
        kept.part.next = ptr::null_mut();
        Ok(kept)
    }
}

/// Lets the filters to come compress as the client asked: only nginx's own pointer is given back.
pub(crate) fn put_accept_encoding_back(r: Request<'_>, original: &Original) {
    // SAFETY: the element that the pointer leads to is in the request's pool.
    unsafe {
        let [(_, pointer), ..] = pointers(&raw mut (*r.as_ptr()).headers_in);
        if !pointer.is_null() {
            *pointer = original.pointers[0];
        }
    }
    forget_gzip(r);
}

/// Gives the headers back as they came.
pub(crate) fn put_back(r: Request<'_>, original: &Original) {
    // SAFETY: the original list and its elements are in the request's pool.
    unsafe {
        let headers = &raw mut (*r.as_ptr()).headers_in;
        put(&raw mut (*headers).headers, original.list);
        for (saved, (_, pointer)) in original.pointers.iter().zip(pointers(headers)) {
            if !pointer.is_null() {
                *pointer = *saved;
            }
        }
    }
    forget_gzip(r);
}

/// # Safety
/// `list` is a live list, `new` an initialised one of the same elements.
pub(super) unsafe fn put(list: *mut ngx_list_t, new: ngx_list_t) {
    // SAFETY: the caller vouches for both. A list of one part points into itself.
    unsafe {
        *list = new;
        if (*list).part.next.is_null() {
            (*list).last = &raw mut (*list).part;
        }
    }
}

/// Lets nginx judge anew whether this client takes gzip.
fn forget_gzip(r: Request<'_>) {
    #[cfg(ngx_feature = "http_gzip")]
    // SAFETY: bit fields of a live request.
    unsafe {
        super::request_bits::set_gzip_tested(r.as_ptr(), false);
        super::request_bits::set_gzip_ok(r.as_ptr(), false);
    }
    #[cfg(not(ngx_feature = "http_gzip"))]
    let _ = r;
}
