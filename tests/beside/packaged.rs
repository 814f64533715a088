//! Dynamic modules of the distribution. Their tests apply to the distribution's own nginx only, and
//! say on the terminal where they did not run.

use std::path::Path;

use harness::{Conf, Nginx, Reply, Upstream, distribution_module};

use crate::pages::{assert_tagged, before_head_end, request};
use crate::support::{Extra, PAGE, deliver, take_tags, three_sites};

const BROTLI: &str = "ngx_http_brotli_filter_module";
const XSLT: &str = "ngx_http_xslt_filter_module";

fn load(module: &Path) -> String {
    format!("load_module {};", module.display())
}

fn conf(upstream: &Upstream, page: &str) -> Conf {
    three_sites(&upstream.address(), &Extra { page, ..Extra::default() })
}

#[test]
fn brotli_compresses_the_page_with_its_tags() {
    let Some(module) = distribution_module(BROTLI) else { return };
    let upstream = Upstream::always(Reply::html(&[], PAGE));
    let conf = conf(&upstream, "brotli on; brotli_min_length 1; gzip on; gzip_min_length 1;");
    let nginx = Nginx::start(&conf.first(&load(&module)));
    let mut response = request("GET", "/").header("Accept-Encoding", "gzip, br").send(&nginx);
    assert_eq!(response.header("Content-Encoding").as_deref(), Some("br"), "{}", response.head());
    let mut page = Vec::new();
    let mut compressed = &response.body[..];
    brotli_decompressor::BrotliDecompress(&mut compressed, &mut page).unwrap();
    response.body = page;
    assert_tagged(&response, PAGE, before_head_end(PAGE));
}

#[test]
fn brotli_before_the_loader_is_a_mistake_in_the_configuration() {
    let Some(module) = distribution_module(BROTLI) else { return };
    let upstream = Upstream::always(Reply::html(&[], PAGE));
    let conf = conf(&upstream, "").main(&load(&module));
    let printed = conf.test().unwrap_err();
    assert!(printed.contains("[emerg]"), "{printed}");
    for word in ["load_module", BROTLI, "ngx_http_shared_session_module"] {
        assert!(printed.contains(word), "no {word} in:\n{printed}");
    }
}

const HEADERS_MORE: &str = "ngx_http_headers_more_filter_module";

/// The session that is shared is the one that the application sees.
#[test]
fn another_module_changes_the_cookies() {
    let Some(module) = distribution_module(HEADERS_MORE) else { return };
    let upstream = Upstream::always(Reply::html(&[], PAGE));
    for (directive, page) in [
        ("more_set_input_headers 'Cookie: sessionid=other';", "shared"),
        ("more_clear_input_headers Cookie;", "no_session"),
        ("more_set_input_headers 'Cookie: a=1';", "no_session"),
    ] {
        let nginx = Nginx::start(&conf(&upstream, directive).first(&load(&module)));
        let response = request("GET", "/").send(&nginx);
        assert_eq!(nginx.log(&response).page(), page, "{directive}");
        if page == "shared" {
            let tags = take_tags(&response.text()).1;
            let delivered = deliver(&tags[0]).send(&nginx);
            assert!(delivered.head().contains("Set-Cookie: sessionid=other;"), "{delivered:?}");
        }
    }
}

const STYLE: &str = r#"<?xml version="1.0"?>
<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform">
<xsl:output method="html" indent="no"/>
<xsl:template match="/greeting">
<html><head><title>A</title></head><body><xsl:value-of select="."/></body></html>
</xsl:template>
</xsl:stylesheet>
"#;

#[test]
fn a_page_that_is_made_from_xml() {
    let Some(module) = distribution_module(XSLT) else { return };
    let xml = "<greeting>Hello</greeting>";
    let upstream = Upstream::always(Reply::new("200 OK", &["Content-Type: text/xml"], xml));
    let page = "xslt_stylesheet conf/style.xslt;";
    let conf = conf(&upstream, page).file("style.xslt", STYLE);
    // It does not matter which of the two is loaded first.
    for conf in [conf.clone().first(&load(&module)), conf.main(&load(&module))] {
        let nginx = Nginx::start(&conf);
        let response = request("GET", "/").send(&nginx);
        let (page, _) = take_tags(&response.text());
        assert!(page.contains("<body>Hello</body>"), "{page}");
        assert_tagged(&response, &page, before_head_end(&page));
        assert_eq!(nginx.log(&response).page(), "shared");
    }
}
