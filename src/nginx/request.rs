//! A request, as the module's own code may touch it.

use core::ffi::c_void;
use core::fmt;
use core::marker::PhantomData;
use core::mem;
use core::ptr;

use nginx_sys::{
    NGX_HTTP_GET, NGX_HTTP_HEAD, ngx_alloc_chain_link, ngx_buf_t, ngx_http_discard_request_body,
    ngx_http_output_filter, ngx_http_request_t, ngx_http_send_header, ngx_int_t, ngx_module_t,
    ngx_pcalloc, ngx_pool_cleanup_add,
};

use super::headers::{HeadersIn, HeadersOut};
use super::log::{self, Level};
use super::pool::Pool;
use super::string::{bytes, str_of};
use super::{NoMemory, module, request_bits};
use crate::conf::{LocConf, MainConf, SrvConf};
use crate::context::Context;

/// What nginx's functions return: `NGX_OK`, `NGX_ERROR`, a status and the like.
pub(crate) type Rc = ngx_int_t;

pub(crate) const NOT_FOUND: Rc = nginx_sys::NGX_HTTP_NOT_FOUND as Rc;

/// A request that lives for `'r`, the life of its pool. A handle: copying it copies a pointer.
#[derive(Clone, Copy)]
pub(crate) struct Request<'r>(*mut ngx_http_request_t, PhantomData<&'r ()>);

impl<'r> Request<'r> {
    /// # Safety
    /// `r` must be a live request, and `'r` must end before its pool is destroyed.
    pub(super) unsafe fn new(r: *mut ngx_http_request_t) -> Self {
        Request(r, PhantomData)
    }

    pub(super) fn as_ptr(self) -> *mut ngx_http_request_t {
        self.0
    }

