//! What nginx's core knows of servers and locations.

use core::marker::PhantomData;
use core::ptr;

use nginx_sys::{
    ngx_conf_t, ngx_http_conf_ctx_t, ngx_http_core_loc_conf_t, ngx_http_core_main_conf_t,
    ngx_http_core_module, ngx_http_core_srv_conf_t, ngx_http_handler_pt,
};

use super::module;
use super::string::bytes;
use crate::conf::SrvConf;

/// A location's core configuration, while the configuration is being read.
#[derive(Clone, Copy)]
pub(crate) struct CoreLocation<'c>(*mut ngx_http_core_loc_conf_t, PhantomData<&'c ()>);

impl<'c> CoreLocation<'c> {
    /// # Safety
    /// `cf` must be inside http.
    pub(super) unsafe fn of_conf(cf: &ngx_conf_t) -> Self {
        // SAFETY: inside http, ctx has the core module's structures.
        unsafe { Self::of_ctx(cf.ctx.cast()) }
    }

    /// # Safety
    /// `ctx` must be a context whose core location configuration exists.
    unsafe fn of_ctx(ctx: *mut ngx_http_conf_ctx_t) -> Self {
        // SAFETY: the caller vouches for ctx; the core module's index was set at start.
        unsafe {
            let index = (*ptr::addr_of!(ngx_http_core_module)).ctx_index;
            CoreLocation((*(*ctx).loc_conf.add(index)).cast(), PhantomData)
        }
    }

    fn get(self) -> &'c ngx_http_core_loc_conf_t {
        // SAFETY: lives as long as the configuration; read one field at a time.
        unsafe { &*self.0 }
    }

    /// The location's name: its prefix, pattern or `@name`.
    pub(crate) fn name(self) -> &'c [u8] {
        // SAFETY: in the configuration's pool.
        unsafe { bytes(self.get().name) }
    }

    /// The location as it is written: its modifier, where it has one, and its name.
    pub(crate) fn display(self) -> Vec<u8> {
        let modifier: &[u8] = match () {
            () if self.is_exact() => b"= ",
            () if self.is_regex() => b"~ ",
            () if self.is_noregex() => b"^~ ",
            () => b"",
        };
        [modifier, self.name()].concat()
    }

    /// An `if` or `limit_except` block inside a location.
    pub(crate) fn is_inner(self) -> bool {
        self.get().noname() != 0 || self.get().lmt_excpt() != 0
    }

    pub(crate) fn is_exact(self) -> bool {
        self.get().exact_match() != 0
    }

    /// `^~`
    pub(crate) fn is_noregex(self) -> bool {
        self.get().noregex() != 0
    }

    pub(crate) fn is_regex(self) -> bool {
        #[cfg(ngx_feature = "pcre")]
        {
            !self.get().regex.is_null()
        }
        #[cfg(not(ngx_feature = "pcre"))]
        false
    }

    /// Makes the module's handler this location's; `false` where another one stands already.
    pub(crate) fn take_handler(self) -> bool {
        // SAFETY: the configuration is being read, by this thread.
        let handler = unsafe { &mut (*self.0).handler };
        let free = handler.is_none();
        if free {
            *handler = module::CONTENT_HANDLER;
        }
        free
    }

    /// Whether the module's handler is still this location's.
    pub(crate) fn has_handler(self) -> bool {
        same_handler(self.get().handler, module::CONTENT_HANDLER)
    }
}

fn same_handler(a: ngx_http_handler_pt, b: ngx_http_handler_pt) -> bool {
    match (a, b) {
        (Some(a), Some(b)) => ptr::fn_addr_eq(a, b),
        _ => false,
    }
}

/// A server block, once the whole configuration is read and merged.
pub(crate) struct Server<'c> {
    pub(crate) conf: &'c SrvConf,
    /// `server_name`'s first, or empty.
    pub(crate) name: &'c [u8],
    /// Where the block begins.
    pub(crate) file: &'c [u8],
    pub(crate) line: usize,
    pub(crate) has_regex_locations: bool,
}

/// The server blocks of the configuration.
///
/// # Safety
/// `cf` must be the configuration in postconfiguration.
pub(super) unsafe fn servers<'c>(cf: *mut ngx_conf_t) -> impl Iterator<Item = Server<'c>> {
    // SAFETY: in postconfiguration every server's structures exist and are merged; they live as
    // long as the configuration.
    unsafe {
        let ctx = (*cf).ctx.cast::<ngx_http_conf_ctx_t>();
        let index = (*ptr::addr_of!(ngx_http_core_module)).ctx_index;
        let main = (*(*ctx).main_conf.add(index)).cast::<ngx_http_core_main_conf_t>();
        let servers = (*main).servers.as_slice::<*mut ngx_http_core_srv_conf_t>();
        servers.iter().map(move |server| {
            let server = &**server;
            let location = CoreLocation::<'c>::of_ctx(server.ctx);
            Server {
                conf: &*(*(*server.ctx).srv_conf.add(module::ctx_index())).cast::<SrvConf>(),
                name: bytes(server.server_name),
                file: core::ffi::CStr::from_ptr(server.file_name.cast()).to_bytes(),
                line: server.line,
                #[cfg(ngx_feature = "pcre")]
                has_regex_locations: !location.get().regex_locations.is_null(),
                #[cfg(not(ngx_feature = "pcre"))]
                has_regex_locations: false,
            }
        })
    }
}
