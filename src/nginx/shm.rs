//! Shared memory: a zone that every worker maps at the same address and that outlives reloads.

use core::ffi::c_void;
use core::{ptr, slice};

use nginx_sys::{
    NGX_ERROR, NGX_OK, ngx_int_t, ngx_pagesize, ngx_shm_zone_t, ngx_shmtx_lock, ngx_shmtx_unlock,
    ngx_slab_calloc, ngx_slab_pool_t,
};

use super::guard;
use super::log::{self, Level};
use crate::zone::{Header, Slot};

/// The smallest size that holds a slab pool, a header and a useful table, in bytes.
pub(crate) fn min_size() -> usize {
    // SAFETY: set once at nginx's start.
    8 * unsafe { ngx_pagesize }
}

/// A zone of the configuration; its memory exists once the configuration has been read.
#[derive(Clone, Copy)]
pub(crate) struct ShmZone(*mut ngx_shm_zone_t);

/// What lies at the start of the zone's memory.
#[repr(C)]
struct Root {
    header: Header,
    slots: *const Slot,
    len: usize,
}

impl ShmZone {
    /// # Safety
    /// `zone` must have been added to the configuration that this handle is kept in.
    pub(super) unsafe fn new(zone: *mut ngx_shm_zone_t) -> Self {
        // SAFETY: the caller vouches for the zone.
        unsafe { (*zone).init = Some(init_zone) };
        ShmZone(zone)
    }

    /// The zone's size in bytes, as configured.
    pub(crate) fn size(self) -> usize {
        // SAFETY: the zone lives as long as the configuration.
        unsafe { (*self.0).shm.size }
    }

    fn root(self) -> Option<&'static Root> {
        // SAFETY: null before init_zone; afterwards a Root in shared memory, mapped for as long as
        // any configuration that can reach this handle, and never written but through atomics.
        unsafe { (*self.0).data.cast::<Root>().as_ref() }
    }

    pub(crate) fn header(self) -> Option<&'static Header> {
        self.root().map(|root| &root.header)
    }

    /// The table of used tokens, to be looked at: what it holds may change meanwhile.
    pub(crate) fn slots(self) -> &'static [Slot] {
        // SAFETY: init_zone allocated `len` zeroed slots at `slots`, for good; they are atomics.
        self.root().map_or(&[], |root| unsafe { slice::from_raw_parts(root.slots, root.len) })
    }

    /// Runs `f` over the table of used tokens, under the zone's mutex, which nginx frees when the
    /// worker that holds it dies.
    pub(crate) fn locked<T>(self, f: impl FnOnce(&Header, &[Slot]) -> T) -> Option<T> {
        let root = self.root()?;
        let slots = self.slots();
        // SAFETY: the pool is what nginx made at the start of the zone, and `f` cannot unwind past
        // the unlock, since it runs under a guard of its own.
        unsafe {
            let pool = (*self.0).shm.addr.cast::<ngx_slab_pool_t>();
            ngx_shmtx_lock(ptr::addr_of_mut!((*pool).mutex));
            let result = guard::catch(None, || Some(f(&root.header, slots)));
            ngx_shmtx_unlock(ptr::addr_of_mut!((*pool).mutex));
            result
        }
    }
}

/// Called in the master, before it forks: with the old zone's memory on a reload, where name, tag
/// and size are the same. The tag is the module's address: what lies here is never another build's.
/// While one is loaded, a reload goes on with that one, since the name is its own by then.
unsafe extern "C" fn init_zone(zone: *mut ngx_shm_zone_t, old: *mut c_void) -> ngx_int_t {
    guard::catch(NGX_ERROR as ngx_int_t, || {
        // SAFETY: nginx calls this with a zone whose memory it has mapped and made a slab pool of.
        unsafe {
            if !old.is_null() {
                (*zone).data = old;
                return NGX_OK as ngx_int_t;
            }
            let pool = (*zone).shm.addr.cast::<ngx_slab_pool_t>();
            if (*zone).shm.exists != 0 && !(*pool).data.is_null() {
                (*zone).data = (*pool).data;
                return NGX_OK as ngx_int_t;
            }

            // The pool aligns what is a power of two and less than a page by its size.
            const { assert!(size_of::<Root>().is_power_of_two() && size_of::<Root>() <= 2048) };
            let root = ngx_slab_calloc(pool, size_of::<Root>()).cast::<Root>();
            // Whole pages for the table, but two for what else may come to live here.
            let pages = (*pool).pfree.saturating_sub(2);
            let size = pages * ngx_pagesize;
            let slots = ngx_slab_calloc(pool, size).cast::<Slot>();
            if root.is_null() || slots.is_null() || pages == 0 {
                log::cycle(
                    Level::Emerg,
                    format_args!("shared_session_zone is too small for a table of used tokens"),
                );
                return NGX_ERROR as ngx_int_t;
            }

            let Some(header) = Header::new() else {
                log::cycle(
                    Level::Emerg,
                    format_args!("shared_session_zone: the system gave no random bytes for a key"),
                );
                return NGX_ERROR as ngx_int_t;
            };
            if is_reload() {
                log::cycle(
                    Level::Warn,
                    format_args!(
                        "shared_session_zone is new with this reload: tokens that were issued \
                         before are refused, and without a key file their key is gone"
                    ),
                );
            }
            ptr::write(root, Root { header, slots, len: size / size_of::<Slot>() });
            (*pool).data = root.cast();
            (*zone).data = root.cast();
        }
        NGX_OK as ngx_int_t
    })
}

/// Whether another configuration is in force while this one is being made ready.
fn is_reload() -> bool {
    // SAFETY: nginx always has a cycle; the one that it starts with has no configuration.
    unsafe { nginx_sys::ngx_cycle.as_ref().is_some_and(|cycle| !cycle.conf_ctx.is_null()) }
}
