//! Turns what nginx-sys learnt of the nginx being built against into cfgs.

use std::env;
use std::process::exit;

/// The first nginx whose header pointers are linked lists (`ngx_table_elt_t.next`) rather than arrays.
const HEADER_LISTS: u64 = 1_023_000;

fn main() {
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
