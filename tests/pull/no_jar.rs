//! Clients that keep no cookies: they get the page, and its address is what it was to everybody but
//! them.

use harness::{Http2, Reply, Request, Upstream};

use super::browser::Browser;
use super::{A, B, Bed, Extra, SCHEMES, document, names};
use crate::support::PAGE;

const PULL: Extra<'_> = Extra { http: "shared_session_pull 1h;", server: "", page: "", own: "" };

/// The visit's own redirect, the source's, and the destination's to the page.
const REDIRECTS: usize = 3;

#[test]
fn a_client_without_a_jar_gets_the_page_after_three_redirects() {
    let bed = Bed::with(&PULL);
    for scheme in SCHEMES {
        for (path, last) in [
            ("/page", "/page?shared_session=none"),
            ("/page?", "/page?&shared_session=none"),
            ("/page?a=1&b=%26", "/page?a=1&b=%26&shared_session=none"),
            ("/page?&a", "/page?&a&shared_session=none"),
            ("/page?a&&", "/page?a&&&shared_session=none"),
        ] {
            let mut client = Browser::new(&bed).keeping(|_| false);
            let response = client.visit(&format!("{scheme}://{B}{path}"));
            assert_eq!(response.status, 200, "{path}");
            assert_eq!(client.redirects(), REDIRECTS, "{:?}", client.hops);
            assert_eq!(client.hops.last(), Some(&format!("{scheme}://{B}{last}")));
            assert_eq!(bed.upstream.last().target(), path);
        }
    }
}

#[test]
fn one_that_has_a_session_at_the_source_gets_no_further() {
    let bed = Bed::with(&PULL);
    // It sends that cookie, but keeps none.
    let mut client = Browser::new(&bed).keeping(|_| false);
    client.put(A, "sessionid", "s3ss10n-value");
    assert_eq!(client.visit(&format!("https://{B}/page")).status, 200);
    assert_eq!(client.redirects(), REDIRECTS, "{:?}", client.hops);
    assert_eq!(bed.nginx.log(&client.answers[2]).verdict(), "wrong_origin");
    assert_eq!(names(&client.answers[2]), [""; 0]);
}

