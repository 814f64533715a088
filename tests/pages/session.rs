//! The session that is shared is the one after the response.

use harness::{Nginx, Request, Response, Upstream};

use super::{SESSION, as_asked, conf};
use crate::support::{
    PAGE, cookie_parts, deliver, delivered_cookie, stamp, take_tags, without_stamp,
};

/// A stub whose page sets what the request's X-Line headers ask for.
struct Sharing {
    nginx: Nginx,
    _upstream: Upstream,
}

impl Sharing {
    fn new() -> Self {
        let upstream = Upstream::new(as_asked);
        Self { nginx: Nginx::start(&conf(&upstream, "")), _upstream: upstream }
    }

    /// The page that comes with these lines, for a request with those `Cookie` lines.
    fn page(&self, sent: &[&str], set: &[&str]) -> Response {
        let mut page = Request::get("http://www.example.com/");
        for line in sent {
            page = page.header("Cookie", line);
        }
        for line in set {
            page = page.header("X-Line", format!("Set-Cookie: {line}"));
        }
        page.send(&self.nginx)
    }

    /// The `Set-Cookie` line by which www.example.org takes the session of a page that came with
    /// these lines, for a request with those `Cookie` lines; `None` where nothing is shared.
    fn line(&self, sent: &[&str], set: &[&str]) -> Option<String> {
        let page = self.page(sent, set);
        assert_eq!(without_stamp(&page), set);
        let (rest, addresses) = take_tags(&page.text());
        assert_eq!(rest, PAGE);
        let Some(address) = addresses.first() else {
            assert_eq!(self.nginx.log(&page).page(), "no_session");
            return None;
        };
        let delivered = deliver(address).send(&self.nginx);
        assert_eq!(self.nginx.log(&delivered).verdict(), "delivered");
        Some(delivered_cookie(&delivered))
    }

    /// The session's value in that line.
    fn value(&self, sent: &[&str], set: &[&str]) -> Option<String> {
        let (pair, _) = cookie_parts(&self.line(sent, set)?);
        Some(pair.strip_prefix("sessionid=").unwrap().to_owned())
    }
}

fn some(value: &str) -> Option<String> {
    Some(value.to_owned())
}

#[test]
fn what_the_response_sets_goes_before_what_the_browser_sent() {
    let sharing = Sharing::new();
    let new = some("new");
    for sent in [&[][..], &["a=b"], &[SESSION]] {
        assert_eq!(sharing.value(sent, &["sessionid=new; Path=/; HttpOnly"]), new, "{sent:?}");
    }
    assert_eq!(sharing.value(&[SESSION], &["other=1", "sessionid=new", "more=2"]), new);
    // Of twins one stays, whichever that is.
    let twins = &["sessionid=one; sessionid=two"];
    assert_eq!(sharing.value(twins, &["sessionid=new; Path=/; HttpOnly"]), None);
    // The last of several is what the browser has.
    assert_eq!(sharing.value(&[SESSION], &["sessionid=old", "sessionid=new"]), new);
    assert_eq!(sharing.value(&[SESSION], &[]), some("s3ss10n"));
}

#[test]
fn what_the_response_deletes_is_not_shared() {
    let sharing = Sharing::new();
    let deletions = [
        "sessionid=; Path=/",
        "sessionid=gone; Max-Age=0",
        "sessionid=gone; max-age=-1; Path=/",
        "sessionid=gone; MAX-AGE = 0",
        "sessionid=gone; expires=Thu, 01 Jan 1970 00:00:00 GMT; Path=/",
        "sessionid=gone; EXPIRES=Thu, 01-Jan-1970 00:00:01 GMT",
        "sessionid=gone; Expires=Thursday, 01-Jan-70 00:00:00 GMT",
        "sessionid=gone; Expires=Thu Jan  1 00:00:00 1970",
        // Where both are said, Max-Age counts.
        "sessionid=gone; Expires=Fri, 01 Jan 2100 00:00:00 GMT; Max-Age=0",
        // Of two, the last counts.
        "sessionid=gone; Max-Age=60; Max-Age=0",
    ];
    for deletion in deletions {
        assert_eq!(sharing.value(&[SESSION], &[deletion]), None, "{deletion}");
        assert_eq!(sharing.value(&[SESSION], &["sessionid=new", deletion]), None, "{deletion}");
        let new = sharing.value(&[SESSION], &[deletion, "sessionid=new"]);
        assert_eq!(new, some("new"), "{deletion}");
    }
}

#[test]
fn what_looks_like_a_deletion_and_is_none() {
    let sharing = Sharing::new();
    let kept = [
        "sessionid=new; Max-Age=60; Expires=Thu, 01 Jan 1970 00:00:00 GMT",
        "sessionid=new; Max-Age=soon",
        "sessionid=new; Expires=never",
        "sessionid=new; X-Max-Age=0",
        "sessionid=new; Path=/; Comment=Max-Age=0",
    ];
    for line in kept {
        assert_eq!(sharing.value(&[SESSION], &[line]), some("new"), "{line}");
    }
}

#[test]
fn other_cookies_say_nothing() {
    let sharing = Sharing::new();
    let others = [
        "SESSIONID=other",
        "Sessionid=; Max-Age=0",
        "xsessionid=other",
        "sessionid2=other; Max-Age=0",
        "a=sessionid=other",
        "sessionid",
        "=sessionid=other",
    ];
    for other in others {
        assert_eq!(sharing.value(&[SESSION], &[other]), some("s3ss10n"), "{other}");
        assert_eq!(sharing.value(&[], &[other]), None, "{other}");
    }
}

