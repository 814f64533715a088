//! Request and response headers.

use core::marker::PhantomData;
use core::ptr;

use nginx_sys::{
    ngx_http_headers_out_t, ngx_list_part_t, ngx_list_push, ngx_list_t, ngx_table_elt_t,
};

use shared_session_core::header::same_name;

use super::multi::Multi;
use super::pool::Pool;
use super::string::{bytes, str_of};
use super::{NoMemory, fault};

/// Walks an `ngx_list_t` of headers.
#[derive(Clone)]
struct Elements<'r> {
    part: *const ngx_list_part_t,
    at: usize,
    life: PhantomData<&'r ()>,
}

impl Elements<'_> {
    /// # Safety
    /// `list` must be a live list of `ngx_table_elt_t` that does not change while it is walked.
    unsafe fn new(list: *const ngx_list_t) -> Self {
        // SAFETY: the caller vouches for the list.
        let part = unsafe { ptr::addr_of!((*list).part) };
        Elements { part, at: 0, life: PhantomData }
    }
}

impl Iterator for Elements<'_> {
    type Item = *mut ngx_table_elt_t;

    fn next(&mut self) -> Option<Self::Item> {
        // SAFETY: `part` is a part of a live list; each holds nelts elements.
        unsafe {
            while let Some(part) = self.part.as_ref() {
                if self.at < part.nelts {
                    let element = part.elts.cast::<ngx_table_elt_t>().add(self.at);
                    self.at += 1;
                    return Some(element);
                }
                self.part = part.next;
                self.at = 0;
            }
        }
        None
    }
}

/// The elements of a header list.
///
/// # Safety
/// As for the walk itself: the list is live and only grows while it is walked.
pub(super) unsafe fn elements(
    list: *const ngx_list_t,
) -> impl Iterator<Item = *mut ngx_table_elt_t> {
    // SAFETY: the caller vouches for the list.
    unsafe { Elements::new(list) }
}

/// Whether a header has that name. The name is constant where it is asked for, so that this comes to
/// a look at the length and a comparison of a few words.
///
/// # Safety
/// `element` is an element of a live list.
#[inline(always)]
unsafe fn is_named<const N: usize>(element: *const ngx_table_elt_t, name: &[u8; N]) -> bool {
    // SAFETY: the caller vouches for the element, and with it for its strings.
    unsafe { same_name(bytes((*element).key), name) }
}

/// The request's headers.
#[derive(Clone, Copy)]
pub(crate) struct HeadersIn<'r>(*const ngx_list_t, PhantomData<&'r ()>);

/// One header that can be sent only once, as it came.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Single<'a> {
    Absent,
    One(&'a [u8]),
    Many,
}

impl<'a> Single<'a> {
    fn and(self, value: &'a [u8]) -> Self {
        if let Single::Absent = self { Single::One(value) } else { Single::Many }
    }

    /// Whether it came once, with this value in whatever case.
    #[inline(always)]
    pub(crate) fn is<const N: usize>(self, value: &'static [u8; N]) -> bool {
        matches!(self, Single::One(found) if same_name(found, value))
    }
}

impl<'r> HeadersIn<'r> {
    /// # Safety
    /// `list` must be the header list of a request that lives for `'r`.
    pub(super) unsafe fn new(list: *const ngx_list_t) -> Self {
        HeadersIn(list, PhantomData)
    }

    /// The values of every header of that name, in the order they came.
    #[inline(always)]
    pub(crate) fn values<const N: usize>(
        self,
        name: &'static [u8; N],
    ) -> impl Iterator<Item = &'r [u8]> + Clone {
        // SAFETY: the list lives for 'r. What changes it (request_headers, request_cookies) does so
        // when no walk is under way, and leaves the elements where they are.
        unsafe { Elements::new(self.0) }.filter_map(move |e| {
            // SAFETY: elements and their strings live as long as the request.
            unsafe { is_named(e, name).then(|| bytes::<'r>((*e).value)) }
        })
    }

    #[inline(always)]
    pub(crate) fn single<const N: usize>(self, name: &'static [u8; N]) -> Single<'r> {
        self.values(name).take(2).fold(Single::Absent, Single::and)
    }

    /// Two headers whose names are of one length, found in one walk.
    #[inline(always)]
    pub(crate) fn pair<const N: usize>(
        self,
        (one, other): (&'static [u8; N], &'static [u8; N]),
    ) -> (Single<'r>, Single<'r>) {
        let mut found = (Single::Absent, Single::Absent);
        // SAFETY: as for values().
        for element in unsafe { Elements::<'r>::new(self.0) } {
            // SAFETY: elements and their strings live as long as the request.
            unsafe {
                if (*element).key.len != N {
                    continue;
                }
                if is_named(element, one) {
                    found.0 = found.0.and(bytes((*element).value));
                } else if is_named(element, other) {
                    found.1 = found.1.and(bytes((*element).value));
                }
            }
        }
        found
    }

    #[inline(always)]
    pub(crate) fn first<const N: usize>(self, name: &'static [u8; N]) -> Option<&'r [u8]> {
        self.values(name).next()
    }
}

/// The response's headers.
#[derive(Clone, Copy)]
pub(crate) struct HeadersOut<'r>(*mut ngx_http_headers_out_t, Pool<'r>);

impl<'r> HeadersOut<'r> {
    /// # Safety
    /// `out` must be the response headers of a request that lives for `'r` and has that pool.
    pub(super) unsafe fn new(out: *mut ngx_http_headers_out_t, pool: Pool<'r>) -> Self {
        HeadersOut(out, pool)
    }

    fn get(self) -> &'r ngx_http_headers_out_t {
        // SAFETY: lives for 'r; the reference is used to read one field and dropped.
        unsafe { &*self.0 }
    }

    fn elements(self) -> impl Iterator<Item = *mut ngx_table_elt_t> {
        // SAFETY: the list is part of the headers; additions only append to it.
        unsafe { Elements::new(ptr::addr_of!((*self.0).headers)) }
    }

    pub(crate) fn status(self) -> u16 {
        self.get().status.try_into().unwrap_or(0)
    }

    /// `Content-Type`, with its parameters.
    pub(crate) fn content_type(self) -> &'r [u8] {
        // SAFETY: in the pool or static.
        unsafe { bytes(self.get().content_type) }
    }