    fn get(self) -> &'r ngx_http_request_t {
        // SAFETY: live for 'r. The reference is used to read one field at a time and never held
        // over a call into nginx that would change that field.
        unsafe { &*self.0 }
    }

    /// The request that the client made; `self`, unless this is a subrequest.
    pub(crate) fn main(self) -> Request<'r> {
        Request(self.get().main, PhantomData)
    }

    pub(crate) fn is_main(self) -> bool {
        ptr::eq(self.0, self.get().main)
    }

    pub(crate) fn pool(self) -> Pool<'r> {
        // SAFETY: 'r is the life of this pool.
        unsafe { Pool::new(self.get().pool) }
    }

    // What the client asked for.

    pub(crate) fn is_get(self) -> bool {
        self.get().method == NGX_HTTP_GET as usize
    }

    pub(crate) fn is_head(self) -> bool {
        self.get().method == NGX_HTTP_HEAD as usize
    }

    pub(crate) fn method_name(self) -> &'r [u8] {
        // SAFETY: points into the request's header buffer or pool.
        unsafe { bytes(self.get().method_name) }
    }

    /// Whether the request was read whole, and its phases began. nginx answers some without: they
    /// are malformed, or too large.
    pub(crate) fn was_read(self) -> bool {
        self.get().phase_handler != 0
    }

    /// Whether an internal redirect led here.
    pub(crate) fn is_internal(self) -> bool {
        // SAFETY: the request is live.
        unsafe { request_bits::internal(self.0) }
    }

    /// The normalised path, percent-decoded.
    pub(crate) fn uri(self) -> &'r [u8] {
        // SAFETY: in the header buffer or the pool; nginx replaces the string, never its bytes.
        unsafe { bytes(self.get().uri) }
    }

    pub(crate) fn args(self) -> &'r [u8] {
        // SAFETY: as for the uri.
        unsafe { bytes(self.get().args) }
    }

    /// The request target as it came, with its arguments.
    pub(crate) fn unparsed_uri(self) -> &'r [u8] {
        // SAFETY: as for the uri.
        unsafe { bytes(self.get().unparsed_uri) }
    }

    pub(crate) fn http_protocol(self) -> &'r [u8] {
        // SAFETY: points into the request's header buffer or pool.
        unsafe { bytes(self.get().http_protocol) }
    }

    /// What `$request` and the error log's context show; of a request that nginx could not read,
    /// what came of it.
    pub(crate) fn request_line(self) -> &'r [u8] {
        // SAFETY: in the header buffer or the pool.
        unsafe { bytes(self.get().request_line) }
    }

    /// What `$request` and the error log's context show from now on.
    pub(crate) fn set_request_line(self, line: &'r [u8]) {
        // SAFETY: the line lives as long as the pool; nobody holds the old string over this call.
        unsafe { (*self.0).request_line = str_of(line) };
    }

    /// Replaces the query, and the request target as it came.
    pub(crate) fn set_target(self, args: &'r [u8], target: &'r [u8]) {
        // SAFETY: both live as long as the pool; nobody holds the old strings over this call.
        unsafe {
            (*self.0).args = str_of(args);
            (*self.0).unparsed_uri = str_of(target);
        }
    }

    /// Whether the connection to this nginx is TLS.
    pub(crate) fn is_tls(self) -> bool {
        #[cfg(ngx_feature = "http_ssl")]
        // SAFETY: a request's connection outlives it.
        unsafe {
            !(*self.get().connection).ssl.is_null()
        }
        #[cfg(not(ngx_feature = "http_ssl"))]
        false
    }

    /// The server name that the request is for, lower-cased, without a port and a trailing dot.
    pub(crate) fn server_name(self) -> &'r [u8] {
        // SAFETY: in the header buffer or the pool.
        unsafe { bytes(self.get().headers_in.server) }
    }

    /// The authority of an absolute request target or, in HTTP/2 and 3, of `:authority`.
    pub(crate) fn authority(self) -> Option<&'r [u8]> {
        let (start, end) = (self.get().host_start, self.get().host_end);
        if start.is_null() || end <= start {
            return None;
        }
        // SAFETY: both point into one header buffer of the request, end behind start.
        unsafe { Some(core::slice::from_raw_parts(start, end.offset_from(start) as usize)) }
    }

    pub(crate) fn headers_in(self) -> HeadersIn<'r> {
        // SAFETY: the list is part of the request.
        unsafe { HeadersIn::new(ptr::addr_of!((*self.0).headers_in.headers)) }
    }

    // The answer.

    pub(crate) fn headers_out(self) -> HeadersOut<'r> {
        // SAFETY: the headers are part of the request, the pool is its own.
        unsafe { HeadersOut::new(ptr::addr_of_mut!((*self.0).headers_out), self.pool()) }
    }

    /// Byte ranges are not offered for this answer.
    pub(crate) fn forbid_ranges(self) {
        // SAFETY: a bit field of a live request, written by the one thread that has it.
        unsafe { request_bits::set_allow_ranges(self.0, false) };
    }

    /// No request follows this one on an HTTP/1.x connection: what this one still does after its
    /// answer would keep it waiting.
    pub(crate) fn close_after_answer(self) {
        // SAFETY: as above.
        unsafe {
            if (*self.0).http_version < nginx_sys::NGX_HTTP_VERSION_20 as usize {
                request_bits::set_keepalive(self.0, false);
            }
        }
    }

    /// The upstream's answer goes to no cache of nginx's.
    pub(crate) fn keep_out_of_cache(self) {
        // SAFETY: the upstream belongs to the request.
        unsafe {
            if let Some(upstream) = (*self.0).upstream.as_mut() {
                upstream.set_cacheable(0);
            }
        }
    }

    /// The copy filter hands on buffers in memory, not in files.
    pub(crate) fn need_body_in_memory(self) {
        // SAFETY: as above.
        unsafe { request_bits::set_main_filter_need_in_memory(self.0, true) };
    }

    /// Sends an answer with a body that stays where it is until it is sent.
    pub(crate) fn send(
        self,
        status: u16,
        content_type: &'static [u8],
        body: &'r [u8],
    ) -> Result<Rc, NoMemory> {
        let pool = self.pool().as_ptr();
        // SAFETY: the request is live; type and body outlive it; the buffer and its link are filled
        // whole before they are handed on. memory() says that nobody may write the bytes.
        unsafe {
            let r = self.0;
            let rc = ngx_http_discard_request_body(r);
            if rc != nginx_sys::NGX_OK as ngx_int_t {
                return Ok(rc);
            }
            let link = ngx_alloc_chain_link(pool);
            let buf = ngx_pcalloc(pool, size_of::<ngx_buf_t>()).cast::<ngx_buf_t>();
            if link.is_null() || buf.is_null() {
                return Err(NoMemory);
            }
            (*buf).pos = body.as_ptr().cast_mut();
            (*buf).last = (*buf).pos.add(body.len());
            (*buf).set_memory(1);
            (*buf).set_last_buf(1);
            (*buf).set_last_in_chain(1);
            (*link).buf = buf;
            (*link).next = ptr::null_mut();
            (*r).headers_out.status = status.into();
            (*r).headers_out.content_length_n = body.len() as i64;
            (*r).headers_out.content_type = str_of(content_type);
            // Without parameters it is what `gzip_types` and the like name.
            let len = content_type.iter().position(|&byte| byte == b';');
            (*r).headers_out.content_type_len = len.unwrap_or(content_type.len());
            (*r).headers_out.content_type_lowcase = ptr::null_mut();
            let rc = ngx_http_send_header(r);
            // NGX_AGAIN: the header waits, and the body behind it.
            let has_failed = rc == nginx_sys::NGX_ERROR as ngx_int_t || rc > 0;
            if has_failed || request_bits::header_only(r) {
                return Ok(rc);
            }
            Ok(ngx_http_output_filter(r, link))
        }
    }

    /// Sends an answer that has no body, whatever the request's `If-…` say: there is nothing that they
    /// could be about.
    pub(crate) fn send_empty(self, status: u16, content_type: Option<&'static [u8]>) -> Rc {
        // SAFETY: the request is live; the type is static; nginx's own handlers set these fields in
        // the same way before they send the header.
        unsafe {
            let r = self.0;
            let rc = ngx_http_discard_request_body(r);
            if rc != nginx_sys::NGX_OK as ngx_int_t {
                return rc;
            }
            (*r).headers_out.status = status.into();
            (*r).headers_out.content_length_n = 0;
            if let Some(content_type) = content_type {
                (*r).headers_out.content_type = str_of(content_type);
                (*r).headers_out.content_type_len = content_type.len();
                (*r).headers_out.content_type_lowcase = ptr::null_mut();
            }
            request_bits::set_header_only(r, true);
            request_bits::set_disable_not_modified(r, true);
            ngx_http_send_header(r)
        }
    }

    // Configuration.

    fn conf<T>(self, of: *mut *mut c_void) -> &'r T {
        // SAFETY: nginx created the configuration of this module at this index, with the type that
        // the callers name; it is not changed once it was read, and it outlives the request.
        unsafe { &*(*of.add(module::ctx_index())).cast::<T>() }
    }

    pub(crate) fn main_conf(self) -> &'r MainConf {
        self.conf(self.get().main_conf)
    }

    pub(crate) fn srv_conf(self) -> &'r SrvConf {
        self.conf(self.get().srv_conf)
    }

    pub(crate) fn loc_conf(self) -> &'r LocConf {
        self.conf(self.get().loc_conf)
    }

    // The module's own state.

    /// The context of this request, if anything made one.
    pub(crate) fn context(self) -> Option<&'r Context<'r>> {
        // SAFETY: the slot is this module's own, and holds null or what context_or_new put there:
        // a Context in the request's pool, alive for 'r. It is only ever used through a shared
        // reference.
        unsafe {
            let slot = self.get().ctx.add(module::ctx_index());
            if (*slot).is_null() && request_bits::internal(self.0) && self.is_main() {
                *slot = self.kept_context();
                if let Some(context) = (*slot).cast::<Context<'r>>().as_ref() {
                    // `rewrite` makes a request internal too, and leaves the slot alone.
                    context.is_visit.set(false);
                }
            }
            (*slot).cast::<Context<'r>>().as_ref()
        }
    }

    /// The context of this request, made if there is none.
    pub(crate) fn context_or_new(self) -> Result<&'r Context<'r>, NoMemory> {
        if let Some(context) = self.context() {
            return Ok(context);
        }
        // SAFETY: the cleanup's memory and the context are in the request's pool; the slot is this
        // module's own.
        unsafe {
            const { assert!(!mem::needs_drop::<Context<'_>>()) };
            let context = self.pool().place(Context::default())?;
            let cleanup = ngx_pool_cleanup_add(self.get().pool, 0);
            if cleanup.is_null() {
                return Err(NoMemory);
            }
            (*cleanup).data = context.cast();
            (*cleanup).handler = Some(keeps_context);
            *self.get().ctx.add(module::ctx_index()) = context.cast();
            Ok(&*context)
        }
    }

    /// An internal redirect wipes the slot; the pool's cleanup still knows the context.
    fn kept_context(self) -> *mut c_void {
        // SAFETY: the cleanup list belongs to the live pool.
        unsafe {
            let mut cleanup = (*self.get().pool).cleanup;
            while !cleanup.is_null() {
                if (*cleanup).handler.is_some_and(|h| {
                    ptr::fn_addr_eq(h, keeps_context as unsafe extern "C" fn(*mut c_void))
                }) {
                    return (*cleanup).data;
                }
                cleanup = (*cleanup).next;
            }
        }
        ptr::null_mut()
    }

    /// Logs to the connection's log, with nginx's context of the request.
    pub(crate) fn log(self, level: Level, args: fmt::Arguments<'_>) {
        // SAFETY: a request's connection and its log outlive it.
        unsafe { log::write((*self.get().connection).log, level, args) };
    }

    /// The module that a body buffer's tag names: this one.
    pub(super) fn tag() -> *mut c_void {
        module::address().cast_mut().cast::<ngx_module_t>().cast()
    }
}

/// Marks the cleanup that keeps a request's context findable; there is nothing to do at its end.
unsafe extern "C" fn keeps_context(_data: *mut c_void) {}
