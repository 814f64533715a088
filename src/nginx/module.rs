//! The module as nginx sees it: the callbacks, the place in the filter chains.

// nginx finds these by name in the loaded object; to Rust they are private.
#![allow(unreachable_pub)]

use core::ffi::{c_char, c_void};
use core::ptr;

use nginx_sys::{
    NGX_AGAIN, NGX_DONE, NGX_ERROR, NGX_HTTP_INTERNAL_SERVER_ERROR, NGX_HTTP_MODULE, NGX_OK,
    ngx_array_push, ngx_chain_t, ngx_conf_t, ngx_cycle_t, ngx_http_core_main_conf_t,
    ngx_http_core_module, ngx_http_finalize_request, ngx_http_handler_pt, ngx_http_module_t,
    ngx_http_output_body_filter_pt, ngx_http_output_header_filter_pt,
    ngx_http_phases_NGX_HTTP_LOG_PHASE, ngx_http_phases_NGX_HTTP_POST_READ_PHASE,
    ngx_http_phases_NGX_HTTP_PREACCESS_PHASE, ngx_http_phases_NGX_HTTP_PRECONTENT_PHASE,
    ngx_http_request_t, ngx_http_top_body_filter, ngx_http_top_header_filter, ngx_int_t,
    ngx_module_t, ngx_uint_t,
};

use super::chain::Chain;
use super::command::{Conf, failed};
use super::pool::Pool;
use super::request::Request;
use super::{NoMemory, guard, location};
use crate::conf::{self, ConfError, LocConf, MainConf, SrvConf};
use crate::delivery::{self, Step};
use crate::{arrival, handler, loader, metrics, pull, redact, variables};

static CONTEXT: ngx_http_module_t = ngx_http_module_t {
    preconfiguration: Some(preconfiguration),
    postconfiguration: Some(postconfiguration),
    create_main_conf: Some(create::<MainConf>),
    init_main_conf: Some(init_main_conf),
    create_srv_conf: Some(create::<SrvConf>),
    merge_srv_conf: Some(merge_srv_conf),
    create_loc_conf: Some(create::<LocConf>),
    merge_loc_conf: Some(merge_loc_conf),
};

/// The module. nginx fills in its indexes when it loads it.
#[allow(non_upper_case_globals)]
#[unsafe(no_mangle)]
pub static mut ngx_http_shared_session_module: ngx_module_t = ngx_module_t {
    ctx: ptr::addr_of!(CONTEXT).cast_mut().cast(),
    commands: conf::COMMANDS.as_ptr(),
    type_: NGX_HTTP_MODULE as ngx_uint_t,
    init_module: Some(init_module),
    ..ngx_module_t::default()
};

/// The handler of `shared_session` and of `shared_session_metrics`.
pub(super) const CONTENT_HANDLER: ngx_http_handler_pt = Some(content_handler);

static mut NEXT_HEADER_FILTER: ngx_http_output_header_filter_pt = None;
static mut NEXT_BODY_FILTER: ngx_http_output_body_filter_pt = None;

/// The module's identity, as a tag of buffers and zones.
pub(super) fn address() -> *const ngx_module_t {
    ptr::addr_of!(ngx_http_shared_session_module)
}

pub(super) fn ctx_index() -> usize {
    // SAFETY: nginx sets it when it loads the module, before any callback.
    unsafe { (*address()).ctx_index }
}

unsafe extern "C" fn create<T: Default>(cf: *mut ngx_conf_t) -> *mut c_void {
    guard::catch(ptr::null_mut(), || {
        // SAFETY: cf has a live pool, which drops the structure when the configuration goes.
        let pool = unsafe { Pool::new((*cf).pool) };
        pool.place(T::default()).map_or(ptr::null_mut(), |conf| conf.cast())
    })
}

/// After the whole http block was read, before its levels are merged.
unsafe extern "C" fn init_main_conf(cf: *mut ngx_conf_t, conf: *mut c_void) -> *mut c_char {
    guard::catch(failed(), || {
        // SAFETY: nginx passes the structure that this module made; nobody else has it now.
        let (mut cf, conf) = unsafe { (Conf::new(cf), &mut *conf.cast::<MainConf>()) };
        // SAFETY: that is when nginx calls this.
        let of_http = unsafe { cf.of_http() };
        done(conf.finish(of_http, &mut cf), &mut cf)
    })
}

unsafe extern "C" fn merge_srv_conf(
    cf: *mut ngx_conf_t,
    prev: *mut c_void,
    conf: *mut c_void,
) -> *mut c_char {
    guard::catch(failed(), || {
        // SAFETY: nginx passes two different structures that this module made.
        let (mut cf, prev, conf) =
            unsafe { (Conf::new(cf), &*prev.cast::<SrvConf>(), &mut *conf.cast::<SrvConf>()) };
        done(conf.merge(prev), &mut cf)
    })
}

