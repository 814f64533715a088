//! Taking headers out of a request, and giving them back.
//!
//! The proxy modules forward every entry of the header list, and nginx's own filters look at
//! pointers beside it: a header is gone only when it is gone from both. The list is therefore
//! replaced by a shorter one of the same elements, and the old one kept whole.

use core::ptr;

use nginx_sys::{ngx_http_headers_in_t, ngx_list_part_t, ngx_list_t, ngx_palloc, ngx_table_elt_t};

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
pub(crate) fn take_out<'r>(
    r: Request<'r>,
    unwanted: impl Fn(&[u8]) -> bool,
) -> Result<Option<&'r Original>, NoMemory> {
    // SAFETY: the headers belong to the live request; the new list is made whole in its pool before
    // it takes the old one's place, whose elements stay where they are.
    unsafe {
        let headers = &raw mut (*r.as_ptr()).headers_in;
        let list = &raw mut (*headers).headers;
        let Some(kept) = without(list, r.pool(), |e| unwanted(bytes((*e).key)))? else {
            return Ok(None);
        };
        let mut original = Original { list: *list, pointers: [ptr::null_mut(); POINTERS] };
        for (saved, (_, pointer)) in original.pointers.iter_mut().zip(pointers(headers)) {
            if !pointer.is_null() {
                *saved = *pointer;
            }
        }
        let original = r.pool().keep(original)?;
        put(list, kept);
        for (name, pointer) in pointers(headers) {
            if !pointer.is_null() && !(*pointer).is_null() && unwanted(name) {
                *pointer = ptr::null_mut();
            }
        }
        forget_gzip(r);
        Ok(Some(original))
    }
}

/// The elements of `list` that are not `gone`, as a list in the pool; `None` where none of them is.
///
/// The elements stay where they are, since nginx has pointers to some: only the parts are made
/// anew. Whoever adds to the new list adds a part of their own, so that the old one does not change.
///
/// # Safety
/// `list` must be a live list of headers.
pub(super) unsafe fn without(
    list: *const ngx_list_t,
    pool: Pool<'_>,
    gone: impl Fn(*mut ngx_table_elt_t) -> bool,
) -> Result<Option<ngx_list_t>, NoMemory> {
    // SAFETY: the caller vouches for the list, whose parts hold nelts elements each. A new part is
    // filled whole before another one leads to it.
    unsafe {
        let mut runs = Runs { pool, first: EMPTY, last: ptr::null_mut() };
        let mut is_any = false;
        let mut part = ptr::addr_of!((*list).part);
        while let Some(old) = part.as_ref() {
            let elts = old.elts.cast::<ngx_table_elt_t>();
            let mut begin = 0;
            for at in 0..old.nelts {
                if gone(elts.add(at)) {
                    runs.push(elts.add(begin), at - begin)?;
                    begin = at + 1;
                    is_any = true;
                }
            }
            runs.push(elts.add(begin), old.nelts - begin)?;
            part = old.next;
        }
        if !is_any {
            return Ok(None);
        }
        let mut kept = *list;
        kept.part = runs.first;
        kept.last = runs.last;
        // A part of so many elements is full.
        let last = if runs.last.is_null() { runs.first.nelts } else { (*runs.last).nelts };
        if last > 0 {
            kept.nalloc = last;
        } else {
            // There is nothing left: the next one goes into a part of its own all the same.
            if fault::allocation_fails() {
                return Err(NoMemory);
            }
            let elts = ngx_palloc(pool.as_ptr(), kept.nalloc * kept.size);
            if elts.is_null() {
                return Err(NoMemory);
            }
            kept.part.elts = elts;
        }
        Ok(Some(kept))
    }
}

/// Parts of a list, each of which is a run of elements that stand somewhere else.
struct Runs<'p> {
    pool: Pool<'p>,
    first: ngx_list_part_t,
    /// Null while there is at most the first.
    last: *mut ngx_list_part_t,
}

const EMPTY: ngx_list_part_t =
    ngx_list_part_t { elts: ptr::null_mut(), nelts: 0, next: ptr::null_mut() };

impl Runs<'_> {
    fn push(&mut self, elts: *mut ngx_table_elt_t, nelts: usize) -> Result<(), NoMemory> {
        if nelts == 0 {
            return Ok(());
        }
        let run = ngx_list_part_t { elts: elts.cast(), nelts, next: ptr::null_mut() };
        if self.first.nelts == 0 {
            self.first = run;
            return Ok(());
        }
        let new = self.pool.place(run)?;
        // SAFETY: `last` is a part that this made, in the live pool.
        match unsafe { self.last.as_mut() } {
            Some(last) => last.next = new,
            None => self.first.next = new,
        }
        self.last = new;
        Ok(())
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
