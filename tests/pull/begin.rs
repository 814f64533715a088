//! `begin`: a click on another site starts a pull there.

use super::{A, B, Bed, Extra, SCHEMES, cookies, document, location, names};

fn url(scheme: &str, query: &str) -> String {
    format!("{scheme}://{B}/shared-session/begin?{query}")
}

#[test]
fn a_click_makes_the_destination_ask_its_source() {
    let bed = Bed::new();
    for scheme in SCHEMES {
        let attempt = bed.begin(scheme, "%2Fcart%2F%C3%BC%3Fa%3D1%26b%3D%2526%23top");
        let expected = format!(
            "{scheme}://{A}/shared-session/pull?to={B}&state={}\
             &next=/cart/%C3%BC%3Fa%3D1%26b%3D%2526%23top",
            attempt.id
        );
        assert_eq!(attempt.pull, expected);
    }
}

#[test]
fn the_state_is_a_cookie_of_this_host_and_browser() {
    let bed = Bed::new();
    for (scheme, start, attributes) in [
        ("http", "sessionid_pull_", "httponly; max-age=600; path=/; samesite=lax"),
        ("https", "__Host-sessionid_pull_", "httponly; max-age=600; path=/; samesite=lax; secure"),
    ] {
        let request = document(&url(scheme, &format!("from={A}&next=/")));
        let [first, second] = [&request, &request].map(|request| request.send(&bed.nginx));
        let [one, two] = [&first, &second].map(cookies);
        assert_eq!((one.len(), two.len()), (1, 1), "{}", first.head());
        assert_eq!(one[0].attributes(), attributes);
        // Each attempt has one of its own.
        for cookie in [&one[0], &two[0]] {
            let rest = cookie.name.strip_prefix(start).unwrap();
            assert!(rest.len() == 8 && rest.bytes().all(|b| b.is_ascii_alphanumeric()), "{rest}");
        }
        assert!(one[0].name != two[0].name && one[0].value != two[0].value);
        assert_ne!(location(&first), location(&second));
    }
}

#[test]
fn the_session_s_attributes_are_not_the_state_s() {
    let http = "shared_session_cookie sid path=/shared-session/ domain=$host max_age=1d \
        httponly=off samesite=none;";
    let bed = Bed::with(&Extra { http, ..Extra::default() });
    let response = document(&url("https", &format!("from={A}&next=/"))).send(&bed.nginx);
    let set = cookies(&response);
    assert!(set[0].name.starts_with("__Host-sid_pull_"), "{}", response.head());
    assert_eq!(set[0].attributes(), "httponly; max-age=600; path=/; samesite=lax; secure");
}

#[test]
fn who_is_no_other_site_is_not_asked() {
    let bed = Bed::new();
    let nobody = [
        "",
        "from=",
        "from",
        "from=www.example.org",
        "from=example.com",
        "from=shop.www.example.com",
        "from=evilwww.example.com",
        "from=www.example.com.attacker.test",
        "from=attacker.test",
        "from=www.example.com.",
        "from=WWW.EXAMPLE.COM",
        "from=https://www.example.com",
        "from=https%3A%2F%2Fwww.example.com",
        "from=www.example.com:443",
        "from=www.example.com%2F",
        "from=www.example.com%00",
        "from=www.example.com%",
        "from=www.example.com&from=www.example.com",
        "from=www.example.com&from=attacker.test",
        "From=www.example.com",
        "xfrom=www.example.com",
    ];
    for scheme in SCHEMES {
        for from in nobody {
            let response = document(&url(scheme, &format!("{from}&next=/page"))).send(&bed.nginx);
            assert_eq!(response.status, 302, "{from}: {}", response.head());
            assert_eq!(location(&response), "/page", "{from}");
            assert_eq!(names(&response), [""; 0], "{from}");
        }
        // Percent-encoding is taken off once.
        let encoded = url(scheme, "from=www%2Eexample.com&next=/page");
        assert!(
            location(&document(&encoded).send(&bed.nginx)).starts_with(&format!("{scheme}://{A}/"))
        );
    }
}

