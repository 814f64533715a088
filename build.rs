//! Turns what nginx-sys learnt of the nginx being built against into cfgs, and compiles what is in C.

use std::env;
use std::process::exit;

/// The first nginx whose header pointers are linked lists (`ngx_table_elt_t.next`) rather than arrays.
const HEADER_LISTS: u64 = 1_023_000;

fn main() {
    compile_c();
    println!("cargo::rerun-if-env-changed=DEP_NGINX_FEATURES_CHECK");
    println!("cargo::rerun-if-env-changed=DEP_NGINX_FEATURES");
    println!("cargo::rerun-if-env-changed=DEP_NGINX_VERSION_NUMBER");

    let known = env::var("DEP_NGINX_FEATURES_CHECK").unwrap_or_else(|_| "any()".into());
    println!("cargo::rustc-check-cfg=cfg(ngx_feature, values({known}))");
    for feature in env::var("DEP_NGINX_FEATURES").unwrap_or_default().split(',') {
        if !feature.is_empty() {
            println!("cargo::rustc-cfg=ngx_feature=\"{}\"", feature.trim());
        }
    }

    println!("cargo::rustc-check-cfg=cfg(ngx_header_lists)");
    let version = env::var("DEP_NGINX_VERSION_NUMBER").unwrap_or_default();
    match version.parse::<u64>() {
        Ok(version) if version >= HEADER_LISTS => println!("cargo::rustc-cfg=ngx_header_lists"),
        Ok(_) => {}
        Err(_) => {
            eprintln!("nginx-sys did not tell the version of nginx (got \"{version}\")");
            exit(1);
        }
    }
}

/// Compiles `request_bits.c` with the compiler and the headers that nginx is compiled with.
fn compile_c() {
    let file = "src/nginx/request_bits.c";
    println!("cargo::rerun-if-changed={file}");
    let includes = env::var_os("DEP_NGINX_INCLUDE").unwrap_or_default();
    // nginx-sys prints it so that cargo hands it on under this name.
    let told = env::var("DEP_NGINX_METADATA").unwrap_or_default();
    let defined = told.strip_prefix("cflags=").unwrap_or_default();
    cc::Build::new()
        .file(file)
        .includes(env::split_paths(&includes))
        .flags(defined.split_whitespace())
        // nginx's headers are for C compilers of many kinds; some of their macros want it optimised.
        .opt_level(2)
        .warnings(false)
        .compile("request_bits");
}
