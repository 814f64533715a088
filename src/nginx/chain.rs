//! Body buffers, by nginx's contract: a buffer is consumed when its `pos` has reached its `last`,
//! whoever moved them; what was handed on stays untouched until then.

use core::cell::Cell;
use core::marker::PhantomData;
use core::{ptr, slice};

use nginx_sys::{
    NGX_OK, ngx_alloc_chain_link, ngx_buf_t, ngx_chain_t, ngx_chain_update_chains, ngx_int_t,
};

use super::pool::Pool;
use super::request::Request;
use super::{NoMemory, fault, module};

/// How many bytes [`Output::push_copy`] takes.
pub(crate) const COPY_MAX: usize = 8;

/// A chain as it came from the filter before.
#[derive(Clone, Copy)]
pub(crate) struct Chain<'r>(*mut ngx_chain_t, PhantomData<&'r ()>);

impl<'r> Chain<'r> {
    /// # Safety
    /// `chain` must be null or the chain that nginx handed to a body filter of a request that lives
    /// for `'r`.
    pub(super) unsafe fn new(chain: *mut ngx_chain_t) -> Self {
        Chain(chain, PhantomData)
    }

    pub(super) fn as_ptr(self) -> *mut ngx_chain_t {
        self.0
    }

    pub(crate) fn bufs(self) -> impl Iterator<Item = Buf<'r>> {
        let mut link = self.0;
        core::iter::from_fn(move || {
            // SAFETY: links and buffers live at least until they were handed on and consumed; the
            // next pointer is read before the buffer is given out.
            unsafe {
                let current = link.as_ref()?;
                link = current.next;
                Some(Buf(current.buf, PhantomData))
            }
        })
    }
}

/// One buffer of the chain that came in.
#[derive(Clone, Copy)]
pub(crate) struct Buf<'r>(*mut ngx_buf_t, PhantomData<&'r ()>);

impl<'r> Buf<'r> {
    fn get(self) -> &'r ngx_buf_t {
        // SAFETY: lives until consumed; the reference is used to read a field and dropped.
        unsafe { &*self.0 }
    }

    /// Its bytes, where they are in memory and any are left.
    pub(crate) fn data(self) -> Option<&'r [u8]> {
        let b = self.get();
        let in_memory = b.temporary() != 0 || b.memory() != 0 || b.mmap() != 0;
        if !in_memory || b.last <= b.pos {
            return None;
        }
        // SAFETY: pos..last is initialised memory that its owner leaves alone until it is consumed.
        unsafe { Some(slice::from_raw_parts(b.pos, b.last.offset_from(b.pos) as usize)) }
    }

    /// Whether it is a part of a file.
    pub(crate) fn is_in_file(self) -> bool {
        self.get().in_file() != 0
    }

    /// The last buffer of the response.
    pub(crate) fn is_last(self) -> bool {
        self.get().last_buf() != 0
    }

    pub(crate) fn clear_last(self) {
        // SAFETY: a live buffer that this filter has in hand.
        unsafe {
            (*self.0).set_last_buf(0);
            (*self.0).set_last_in_chain(0);
        }
    }

    /// Marks its first `n` bytes as consumed; they are handed on by other means, ahead of it.
    pub(crate) fn skip(self, n: usize) {
        // SAFETY: n is at most its length; where it is also in a file, both views move alike.
        unsafe {
            (*self.0).pos = (*self.0).pos.add(n);
            if (*self.0).in_file() != 0 {
                (*self.0).file_pos += n as i64;
            }
        }
    }

    /// Takes its last `n` bytes away; the caller has copied them.
    pub(crate) fn cut(self, n: usize) {
        // SAFETY: n is at most its length; where it is also in a file, both views move alike.
        unsafe {
            (*self.0).last = (*self.0).last.sub(n);
            if (*self.0).in_file() != 0 {
                (*self.0).file_last -= n as i64;
            }
        }
    }
}

/// What a request keeps of this module's own buffers between two calls of the body filter.
pub(crate) struct Chains {
    free: Cell<*mut ngx_chain_t>,
    busy: Cell<*mut ngx_chain_t>,
    /// Whether all that was handed on is to be sent without delay.
    flushed: Cell<bool>,
}

impl Default for Chains {
    fn default() -> Self {
        Chains {
            free: Cell::new(ptr::null_mut()),
            busy: Cell::new(ptr::null_mut()),
            flushed: Cell::new(false),
        }
    }
}

/// The chain that is being made for the next filter.
pub(crate) struct Output<'r> {
    pool: Pool<'r>,
    chains: &'r Chains,
    first: *mut ngx_chain_t,
    last: *mut ngx_chain_t,
}

impl<'r> Output<'r> {
    pub(crate) fn new(r: Request<'r>, chains: &'r Chains) -> Self {
        Output { pool: r.pool(), chains, first: ptr::null_mut(), last: ptr::null_mut() }
    }

    fn link(&mut self, buf: *mut ngx_buf_t) -> Result<(), NoMemory> {
        if fault::allocation_fails() {
            return Err(NoMemory);
        }
        // SAFETY: the pool is live; the link is filled whole; `last` is this chain's own.
        unsafe {
            let link = ngx_alloc_chain_link(self.pool.as_ptr());
            if link.is_null() {
                return Err(NoMemory);
            }
            (*link).buf = buf;
            (*link).next = ptr::null_mut();
            self.append(link);
        }
        Ok(())
    }

    fn append(&mut self, link: *mut ngx_chain_t) {
        if self.last.is_null() {
            self.first = link;
        } else {
            // SAFETY: `last` is a link of this chain.
            unsafe { (*self.last).next = link };
        }
        self.last = link;
    }

