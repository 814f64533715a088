//! Directives: their table for nginx, and the configuration that is being read.

use core::ffi::{CStr, c_char, c_void};
use core::{fmt, ptr};
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

use nginx_sys::{
    NGX_OK, ngx_command_t, ngx_conf_full_name, ngx_conf_log_error, ngx_conf_t, ngx_int_t,
    ngx_parse_size, ngx_parse_time, ngx_shared_memory_add, ngx_str_t,
};

use super::location::CoreLocation;
use super::log::{Level, Line};
use super::shm::ShmZone;
use super::string::{bytes, str_of};
use super::value::ComplexValue;
use super::variable::{self, Variable};
use super::{NoMemory, guard, module};
use crate::conf::{ConfError, LocConf, MainConf, SrvConf};

pub(crate) const HTTP: usize = nginx_sys::NGX_HTTP_MAIN_CONF as usize;
pub(crate) const SERVER: usize = nginx_sys::NGX_HTTP_SRV_CONF as usize;
pub(crate) const LOCATION: usize = nginx_sys::NGX_HTTP_LOC_CONF as usize;
pub(crate) const NO_ARGS: usize = nginx_sys::NGX_CONF_NOARGS as usize;
pub(crate) const ONE_ARG: usize = nginx_sys::NGX_CONF_TAKE1 as usize;
pub(crate) const SOME_ARGS: usize = nginx_sys::NGX_CONF_1MORE as usize;

/// Filters of other dynamic modules that compress bodies; nginx's own gzip always runs later.
const COMPRESSORS: [&str; 2] = ["ngx_http_brotli_filter_module", "ngx_http_zstd_filter_module"];

/// A level of configuration, and where nginx keeps it.
pub(crate) trait ConfLevel {
    const OFFSET: usize;
}

impl ConfLevel for MainConf {
    const OFFSET: usize = nginx_sys::NGX_HTTP_MAIN_CONF_OFFSET;
}

impl ConfLevel for SrvConf {
    const OFFSET: usize = nginx_sys::NGX_HTTP_SRV_CONF_OFFSET;
}

impl ConfLevel for LocConf {
    const OFFSET: usize = nginx_sys::NGX_HTTP_LOC_CONF_OFFSET;
}

/// One directive.
pub(crate) trait Directive {
    type Conf: ConfLevel;
    const NAME: &'static CStr;
    /// Where it may stand, and how many arguments it takes.
    const TYPE: usize;

    fn set(conf: &mut Self::Conf, cf: &mut Conf<'_>) -> Result<(), ConfError>;
}

/// The entry of `D` in the module's table of directives.
pub(crate) const fn command<D: Directive>() -> ngx_command_t {
    ngx_command_t {
        name: ngx_str_t { len: D::NAME.to_bytes().len(), data: D::NAME.as_ptr().cast_mut().cast() },
        type_: D::TYPE,
        set: Some(set::<D>),
        conf: D::Conf::OFFSET,
        offset: 0,
        post: ptr::null_mut(),
    }
}

/// The module's table of directives, ended as nginx wants it.
pub(crate) struct Commands<const N: usize>([ngx_command_t; N]);

// SAFETY: nginx reads the table in one thread and never writes it.
unsafe impl<const N: usize> Sync for Commands<N> {}

impl<const N: usize> Commands<N> {
    pub(crate) const fn new(commands: [ngx_command_t; N]) -> Self {
        assert!(commands[N - 1].name.len == 0, "the table ends with an empty command");
        Commands(commands)
    }

    pub(super) const fn as_ptr(&'static self) -> *mut ngx_command_t {
        self.0.as_ptr().cast_mut()
    }
}

unsafe extern "C" fn set<D: Directive>(
    cf: *mut ngx_conf_t,
    _cmd: *mut ngx_command_t,
    conf: *mut c_void,
) -> *mut c_char {
    guard::catch(failed(), || {
        // SAFETY: nginx calls this while it reads the configuration, with the structure that this
        // module made for the level at D::Conf::OFFSET; nobody else has a reference to it then.
        let (conf, mut cf) = unsafe { (&mut *conf.cast::<D::Conf>(), Conf::new(cf)) };
        match D::set(conf, &mut cf) {
            Ok(()) => ptr::null_mut(),
            Err(ConfError::Duplicate) => c"is duplicate".as_ptr().cast_mut(),
            Err(error) => cf.fail(&error),
        }
    })
}

/// `NGX_CONF_ERROR`: failed, and the reason is logged.
pub(super) fn failed() -> *mut c_char {
    usize::MAX as *mut c_char
}

/// The configuration that is being read.
pub(crate) struct Conf<'c>(&'c mut ngx_conf_t);

impl<'c> Conf<'c> {
    /// # Safety
    /// `cf` must be what nginx handed to a configuration callback, for the length of that callback.
    pub(super) unsafe fn new(cf: *mut ngx_conf_t) -> Self {
        // SAFETY: the caller vouches for it.
        Conf(unsafe { &mut *cf })
    }