unsafe extern "C" fn merge_loc_conf(
    cf: *mut ngx_conf_t,
    prev: *mut c_void,
    conf: *mut c_void,
) -> *mut c_char {
    guard::catch(failed(), || {
        // SAFETY: nginx passes two different structures that this module made.
        let (mut cf, prev, conf) =
            unsafe { (Conf::new(cf), &*prev.cast::<LocConf>(), &mut *conf.cast::<LocConf>()) };
        done(conf.merge(prev, &mut cf), &mut cf)
    })
}

fn done(result: Result<(), ConfError>, cf: &mut Conf<'_>) -> *mut c_char {
    match result {
        Ok(()) => ptr::null_mut(),
        Err(error) => cf.fail(&error),
    }
}

unsafe extern "C" fn preconfiguration(cf: *mut ngx_conf_t) -> ngx_int_t {
    guard::catch(NGX_ERROR as ngx_int_t, || {
        guard::install_hook();
        // SAFETY: cf is the configuration that is being read.
        status(unsafe { variables::add_all(&mut Conf::new(cf)) })
    })
}

unsafe extern "C" fn postconfiguration(cf: *mut ngx_conf_t) -> ngx_int_t {
    guard::catch(NGX_ERROR as ngx_int_t, || {
        // SAFETY: in postconfiguration all structures exist and are merged; nothing else reads the
        // filter chains' heads now.
        unsafe {
            let ctx = (*cf).ctx.cast::<nginx_sys::ngx_http_conf_ctx_t>();
            // The heads of the chains are the process's, not the configuration's: were they to
            // differ from one configuration to the next, one that is refused later would change
            // what the running one does in new workers.
            NEXT_HEADER_FILTER = ngx_http_top_header_filter;
            ngx_http_top_header_filter = Some(header_filter);
            NEXT_BODY_FILTER = ngx_http_top_body_filter;
            ngx_http_top_body_filter = Some(body_filter);

            (*(*(*ctx).srv_conf.add(ctx_index())).cast::<SrvConf>()).forget_key_files();
            location::servers(cf).for_each(|server| server.conf.forget_key_files());

            let main = &*(*(*ctx).main_conf.add(ctx_index())).cast::<MainConf>();
            if !main.is_used() {
                return NGX_OK as ngx_int_t;
            }
            let servers: Vec<_> = location::servers(cf).collect();
            main.note_servers(&servers);
            conf::warn_of_servers(&servers, &mut Conf::new(cf));

            let core = (*ptr::addr_of!(ngx_http_core_module)).ctx_index;
            let core = (*(*ctx).main_conf.add(core)).cast::<ngx_http_core_main_conf_t>();
            let handlers: [(u32, ngx_http_handler_pt); 4] = [
                (ngx_http_phases_NGX_HTTP_POST_READ_PHASE, Some(post_read_handler)),
                (ngx_http_phases_NGX_HTTP_PREACCESS_PHASE, Some(preaccess_handler)),
                (ngx_http_phases_NGX_HTTP_PRECONTENT_PHASE, Some(precontent_handler)),
                (ngx_http_phases_NGX_HTTP_LOG_PHASE, Some(log_handler)),
            ];
            for (index, handler) in handlers {
                let phase = &mut (*core).phases[index as usize];
                let slot = ngx_array_push(&raw mut phase.handlers).cast::<ngx_http_handler_pt>();
                if slot.is_null() {
                    return NGX_ERROR as ngx_int_t;
                }
                *slot = handler;
                // The log phase runs in the array's order, others in the reverse one: this one comes
                // before the log is written, and after the limits, which a check must not pass by.
                if index == ngx_http_phases_NGX_HTTP_LOG_PHASE
                    || index == ngx_http_phases_NGX_HTTP_PREACCESS_PHASE
                {
                    let all = phase.handlers.elts.cast::<ngx_http_handler_pt>();
                    core::slice::from_raw_parts_mut(all, phase.handlers.nelts).rotate_right(1);
                }
            }
        }
        NGX_OK as ngx_int_t
    })
}

/// In the master, once the new configuration's shared memory exists and before workers are forked.
unsafe extern "C" fn init_module(cycle: *mut ngx_cycle_t) -> ngx_int_t {
    guard::catch(NGX_ERROR as ngx_int_t, || {
        // SAFETY: conf_ctx holds the http module's context where there is an http block; the
        // structures live as long as the cycle.
        let main = unsafe {
            let http = *(*cycle).conf_ctx.add((*ptr::addr_of!(nginx_sys::ngx_http_module)).index);
            let Some(ctx) = http.cast::<nginx_sys::ngx_http_conf_ctx_t>().as_ref() else {
                return NGX_OK as ngx_int_t;
            };
            &*(*ctx.main_conf.add(ctx_index())).cast::<MainConf>()
        };
        main.start();
        NGX_OK as ngx_int_t
    })
}

unsafe extern "C" fn post_read_handler(r: *mut ngx_http_request_t) -> ngx_int_t {
    #[cfg(feature = "fault-injection")]
    // SAFETY: nginx runs the phases of a live request.
    super::fault::arm(unsafe { Request::new(r) });
    let read = |r: Request<'_>| {
        hide_token(r)?;
        if r.is_main() {
            pull::expect(r)?;
            pull::take_member(r)?;
            arrival::take(r)?;
            delivery::hand_over(r)?;
        }
        Ok(Step::GoOn)
    };
    // SAFETY: nginx runs the phases of a live request.
    unsafe { phase_handler(r, read) }
}

