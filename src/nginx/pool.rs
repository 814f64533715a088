//! A request's or a configuration's memory pool.

use core::ffi::c_void;
use core::marker::PhantomData;
use core::{mem, ptr, slice};

use nginx_sys::{ngx_explicit_memzero, ngx_palloc, ngx_pnalloc, ngx_pool_cleanup_add, ngx_pool_t};

use super::{NoMemory, fault};

/// Bytes of a pool that hold a secret until the pool goes.
struct Secret(*mut u8, usize);

impl Drop for Secret {
    fn drop(&mut self) {
        // SAFETY: pool memory, which is released only after the pool's cleanups have run; by then
        // nobody reads it any more.
        unsafe { ngx_explicit_memzero(self.0.cast(), self.1) };
    }
}

/// A handle to a pool that lives for `'p`.
#[derive(Clone, Copy)]
pub(crate) struct Pool<'p>(*mut ngx_pool_t, PhantomData<&'p ()>);

impl<'p> Pool<'p> {
    /// # Safety
    /// `pool` must be a live pool for `'p`.
    pub(super) unsafe fn new(pool: *mut ngx_pool_t) -> Self {
        Pool(pool, PhantomData)
    }

    pub(super) fn as_ptr(self) -> *mut ngx_pool_t {
        self.0
    }

    /// `len` zeroed bytes that live as long as the pool.
    pub(crate) fn bytes(self, len: usize) -> Result<&'p mut [u8], NoMemory> {
        if len == 0 {
            return Ok(&mut []);
        }
        if fault::allocation_fails() {
            return Err(NoMemory);
        }
        // SAFETY: the pool is live, its memory stays until it is destroyed, and nobody else was
        // given these bytes.
        unsafe {
            let data = ngx_pnalloc(self.0, len).cast::<u8>();
            if data.is_null() {
                return Err(NoMemory);
            }
            ptr::write_bytes(data, 0, len);
            Ok(slice::from_raw_parts_mut(data, len))
        }
    }

    /// A list of at most `max` values, in the pool.
    pub(crate) fn list<T: Copy>(
        self,
        max: usize,
        values: impl Iterator<Item = T>,
    ) -> Result<&'p [T], NoMemory> {
        const { assert!(align_of::<T>() <= nginx_sys::NGX_ALIGNMENT) };
        if max == 0 {
            return Ok(&[]);
        }
        if fault::allocation_fails() {
            return Err(NoMemory);
        }
        // SAFETY: the pool is live, its memory stays until it is destroyed; of the `max` places
        // those that are handed out have been written.
        unsafe {
            let list = ngx_palloc(self.0, max * size_of::<T>()).cast::<T>();
            if list.is_null() {
                return Err(NoMemory);
            }
            let mut len = 0;
            for value in values.take(max) {
                ptr::write(list.add(len), value);
                len += 1;
            }
            Ok(slice::from_raw_parts(list, len))
        }
    }

    /// As [`bytes`](Pool::bytes), wiped before the pool goes.
    pub(crate) fn secret(self, len: usize) -> Result<&'p mut [u8], NoMemory> {
        let bytes = self.bytes(len)?;
        self.place(Secret(bytes.as_mut_ptr(), len))?;
        Ok(bytes)
    }

    /// `parts`, one behind the other, in the pool.
    pub(crate) fn concat(self, parts: &[&[u8]]) -> Result<&'p [u8], NoMemory> {
        let out = self.bytes(parts.iter().map(|p| p.len()).sum())?;
        let mut at = 0;
        for part in parts {
            out[at..at + part.len()].copy_from_slice(part);
            at += part.len();
        }
        Ok(out)
    }

    /// A copy of `bytes` in the pool.
    pub(crate) fn copy(self, bytes: &[u8]) -> Result<&'p [u8], NoMemory> {
        self.concat(&[bytes])
    }

    /// A value that lives as long as the pool.
    pub(crate) fn keep<T: Copy>(self, value: T) -> Result<&'p T, NoMemory> {
        let kept = self.place(value)?;
        // SAFETY: placed in the pool, whose life is 'p; nobody else was given it.
        Ok(unsafe { &*kept })
    }

    /// A value in the pool, dropped when the pool is destroyed.
    pub(super) fn place<T>(self, value: T) -> Result<*mut T, NoMemory> {
        const { assert!(align_of::<T>() <= nginx_sys::NGX_ALIGNMENT) };

        unsafe extern "C" fn drop_in_pool<T>(data: *mut c_void) {
            // SAFETY: called once, by the destruction of the pool, with what was placed below.
            super::guard::catch((), || unsafe { ptr::drop_in_place(data.cast::<T>()) });
        }

        if fault::allocation_fails() {
            return Err(NoMemory);
        }
        // SAFETY: the pool is live; ngx_palloc aligns to NGX_ALIGNMENT; the cleanup runs before the
        // memory goes.
        unsafe {
            let data = ngx_palloc(self.0, size_of::<T>().max(1)).cast::<T>();
            if data.is_null() {
                return Err(NoMemory);
            }
            if mem::needs_drop::<T>() {
                let cleanup = ngx_pool_cleanup_add(self.0, 0);
                if cleanup.is_null() {
                    return Err(NoMemory);
                }
                (*cleanup).data = data.cast();
                (*cleanup).handler = Some(drop_in_pool::<T>);
            }
            ptr::write(data, value);
            Ok(data)
        }
    }
}