    /// The directive's words; the first is its name. They live as long as the configuration.
    pub(crate) fn words(&self) -> Vec<&'c [u8]> {
        // SAFETY: args is an array of strings in the configuration's pool.
        unsafe {
            let args = &*self.0.args;
            args.as_slice::<ngx_str_t>().iter().map(|s| bytes(*s)).collect()
        }
    }

    /// The directive's only argument.
    pub(crate) fn value(&self) -> &'c [u8] {
        self.words().get(1).copied().unwrap_or_default()
    }

    fn log(&mut self, level: Level, args: fmt::Arguments<'_>) {
        let line = Line::of(args);
        let text = line.as_bytes();
        // SAFETY: cf is live; "%*s" reads exactly len bytes of the line.
        unsafe {
            let format = c"%*s".as_ptr();
            ngx_conf_log_error(level as usize, self.0, 0, format, text.len(), text.as_ptr());
        }
    }

    /// Logs a mistake as nginx does, with file and line; the configuration is refused.
    pub(crate) fn fail(&mut self, error: &ConfError) -> *mut c_char {
        self.log(Level::Emerg, format_args!("{error}"));
        failed()
    }

    pub(crate) fn warn(&mut self, args: fmt::Arguments<'_>) {
        self.log(Level::Warn, args);
    }

    /// A file's name, relative to the configuration file's directory.
    pub(crate) fn full_name(&self, name: &[u8]) -> Option<PathBuf> {
        let mut name = str_of(name);
        // SAFETY: the cycle is live; the function replaces the string, not its bytes.
        unsafe {
            let rc = ngx_conf_full_name(self.0.cycle, &raw mut name, 1);
            (rc == NGX_OK as ngx_int_t)
                .then(|| PathBuf::from(std::ffi::OsStr::from_bytes(bytes(name))))
        }
    }

    /// Compiles a value with variables; `None` where nginx has logged why not.
    pub(crate) fn complex_value(&mut self, text: &[u8]) -> Option<ComplexValue> {
        // SAFETY: cf is live; the text is copied where it would not outlive the configuration.
        unsafe {
            let pool = super::pool::Pool::new(self.0.pool);
            ComplexValue::compile(self.0, pool.copy(text).ok()?)
        }
    }

    /// The shared memory zone of that name; `None` where nginx has logged why not.
    pub(crate) fn shared_zone(&mut self, name: &[u8], size: usize) -> Option<ShmZone> {
        // SAFETY: cf is live, the name is copied into its pool, the tag is this module.
        unsafe {
            let pool = super::pool::Pool::new(self.0.pool);
            let mut name = str_of(pool.copy(name).ok()?);
            let tag = module::address().cast_mut().cast();
            let zone = ngx_shared_memory_add(self.0, &raw mut name, size, tag);
            (!zone.is_null()).then(|| ShmZone::new(zone))
        }
    }

    /// Adds a variable.
    pub(crate) fn add_variable<V: Variable>(&mut self) -> Result<(), NoMemory> {
        // SAFETY: cf is live.
        unsafe { variable::add::<V>(self.0) }
    }

    /// A filter that compresses bodies and would run before this module's.
    pub(crate) fn filter_that_compresses_before(&self) -> Option<&'static str> {
        // A filter runs before those that stand before it in the list.
        let mut before = false;
        // SAFETY: the cycle's list of modules ends with null; names are C strings of the modules.
        unsafe {
            let mut at = (*self.0.cycle).modules;
            while let Some(current) = (*at).as_ref() {
                if ptr::eq(current, module::address()) {
                    before = true;
                } else if before {
                    let name = CStr::from_ptr(current.name).to_bytes();
                    let found = COMPRESSORS.into_iter().find(|known| known.as_bytes() == name);
                    if found.is_some() {
                        return found;
                    }
                }
                at = at.add(1);
            }
        }
        None
    }

    /// The location that this directive stands in.
    pub(crate) fn core_location(&self) -> CoreLocation<'c> {
        // SAFETY: inside http, ctx holds the core module's configuration of this level.
        unsafe { CoreLocation::of_conf(self.0) }
    }

    pub(crate) fn main_conf(&self) -> &'c MainConf {
        // SAFETY: inside http, ctx holds this module's configuration; MainConf changes through
        // cells only after its directives were read.
        unsafe {
            let ctx = self.0.ctx.cast::<nginx_sys::ngx_http_conf_ctx_t>();
            &*(*(*ctx).main_conf.add(module::ctx_index())).cast::<MainConf>()
        }
    }

    pub(crate) fn srv_conf(&self) -> &'c SrvConf {
        // SAFETY: as above; it is merged before the locations are.
        unsafe {
            let ctx = self.0.ctx.cast::<nginx_sys::ngx_http_conf_ctx_t>();
            &*(*(*ctx).srv_conf.add(module::ctx_index())).cast::<SrvConf>()
        }
    }

    /// What the http block itself says for servers and locations.
    ///
    /// # Safety
    /// The block was read, and its levels are not merged yet: nobody writes to either.
    pub(super) unsafe fn of_http(&self) -> (&'c SrvConf, &'c LocConf) {
        // SAFETY: the context is http's own then, which holds this module's configuration.
        let loc = unsafe {
            let ctx = self.0.ctx.cast::<nginx_sys::ngx_http_conf_ctx_t>();
            &*(*(*ctx).loc_conf.add(module::ctx_index())).cast::<LocConf>()
        };
        (self.srv_conf(), loc)
    }
}

/// nginx's TIME in milliseconds.
pub(crate) fn parse_time_ms(text: &[u8]) -> Option<u64> {
    let mut text = str_of(text);
    // SAFETY: the function only reads the string.
    u64::try_from(unsafe { ngx_parse_time(&raw mut text, 0) }).ok()
}

/// nginx's TIME in seconds.
pub(crate) fn parse_time_s(text: &[u8]) -> Option<u64> {
    let mut text = str_of(text);
    // SAFETY: the function only reads the string.
    u64::try_from(unsafe { ngx_parse_time(&raw mut text, 1) }).ok()
}

/// nginx's SIZE in bytes.
pub(crate) fn parse_size(text: &[u8]) -> Option<usize> {
    let mut text = str_of(text);
    // SAFETY: the function only reads the string.
    usize::try_from(unsafe { ngx_parse_size(&raw mut text) }).ok()
}