#[test]
fn only_a_host_that_is_a_site_asks() {
    let bed = Bed::new();
    for host in ["sub.www.example.org", "example.org", "www.example.org:8443", "attacker.test"] {
        for scheme in SCHEMES {
            let url = format!("{scheme}://{host}/shared-session/begin?from={A}&next=/page");
            let response = document(&url).send(&bed.nginx);
            assert_eq!(location(&response), "/page", "{host}");
            assert_eq!(names(&response), [""; 0], "{host}");
        }
    }
}

/// Each `next` and where it leads, from `begin` directly, and by way of all redirects.
#[test]
fn a_pull_leads_nowhere_but_back_to_this_site() {
    let bed = Bed::new();
    let long = |len: usize| format!("/{}", "a".repeat(len - 1));
    let wide = format!("/{}", "%C3".repeat(1499));
    let (fits, over) = (long(1500), long(1501));
    let cases: &[(&str, &str)] = &[
        ("next=/", "/"),
        ("next=%2Fa%2Fb%3Fc%3Dd%26e%23f", "/a/b?c=d&e#f"),
        ("next=/a%20b%22%3Cc%3E", "/a%20b%22%3Cc%3E"),
        ("next=/100%25", "/100%25"),
        ("next=/a+b", "/a+b"),
        ("next=/a&x=1", "/a"),
        ("", "/"),
        ("next", "/"),
        ("next=", "/"),
        ("next=/a&next=/a", "/"),
        ("next=/a&next=/b", "/"),
        ("next=a", "/"),
        ("next=https://attacker.test/", "/"),
        ("next=https%3A%2F%2Fattacker.test", "/"),
        ("next=//attacker.test", "/"),
        ("next=%2F%2Fattacker.test", "/"),
        ("next=/%2Fattacker.test", "/"),
        ("next=/%5Cattacker.test", "/"),
        ("next=%5C%5Cattacker.test", "/"),
        ("next=/%09/attacker.test", "/"),
        ("next=%09//attacker.test", "/"),
        ("next=/a%0D%0ASet-Cookie:%20x=y", "/"),
        ("next=/a%00", "/"),
        ("next=/a%7F", "/"),
        ("next=javascript:alert(1)", "/"),
        ("next=/%", "/"),
        ("next=/%zz", "/"),
        ("next=/shared-session/begin", "/"),
        ("next=/shared-session", "/"),
        ("next=/Shared-Session/x", "/"),
        ("next=/%2573hared-session/x", "/"),
        ("next=/a/../shared-session/x", "/"),
        ("next=/a/%252e%252e/shared-session/x", "/"),
        ("next=/.//shared-session/x", "/"),
        ("next=/x/..%5Cshared-session%5Cy", "/"),
        ("next=/shared-session%252Fx", "/"),
        ("next=/shared-sessions/x", "/shared-sessions/x"),
    ];
    let next = |value: &str| format!("next={value}");
    let cases = cases.iter().map(|(query, to)| ((*query).to_owned(), (*to).to_owned()));
    let long = [(next(&fits), fits), (next(&over), "/".into()), (next(&wide), wide)];
    for (query, expected) in cases.chain(long) {
        let direct = document(&url("https", &query)).send(&bed.nginx);
        assert_eq!(location(&direct), expected, "{query}");
        // Over the source, which judges for itself, and back without a session.
        let begun = document(&url("https", &format!("from={A}&{query}"))).send(&bed.nginx);
        let attempt = super::Attempt::of(&begun);
        let back = location(&document(&attempt.pull).send(&bed.nginx));
        assert!(back.starts_with(&format!("https://{B}/shared-session/none?")), "{back}");
        let ended = document(&back).header("Cookie", &attempt.cookie).send(&bed.nginx);
        assert_eq!(location(&ended), expected, "{query}");
        // What no honest site sent is judged again at every hop.
        for name in ["none", &"A".repeat(80)] {
            let url = format!("https://{B}/shared-session/{name}?{query}");
            assert_eq!(location(&document(&url).send(&bed.nginx)), expected, "{name} {query}");
        }
        let to = format!("to={B}&state={}", attempt.id);
        let pull = format!("https://{A}/shared-session/pull?{to}&{query}");
        let encoded = location(&document(&pull).send(&bed.nginx));
        let encoded = encoded.split("&next=").nth(1).unwrap().to_owned();
        assert_eq!(encoded, attempt.pull.split("&next=").nth(1).unwrap(), "{query}");
    }
}