    /// Hands on a buffer that came in. One whose bytes are all gone must not go further (a writer
    /// takes an empty buffer for a fault): what it orders goes on alone.
    pub(crate) fn push(&mut self, buf: Buf<'r>) -> Result<(), NoMemory> {
        let b = buf.get();
        let in_memory = b.temporary() != 0 || b.memory() != 0 || b.mmap() != 0;
        let flush = b.flush() != 0;
        if !in_memory || b.last > b.pos {
            self.link(buf.0)?;
            self.chains.flushed.set(flush);
            return Ok(());
        }
        // Its owner has it back already, so that `recycled` asks for nothing more.
        if !buf.is_last() && (!flush || self.chains.flushed.get()) {
            return Ok(());
        }
        // Never used again: nothing tells when a buffer without bytes has been dealt with.
        let order = new_buf(self.pool)?;
        // SAFETY: a live buffer of this module's; without the tag it does not become free.
        unsafe {
            (*order).tag = ptr::null_mut();
            (*order).set_sync(1);
            (*order).set_flush(b.flush());
            (*order).set_last_buf(b.last_buf());
            (*order).set_last_in_chain(b.last_in_chain());
        }
        self.link(order)?;
        self.chains.flushed.set(flush);
        Ok(())
    }

    /// Hands on bytes that stay where they are until they are sent: of the pool, or of a buffer
    /// that follows in this chain.
    pub(crate) fn push_bytes(&mut self, data: &'r [u8]) -> Result<(), NoMemory> {
        if data.is_empty() {
            return Ok(());
        }
        let buf = self.own()?;
        // SAFETY: a live buffer of this module's; memory() says that nobody may write the bytes.
        unsafe {
            (*buf).set_memory(1);
            (*buf).pos = data.as_ptr().cast_mut();
            (*buf).last = (*buf).pos.add(data.len());
        }
        Ok(())
    }

    /// Hands on a copy of at most [`COPY_MAX`] bytes.
    pub(crate) fn push_copy(&mut self, data: &[u8]) -> Result<(), NoMemory> {
        debug_assert!(data.len() <= COPY_MAX);
        if data.is_empty() {
            return Ok(());
        }
        let buf = self.own()?;
        // SAFETY: every buffer of this module's has COPY_MAX bytes of its own behind `start`.
        unsafe {
            let n = data.len().min(COPY_MAX);
            ptr::copy_nonoverlapping(data.as_ptr(), (*buf).start, n);
            (*buf).set_memory(1);
            (*buf).pos = (*buf).start;
            (*buf).last = (*buf).start.add(n);
        }
        Ok(())
    }

    /// Makes the buffer that was pushed last the response's last.
    pub(crate) fn end(&mut self) {
        // SAFETY: `last` is null or a link of this chain, its buffer this module's or in its hand.
        unsafe {
            if let Some(link) = self.last.as_ref() {
                (*link.buf).set_last_buf(1);
                (*link.buf).set_last_in_chain(1);
            }
        }
    }

    /// Appends a cleared buffer of this module's own for bytes, an old one where one is free.
    fn own(&mut self) -> Result<*mut ngx_buf_t, NoMemory> {
        self.chains.flushed.set(false);
        // SAFETY: the pool is live; `free` holds links of this module's buffers that nobody uses
        // any more; start..end is each one's own scratch.
        unsafe {
            let link = self.chains.free.get();
            if link.is_null() {
                let buf = new_buf(self.pool)?;
                self.link(buf)?;
                return Ok(buf);
            }
            self.chains.free.set((*link).next);
            (*link).next = ptr::null_mut();
            let buf = (*link).buf;
            let (start, end, tag) = ((*buf).start, (*buf).end, (*buf).tag);
            ptr::write_bytes(buf, 0, 1);
            (*buf).start = start;
            (*buf).end = end;
            (*buf).tag = tag;
            self.append(link);
            Ok(buf)
        }
    }

    /// Sends the chain, made from `came`, through the next body filter. Nothing goes on as nothing:
    /// so nginx asks that those behind send what they have, which may be no buffer of ours.
    pub(crate) fn send(self, r: Request<'r>, came: Chain<'r>) -> ngx_int_t {
        let all_held = self.first.is_null() && !came.0.is_null();
        if all_held && self.chains.busy.get().is_null() {
            return NGX_OK as ngx_int_t;
        }
        let rc = module::next_body_filter(r, self.first);
        let (mut free, mut busy, mut out) =
            (self.chains.free.get(), self.chains.busy.get(), self.first);
        // SAFETY: the three chains are this request's own; buffers with another tag are only
        // unlinked.
        unsafe {
            ngx_chain_update_chains(
                self.pool.as_ptr(),
                &raw mut free,
                &raw mut busy,
                &raw mut out,
                Request::tag(),
            );
        }
        self.chains.free.set(free);
        self.chains.busy.set(busy);
        rc
    }
}

/// A buffer with [`COPY_MAX`] bytes of its own and this module's tag.
fn new_buf(pool: Pool<'_>) -> Result<*mut ngx_buf_t, NoMemory> {
    let scratch = pool.bytes(COPY_MAX)?;
    // SAFETY: the pool is live.
    unsafe {
        let buf = nginx_sys::ngx_pcalloc(pool.as_ptr(), size_of::<ngx_buf_t>()).cast::<ngx_buf_t>();
        let Some(buf) = buf.as_mut() else { return Err(NoMemory) };
        buf.start = scratch.as_mut_ptr();
        buf.end = buf.start.add(COPY_MAX);
        buf.tag = Request::tag();
        Ok(buf)
    }
}