    /// The charset that nginx will append to `Content-Type`; empty where there is none.
    pub(crate) fn charset(self) -> &'r [u8] {
        // SAFETY: in the pool, the configuration or static.
        unsafe { bytes(self.get().charset) }
    }

    /// The length of the body in bytes, where it is known.
    pub(crate) fn content_length(self) -> Option<u64> {
        u64::try_from(self.get().content_length_n).ok()
    }

    /// Corrects a known length by what the module adds to the body.
    pub(crate) fn grow_content_length(self, by: usize) {
        // SAFETY: fields of a live request; a removed element is one whose hash is 0.
        unsafe {
            let out = self.0;
            if (*out).content_length_n >= 0 {
                (*out).content_length_n += by as i64;
            }
            if let Some(element) = (*out).content_length.as_mut() {
                element.hash = 0;
                (*out).content_length = ptr::null_mut();
            }
        }
    }

    /// The values of every header of that name that is to be sent, in order.
    #[inline(always)]
    pub(crate) fn values<const N: usize>(
        self,
        name: &'static [u8; N],
    ) -> impl Iterator<Item = &'r [u8]> {
        self.elements().filter_map(move |e| {
            // SAFETY: elements and their strings live as long as the request.
            unsafe { ((*e).hash != 0 && is_named(e, name)).then(|| bytes::<'r>((*e).value)) }
        })
    }

    /// Takes every header of that name out of the answer, and out of the pointers by which nginx
    /// itself would find them.
    #[inline(always)]
    pub(crate) fn remove<const N: usize>(self, name: &'static [u8; N]) {
        for element in self.elements() {
            // SAFETY: elements live as long as the request.
            unsafe {
                if is_named(element, name) {
                    (*element).hash = 0;
                }
            }
        }
        // SAFETY: fields of a live request.
        unsafe {
            let out = self.0;
            match name.as_slice() {
                b"Cache-Control" => Multi::clear(&raw mut (*out).cache_control),
                b"Expires" => (*out).expires = ptr::null_mut(),
                b"ETag" => (*out).etag = ptr::null_mut(),
                b"Accept-Ranges" => (*out).accept_ranges = ptr::null_mut(),
                b"Last-Modified" => {
                    (*out).last_modified = ptr::null_mut();
                    (*out).last_modified_time = -1;
                }
                _ => {}
            }
        }
    }

    /// Adds a header. Not for those that nginx makes from fields of its own (`Content-Type`,
    /// `Content-Length`, `Connection`, …).
    pub(crate) fn add(self, name: &'static [u8], value: &'r [u8]) -> Result<(), NoMemory> {
        if fault::allocation_fails() {
            return Err(NoMemory);
        }
        // SAFETY: the list is initialised and belongs to the request; the pushed element is filled
        // whole before anybody sees it, with strings that live as long.
        unsafe {
            let element = ngx_list_push(ptr::addr_of_mut!((*self.0).headers));
            let Some(element) = element.cast::<ngx_table_elt_t>().as_mut() else {
                return Err(NoMemory);
            };
            element.hash = 1;
            element.key = str_of(name);
            element.value = str_of(value);
            element.lowcase_key = ptr::null_mut();
            #[cfg(ngx_header_lists)]
            {
                element.next = ptr::null_mut();
            }
        }
        Ok(())
    }

    /// Replaces every header of that name by one.
    #[inline(always)]
    pub(crate) fn set<const N: usize>(
        self,
        name: &'static [u8; N],
        value: &'r [u8],
    ) -> Result<(), NoMemory> {
        self.remove(name);
        self.add(name, value)?;
        if name.as_slice() == b"ETag"
            && let Some(element) = self.elements().last()
        {
            // SAFETY: a field of a live request, an element of its list. `If-None-Match` is held
            // against it.
            unsafe { (*self.0).etag = element };
        }
        if name.as_slice() == b"Cache-Control"
            && let Some(element) = self.elements().last()
        {
            // SAFETY: a field of a live request, an element of its list. gzip's `gzip_proxied`
            // looks there.
            unsafe { Multi::push(&raw mut (*self.0).cache_control, element, self.1)? };
        }
        Ok(())
    }
}