#[test]
fn casing_quotes_and_blanks_of_a_line() {
    let sharing = Sharing::new();
    // Blanks around name and value are not of them; quotes are of the value.
    let lines = [
        ("sessionid=new;path=/;HTTPONLY;secure", "new"),
        ("  sessionid =  new  ; Path=/", "new"),
        ("sessionid=\"new\"; Path=/", "\"new\""),
        ("sessionid=a=b==; Path=/", "a=b=="),
        ("sessionid=a b,c; Path=/", "a b,c"),
    ];
    for (line, value) in lines {
        let line = line.trim_start();
        assert_eq!(sharing.value(&[SESSION], &[line]), some(value), "{line}");
    }
    for value in ["\"quoted\"", "a=b==", "%20", "a:b|c", "caf\u{e9}"] {
        assert_eq!(sharing.value(&[&format!("sessionid={value}")], &[]), some(value));
    }
}

#[test]
fn header_names_in_any_casing() {
    let sharing = Sharing::new();
    for name in ["set-cookie", "SET-COOKIE", "sEt-cOOkie"] {
        let page = Request::get("http://www.example.com/")
            .header("cOOKIE", SESSION)
            .header("X-Line", format!("{name}: sessionid=new"))
            .send(&sharing.nginx);
        let (_, addresses) = take_tags(&page.text());
        let delivered = deliver(&addresses[0]).send(&sharing.nginx);
        assert!(delivered.set_cookies()[0].starts_with("sessionid=new;"), "{name}");
    }
}

#[test]
fn cookies_over_several_lines_and_twins() {
    let sharing = Sharing::new();
    let one = some("s3ss10n");
    assert_eq!(sharing.value(&["a=b", SESSION, "c=d"], &[]), one);
    assert_eq!(sharing.value(&["a=b; sessionid=s3ss10n", "c=d"], &[]), one);
    assert_eq!(sharing.value(&["a=b;sessionid=s3ss10n;c=d"], &[]), one);
    // Twice the same is once.
    assert_eq!(sharing.value(&["sessionid=s3ss10n; sessionid=s3ss10n"], &[]), one);
    assert_eq!(sharing.value(&[SESSION, SESSION], &[]), one);
    // Two sessions: none of them is known to be the visitor's.
    assert_eq!(sharing.value(&["sessionid=one; sessionid=two"], &[]), None);
    assert_eq!(sharing.value(&["sessionid=one", "sessionid=two"], &[]), None);
    assert_eq!(sharing.value(&["sessionid=one; sessionid=two"], &["sessionid=; Max-Age=0"]), None);
}

#[test]
fn the_expiry_goes_along() {
    let sharing = Sharing::new();
    let attributes = |set: &str| {
        let (pair, attributes) = cookie_parts(&sharing.line(&[], &[set]).unwrap());
        assert_eq!(pair, "sessionid=new");
        let ends = |part: &&String| part.starts_with("max-age=") || part.starts_with("expires=");
        attributes.iter().filter(ends).cloned().collect::<Vec<_>>()
    };
    assert_eq!(attributes("sessionid=new"), [""; 0]);
    for set in [
        "sessionid=new; Max-Age=3600",
        "sessionid=new; max-age=3600; Expires=Thu, 01 Jan 1970 00:00:00 GMT",
    ] {
        let ends = attributes(set);
        let seconds = ends.iter().find_map(|part| part.strip_prefix("max-age="));
        let seconds: u32 = seconds.unwrap().parse().unwrap();
        assert!((3590..=3600).contains(&seconds), "{ends:?}");
    }
    assert_ne!(attributes("sessionid=new; Expires=Fri, 01 Jan 2100 00:00:00 GMT"), [""; 0]);
}

/// `Cookie` lines, `Set-Cookie` lines of the response, and the stamp that comes with them: none, or
/// how long it lives, where it does not end with the browser.
type Case<'a> = (&'a [&'a str], &'a [&'a str], Option<Option<&'a str>>);

#[test]
fn a_stamp_tells_what_became_of_the_session() {
    let sharing = Sharing::new();
    let new = "sessionid=new; Max-Age=3600";
    let gone = "sessionid=; Max-Age=0";
    let (week, hour) = (Some("max-age=604800"), Some("max-age=3600"));
    let cases: [Case<'_>; 12] = [
        (&[], &[new], Some(hour)),
        (&[SESSION], &[new], Some(hour)),
        (&[SESSION], &["sessionid=new"], Some(None)),
        (&[SESSION], &["sessionid=s3ss10n"], Some(None)),
        (&[SESSION], &[gone, new], Some(hour)),
        // Its first one, with a page.
        (&[SESSION], &["other=1"], Some(None)),
        // An ended one.
        (&[SESSION], &[gone], Some(week)),
        (&[SESSION], &[new, gone], Some(week)),
        // No session came and none is set.
        (&[], &["other=1"], None),
        (&[], &[gone], None),
        // It is not known which of them the visitor's is.
        (&["sessionid=one; sessionid=two"], &["other=1"], None),
        (&["sessionid=one; sessionid=two"], &[gone], None),
    ];
    for (sent, set, expected) in cases {
        let page = sharing.page(sent, set);
        let attributes = stamp(&page).map(|line| cookie_parts(&line).1);
        let age = |attributes: Vec<String>| {
            attributes.into_iter().find(|attribute| attribute.starts_with("max-age="))
        };
        let expected = expected.map(|age| age.map(str::to_owned));
        assert_eq!(attributes.map(age), expected, "{sent:?} {set:?}");
        assert_eq!(without_stamp(&page), set);
    }
}