#[test]
fn nobody_behind_nginx_sees_the_member() {
    let server = "location /args/ { proxy_pass http://@upstream@/?seen=$args; }
        location /request_uri/ { proxy_pass http://@upstream@/?seen=$request_uri; }
        location /is_args/ { proxy_pass http://@upstream@/?seen=$is_args; }
        location /arg/ { proxy_pass http://@upstream@/?seen=$arg_shared_session; }
        location /uri/ { proxy_pass http://@upstream@/new/; }
        location /rewritten/ { rewrite ^ /other last; }
        if ($args ~ none) { return 418; }";
    let bed = Bed::with(&Extra { server, ..PULL });
    let cases = [
        ("/page?shared_session=none", "/page"),
        ("/page?&shared_session=none", "/page?"),
        ("/page?shared_session=none&a=1", "/page?a=1"),
        ("/page?a=1&shared_session=none", "/page?a=1"),
        ("/page?a=1&shared_session=none&&b=%20", "/page?a=1&&b=%20"),
        ("/page?&a=1&&shared_session=none", "/page?&a=1&"),
        ("/page?shared_session=none&shared_session=none", "/page"),
        ("/a%2Fb/../c//d?x=%2f&shared_session=none", "/a%2Fb/../c//d?x=%2f"),
        ("/args/?a=1&shared_session=none", "/?seen=a=1"),
        ("/args/?shared_session=none", "/?seen="),
        ("/request_uri/?a=1&shared_session=none", "/?seen=/request_uri/?a=1"),
        ("/is_args/?shared_session=none", "/?seen="),
        ("/arg/?shared_session=none", "/?seen="),
        ("/uri/x?a=1&shared_session=none", "/new/x?a=1"),
        ("/rewritten/x?a=1&shared_session=none", "/other?a=1"),
        // A fragment is no business of a server's, but some clients send it.
        ("/page?shared_session=none#top", "/page#top"),
    ];
    for scheme in SCHEMES {
        for (target, seen) in cases {
            let request = document(&format!("{scheme}://{B}/")).at(target);
            let response = request.send(&bed.nginx);
            assert_eq!(response.status, 200, "{target}: {}", response.head());
            assert_eq!(names(&response), [""; 0], "{target}");
            assert_eq!(bed.upstream.last().target(), seen, "{target}");
        }
    }
    // Whatever the method, and of an absolute target.
    let post = Request::post(&format!("http://{B}/x?shared_session=none&a"), "body");
    assert_eq!(post.send(&bed.nginx).status, 200);
    assert_eq!(bed.upstream.last().target(), "/x?a");
    let absolute = document(&format!("http://{B}/"));
    absolute.at(&format!("http://{B}/x?a&shared_session=none")).send(&bed.nginx);
    assert_eq!(bed.upstream.last().target(), "/x?a");
}

#[test]
fn what_only_looks_like_the_member_stays() {
    let bed = Bed::with(&PULL);
    for target in [
        "/page?shared_session=non",
        "/page?shared_session=none2",
        "/page?xshared_session=none",
        "/page?Shared_Session=none",
        "/page?shared_session",
        "/page?shared%5Fsession=none",
        "/page?a;shared_session=none",
        "/shared_session=none",
    ] {
        let request = document(&format!("https://{B}{target}"));
        assert_eq!(request.send(&bed.nginx).status, 302, "{target}");
        let response = request.header("Cookie", "sessionid_asked=1").send(&bed.nginx);
        assert_eq!(response.status, 200);
        assert_eq!(bed.upstream.last().target(), target);
    }
    // Where no location pulls, an application may have a member of that name.
    let without = Bed::new();
    document(&format!("https://{B}/page?shared_session=none")).send(&without.nginx);
    assert_eq!(without.upstream.last().target(), "/page?shared_session=none");
}

#[test]
fn it_is_taken_out_over_http_2_and_where_another_location_pulls() {
    let server = "location /api/ { shared_session_pull off; proxy_pass http://@upstream@; }";
    let upstream = Upstream::always(Reply::html(&[], PAGE));
    let bed = Bed::with_upstream(upstream, &Extra { server, ..PULL }, |conf| {
        conf.replacing("listen @https@;", "listen @https@ http2;")
    });
    let mut http2 = Http2::open(&bed.nginx, "https", B);
    for (target, seen) in
        [("/x?a&shared_session=none", "/x?a"), ("/api/?shared_session=none", "/api/")]
    {
        let response = http2.send(&document(&format!("https://{B}{target}")));
        assert_eq!(response.status, 200, "{}", response.head());
        assert_eq!(bed.upstream.last().target(), seen);
    }
}

#[test]
fn crawlers_that_say_nothing_of_themselves_are_never_sent_anywhere() {
    let bed = Bed::with(&PULL);
    let clients: [fn(&str) -> Request; 3] = [
        Request::get,
        |url| Request::get(url).header("Accept", "*/*"),
        |url| Request::get(url).header("Accept", "text/html").header("User-Agent", "crawler"),
    ];
    for client in clients {
        let mut crawler = Browser::new(&bed).keeping(|_| false).requesting(client);
        assert_eq!(crawler.visit(&format!("https://{B}/page")).status, 200);
        assert_eq!(crawler.redirects(), 0);
    }
}

/// One that follows every redirect as what it is, with cookies or without, from every site.
#[test]
fn who_follows_every_redirect_gets_every_page() {
    let bed = Bed::with(&PULL);
    for scheme in SCHEMES {
        for host in ["www.example.com", "www.example.org", "www.example.net"] {
            for (keeps, most) in
                [(Browser::new(&bed), 5), (Browser::new(&bed).keeping(|_| false), 3)]
            {
                let mut client = keeps;
                assert_eq!(client.visit(&format!("{scheme}://{host}/page")).status, 200);
                assert_eq!(client.redirects(), most, "{:?}", client.hops);
            }
        }
    }
}
