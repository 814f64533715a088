//! nginx's own pointers to a header that can come several times.

use nginx_sys::ngx_table_elt_t;

use super::NoMemory;
use super::pool::Pool;

/// nginx's own pointers to a header that can come several times: linked elements in nginx 1.23 and
/// later, an array of pointers before.
pub(super) struct Multi;

#[cfg(ngx_header_lists)]
pub(super) type MultiField = *mut ngx_table_elt_t;
#[cfg(not(ngx_header_lists))]
pub(super) type MultiField = nginx_sys::ngx_array_t;

#[cfg(ngx_header_lists)]
impl Multi {
    /// # Safety
    /// `field` is a field of a live request, and does not change while it is walked.
    pub(super) unsafe fn elements(
        field: *const MultiField,
    ) -> impl Iterator<Item = *const ngx_table_elt_t> + Clone {
        // SAFETY: the caller vouches for the field; the list ends with null.
        unsafe {
            let mut next = (*field).cast_const();
            core::iter::from_fn(move || {
                let element = next.as_ref()?;
                next = element.next;
                Some(core::ptr::from_ref(element))
            })
        }
    }

    /// # Safety
    /// `field` is a field of a live request.
    pub(super) unsafe fn clear(field: *mut MultiField) {
        // SAFETY: the caller vouches for the field.
        unsafe { *field = core::ptr::null_mut() };
    }

    /// # Safety
    /// `field` is a field of a live request, `element` one of its headers that is in no such list.
    pub(super) unsafe fn push(
        field: *mut MultiField,
        element: *mut ngx_table_elt_t,
        _pool: Pool<'_>,
    ) -> Result<(), NoMemory> {
        // SAFETY: the caller vouches for both; the list ends with null.
        unsafe {
            let mut end = field;
            while !(*end).is_null() {
                end = &raw mut (**end).next;
            }
            (*element).next = core::ptr::null_mut();
            *end = element;
        }
        Ok(())
    }
}

#[cfg(not(ngx_header_lists))]
impl Multi {
    /// # Safety
    /// `field` is a field of a live request, and does not change while it is walked.
    pub(super) unsafe fn elements(
        field: *const MultiField,
    ) -> impl Iterator<Item = *const ngx_table_elt_t> + Clone {
        // SAFETY: an array of pointers to elements, or all zero where there are none.
        unsafe {
            let (first, len) = ((*field).elts.cast::<*const ngx_table_elt_t>(), (*field).nelts);
            (0..len).map(move |at| *first.add(at))
        }
    }

    /// # Safety
    /// `field` is a field of a live request.
    pub(super) unsafe fn clear(field: *mut MultiField) {
        // SAFETY: an array of pointers, empty or initialised: shortening it is enough.
        unsafe { (*field).nelts = 0 };
    }

    /// # Safety
    /// `field` is a field of a live request with that pool, `element` one of its headers.
    pub(super) unsafe fn push(
        field: *mut MultiField,
        element: *mut ngx_table_elt_t,
        pool: Pool<'_>,
    ) -> Result<(), NoMemory> {
        // SAFETY: the array is initialised here if it was not; it lives in the request's pool.
        unsafe {
            let size = size_of::<*mut ngx_table_elt_t>();
            if (*field).elts.is_null() {
                let elts = nginx_sys::ngx_palloc(pool.as_ptr(), 2 * size);
                if elts.is_null() {
                    return Err(NoMemory);
                }
                let pool = pool.as_ptr();
                *field = nginx_sys::ngx_array_t { elts, nelts: 0, size, nalloc: 2, pool };
            }
            let slot = nginx_sys::ngx_array_push(field).cast::<*mut ngx_table_elt_t>();
            if slot.is_null() {
                return Err(NoMemory);
            }
            *slot = element;
        }
        Ok(())
    }
}
