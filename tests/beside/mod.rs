//! The loader beside nginx's other modules.

mod filters;
mod packaged;
mod phases;
mod ssi;

use harness::{Nginx, Reply, Upstream};

use crate::support::{Extra, three_sites};

/// nginx in front of an upstream with these HTML pages (path and text), and these directives in the
/// location of the pages and beside it.
fn pages(pages: &'static [(&str, &str)], page: &str, beside: &str) -> (Upstream, Nginx) {
    let upstream = Upstream::new(|request| {
        let found = pages.iter().find(|(path, _)| *path == request.target());
        let (_, text) = found.unwrap_or_else(|| panic!("nobody should ask for {}", request.head));
        Reply::html(&[], text)
    });
    let conf = three_sites(&upstream.address(), &Extra { page, ..Extra::default() })
        .replacing("location ^~", &format!("{beside}\nlocation ^~"))
        .set("upstream", upstream.address());
    let nginx = Nginx::start(&conf);
    (upstream, nginx)
}