unsafe extern "C" fn preaccess_handler(r: *mut ngx_http_request_t) -> ngx_int_t {
    let prepare = |r: Request<'_>| {
        if r.is_main() {
            // The request as it came, after an internal redirect too.
            loader::restore_request(r);
            if r.is_internal() {
                // An error page of a request that was never read whole.
                arrival::take(r)?;
            }
        }
        match delivery::decide_in_location(r)? {
            // Only now are the request's cookies what they will be.
            Step::GoOn => match pull::arrive(r)? {
                Step::GoOn => loader::prepare_request(r).map(|()| Step::GoOn),
                other => Ok(other),
            },
            other => Ok(other),
        }
    };
    // SAFETY: nginx runs the phases of a live request.
    unsafe { phase_handler(r, prepare) }
}

unsafe extern "C" fn precontent_handler(r: *mut ngx_http_request_t) -> ngx_int_t {
    // SAFETY: nginx runs the phases of a live request.
    unsafe { phase_handler(r, delivery::judge) }
}

unsafe extern "C" fn log_handler(r: *mut ngx_http_request_t) -> ngx_int_t {
    let restore = |r: Request<'_>| {
        // A subrequest is logged too, where `log_subrequest` says so.
        if r.is_main() {
            loader::restore_request(r);
            metrics::request(r);
        }
        hide_token(r).map(|()| Step::GoOn)
    };
    // SAFETY: nginx logs a request while it is still live.
    unsafe { phase_handler(r, restore) }
}

fn hide_token(r: Request<'_>) -> Result<(), NoMemory> {
    redact::request_line(r);
    Ok(())
}

/// Runs `f` and lets the phase go on, or wait.
///
/// # Safety
/// `r` is a live request.
unsafe fn phase_handler(
    r: *mut ngx_http_request_t,
    f: fn(Request<'_>) -> Result<Step, NoMemory>,
) -> ngx_int_t {
    guard::catch(NGX_HTTP_INTERNAL_SERVER_ERROR as ngx_int_t, || {
        // SAFETY: the caller vouches for the request.
        match f(unsafe { Request::new(r) }) {
            Ok(Step::GoOn) => nginx_sys::NGX_DECLINED as ngx_int_t,
            Ok(Step::Wait) => NGX_AGAIN as ngx_int_t,
            Ok(Step::Done(rc)) => {
                // SAFETY: the request is live; nothing here looks at it afterwards.
                unsafe { ngx_http_finalize_request(r, rc) };
                NGX_DONE as ngx_int_t
            }
            Err(NoMemory) => NGX_HTTP_INTERNAL_SERVER_ERROR as ngx_int_t,
        }
    })
}

unsafe extern "C" fn content_handler(r: *mut ngx_http_request_t) -> ngx_int_t {
    guard::catch(NGX_HTTP_INTERNAL_SERVER_ERROR as ngx_int_t, || {
        // SAFETY: nginx runs the content handler of a live request.
        let r = unsafe { Request::new(r) };
        let answer = if r.loc_conf().is_metrics() { metrics::answer } else { handler::answer };
        answer(r).unwrap_or(NGX_HTTP_INTERNAL_SERVER_ERROR as ngx_int_t)
    })
}

unsafe extern "C" fn header_filter(r: *mut ngx_http_request_t) -> ngx_int_t {
    let result = guard::catch(NGX_ERROR as ngx_int_t, || {
        // SAFETY: nginx sends the header of a live request.
        status(loader::header_filter(unsafe { Request::new(r) }))
    });
    if result != NGX_OK as ngx_int_t {
        return result;
    }
    // SAFETY: set in postconfiguration, before any request.
    unsafe { NEXT_HEADER_FILTER.map_or(NGX_ERROR as ngx_int_t, |next| next(r)) }
}

unsafe extern "C" fn body_filter(r: *mut ngx_http_request_t, chain: *mut ngx_chain_t) -> ngx_int_t {
    guard::catch(NGX_ERROR as ngx_int_t, || {
        // SAFETY: nginx sends body of a live request.
        let (r, chain) = unsafe { (Request::new(r), Chain::new(chain)) };
        match loader::body_filter(r, chain) {
            Some(result) => result.unwrap_or(NGX_ERROR as ngx_int_t),
            None => next_body_filter(r, chain.as_ptr()),
        }
    })
}

/// The body filter that runs after this module's.
pub(super) fn next_body_filter(r: Request<'_>, chain: *mut ngx_chain_t) -> ngx_int_t {
    // SAFETY: set in postconfiguration, before any request; the chain is one that a body filter of
    // this request may pass on.
    unsafe { NEXT_BODY_FILTER.map_or(NGX_ERROR as ngx_int_t, |next| next(r.as_ptr(), chain)) }
}

fn status(result: Result<(), NoMemory>) -> ngx_int_t {
    match result {
        Ok(()) => NGX_OK as ngx_int_t,
        Err(NoMemory) => NGX_ERROR as ngx_int_t,
    }
}
