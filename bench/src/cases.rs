//! What is compared with what.

use crate::client::Answer;
use crate::load::Request;
use crate::nginx::Conf;
use crate::tokens::{KEY, SESSION, Token, stamp};
use crate::world::World;

/// What is measured beside others.
pub(crate) struct Contender {
    pub(crate) name: &'static str,
    pub(crate) conf: Conf,
    pub(crate) request: Request,
    /// What stands for `@` in the request's path.
    pub(crate) token: Option<Token>,
    /// Whether an answer is what it must be.
    pub(crate) is_right: fn(&Answer) -> bool,
}

/// Contenders; the others are compared with the first.
pub(crate) struct Case {
    pub(crate) title: &'static str,
    pub(crate) contenders: Vec<Contender>,
}

/// The site whose pages are asked for, and the one that deliveries go to.
pub(crate) const SOURCE: &str = "www.example.com";
pub(crate) const DESTINATION: &str = "www.example.org";
const SITES: [&str; 3] = [SOURCE, DESTINATION, "www.example.net"];

/// What a browser sends with a navigation, beside `Host` and `Cookie`.
const NAVIGATION: [&str; 9] = [
    "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36",
    "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8",
    "Accept-Encoding: gzip, deflate",
    "Accept-Language: en-GB,en;q=0.9",
    "Upgrade-Insecure-Requests: 1",
    "Sec-Fetch-Dest: document",
    "Sec-Fetch-Mode: navigate",
    "Sec-Fetch-Site: none",
    "Sec-Fetch-User: ?1",
];

fn headers(host: &str, more: &[&str], cookie: Option<String>) -> Vec<String> {
    let mut headers = vec![format!("Host: {host}")];
    headers.extend(more.iter().map(|line| (*line).to_owned()));
    headers.extend(cookie.map(|cookie| format!("Cookie: {cookie}")));
    headers
}

/// The visitor's other cookies, of which every site has some.
const OTHER_COOKIES: &str = "theme=dark; _ga=GA1.1.1234567890.1234567890; consent=yes";

/// Which cookies a visitor brings.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Visitor {
    Nobody,
    /// A session that is older than the module.
    WithSession,
    WithSessionAndStamp,
}

/// A visit to a page; `riders`: so many cookies ride along.
pub(crate) fn visit(page: &str, visitor: Visitor, riders: usize) -> Request {
    let mut cookie = OTHER_COOKIES.to_owned();
    if visitor != Visitor::Nobody {
        cookie += &format!("; sessionid={SESSION}");
    }
    for n in 0..riders {
        cookie += &format!("; rider{n}=0123456789abcdef");
    }
    if visitor == Visitor::WithSessionAndStamp {
        cookie += &format!("; sessionid_stamp={}", stamp(SOURCE));
    }
    let path = format!("/{page}");
    Request { path, headers: headers(SOURCE, &NAVIGATION, Some(cookie)) }
}

/// A script of another site's page.
fn script(host: &str, path: &str) -> Request {
    let (origin, referer) =
        (format!("Origin: http://{SOURCE}"), format!("Referer: http://{SOURCE}/"));
    let fetch = ["Accept: */*", "Sec-Fetch-Dest: script", "Sec-Fetch-Mode: cors"];
    let more = [NAVIGATION[0], NAVIGATION[2], NAVIGATION[3], &origin, &referer];
    let path = path.to_owned();
    Request { path, headers: headers(host, &[&more[..], &fetch].concat(), None) }
}

/// Towards the upstream.
fn proxy(world: &World) -> String {
    format!(
        "    upstream application {{
        server {};
        keepalive 64;
        keepalive_requests 1000000000;
    }}
    proxy_http_version 1.1;
    proxy_set_header Connection \"\";
    proxy_set_header Host $http_host;",
        world.upstream()
    )
}

fn proxied(world: &World, inside: &str) -> Conf {
    let server = format!("        location / {{ {inside} proxy_pass http://application; }}");
    Conf { http: proxy(world), server, workers: 1, ..Conf::default() }
}

/// There is room for what some seconds bring: some 900,000 tokens.
pub(crate) const ZONE: &str = "16m";
/// And for millions.
pub(crate) const LARGE_ZONE: &str = "128m";

/// With the module: so many sites, `inside` the location of its pages, `more` in the server.
pub(crate) fn module(world: &World, sites: usize, inside: &str, more: &str) -> Conf {
    let others = (SITES.len()..sites).map(|n| format!("www.site-{n}.example"));
    let sites: Vec<_> = SITES.iter().map(|s| (*s).to_owned()).chain(others).take(sites).collect();
    let plain = proxied(world, inside);
    Conf {
        modules: vec![world.module.clone()],
        http: format!(
            "{}
    shared_session_sites {};
    shared_session_key_file key;
    shared_session_zone bench:{ZONE};",
            plain.http,
            sites.join(" ")
        ),
        server: format!(
            "{}
        location ^~ /shared-session/ {{ shared_session; shared_session_timeout 1h; }}
        {more}",
            plain.server
        ),
        files: vec![("key", KEY.to_vec())],
        ..plain
    }
}

const LOADER: &str = "shared_session_loader on;";

/// The page that this is about, with tags for all of so many sites but its own.
pub(crate) fn page_with_tags(world: &World, page: &str, sites: usize) -> (Conf, Request) {
    (module(world, sites, LOADER, ""), visit(page, Visitor::WithSessionAndStamp, 0))
}

fn is_page(answer: &Answer) -> bool {
    answer.head.starts_with("HTTP/1.1 200 ") && tags(answer) == 0
}

fn has_two_tags(answer: &Answer) -> bool {
    answer.head.starts_with("HTTP/1.1 200 ") && tags(answer) == 2
}

/// How many loader tags stand before `</head>`.
pub(crate) fn tags(answer: &Answer) -> usize {
    let text = String::from_utf8_lossy(&answer.body);
    let head = text.split("</head>").next().unwrap_or_default();
    head.matches(".js\" async crossorigin=\"use-credentials\"></script>").count()
}

fn unfiltered(conf: Conf, page: &str) -> Contender {
    let request = visit(page, Visitor::WithSessionAndStamp, 0);
    Contender { name: "unfiltered", conf, request, token: None, is_right: is_page }
}

fn two_tags(conf: Conf, page: &str) -> Contender {
    let request = visit(page, Visitor::WithSessionAndStamp, 0);
    Contender { name: "two tags", conf, request, token: None, is_right: has_two_tags }
}

/// The same of a visitor without a session: fewer cookies to read and to pass on.
fn unfiltered_no_session(conf: Conf, page: &str) -> Contender {
    let name = "unfiltered, no session";
    Contender { name, ..no_session(conf, page) }
}

fn no_session(conf: Conf, page: &str) -> Contender {
    let request = visit(page, Visitor::Nobody, 0);
    Contender { name: "no session", conf, request, token: None, is_right: is_page }
}

/// nginx's own filter, inserting the same bytes.
fn sub_filter(world: &World, plain: Conf, page: &str) -> Contender {
    let directive = format!("sub_filter '</head>' '{}</head>';", world.tags());
    let server = plain.server.replace("location / {", &format!("location / {{ {directive}"));
    let name = "`sub_filter`, the same bytes";
    Contender { name, conf: Conf { server, ..plain }, ..two_tags(Conf::default(), page) }
}

fn njs(world: &World, page: &str) -> Contender {
    let script = include_str!("insert.js").replace("@tags@", world.tags());
    let mut conf = proxied(world, "js_header_filter insert.header; js_body_filter insert.body;");
    conf.modules = vec![World::distribution("ngx_http_js_module")];
    conf.http += "\n    js_import insert from insert.js;";
    conf.files = vec![("insert.js", script.into_bytes())];
    Contender { name: "njs, the same bytes", ..two_tags(conf, page) }
}

fn lua(world: &World, page: &str) -> Contender {
    let script = include_str!("insert.lua").replace("@tags@", world.tags());
    let filters = "header_filter_by_lua_block { ngx.header.content_length = nil }
            body_filter_by_lua_file insert.lua;";
    let mut conf = proxied(world, filters);
    conf.modules = ["ndk_http_module", "ngx_http_lua_module"].map(World::distribution).to_vec();
    conf.files = vec![("insert.lua", script.into_bytes())];
    Contender { name: "Lua, the same bytes", ..two_tags(conf, page) }
}

/// A page of the upstream's, with all contenders or only nginx's own.
pub(crate) fn page(world: &World, title: &'static str, name: &'static str, all: bool) -> Case {
    let plain = proxied(world, "");
    let ours = module(world, 3, LOADER, "");
    let mut contenders = vec![
        unfiltered(plain.clone(), name),
        unfiltered_no_session(plain.clone(), name),
        no_session(ours.clone(), name),
        two_tags(ours.clone(), name),
        sub_filter(world, plain, name),
    ];
    if all {
        let request = visit(name, Visitor::WithSession, 0);
        let first = two_tags(ours, name);
        contenders.insert(4, Contender { name: "two tags and a new stamp", request, ..first });
        contenders.extend([njs(world, name), lua(world, name)]);
    }
    Case { title, contenders }
}

/// The page of 21 KB without what the distribution packages: for another nginx than its own.
pub(crate) fn pages_without_packages(world: &World) -> Case {
    page(world, "Proxied page of 21 KB", "21k.html", false)
}

/// Files of nginx's own.
pub(crate) fn files(world: &World) -> [Case; 2] {
    let root = format!("        root {};", world.pages.path().display());
    let plain =
        Conf { server: format!("{root}\n        location / {{ }}"), workers: 1, ..Conf::default() };
    let mut ours = module(world, 3, LOADER, "");
    ours.server = ours.server.replace("proxy_pass http://application;", "");
    ours.server += &format!("\n{root}");
    let page = "21k.html";
    let with = |image: Contender| Contender { is_right: is_page, ..image };
    let image = "image.png";
    let contenders = vec![
        unfiltered(plain.clone(), page),
        unfiltered_no_session(plain.clone(), page),
        no_session(ours.clone(), page),
        two_tags(ours.clone(), page),
        sub_filter(world, plain.clone(), page),
    ];
    let images = vec![
        unfiltered(plain, image),
        with(Contender { name: "with a session", ..two_tags(ours, image) }),
    ];
    [
        Case { title: "Static page of 21 KB, a file", contenders },
        Case { title: "Static image of 4 KB, where the loader is on", contenders: images },
    ]
}

/// Deliveries, beside an answer that is always the same.
pub(crate) fn deliveries(world: &World, zone: &str) -> Case {
    let constant = format!(
        "        location / {{
            default_type text/javascript;
            add_header Set-Cookie \"sessionid={SESSION}; Path=/; HttpOnly\";
            return 200;
        }}"
    );
    let constant = Conf { server: constant, workers: 1, ..Conf::default() };
    let mut set = module(world, 3, LOADER, "shared_session_push set;");
    set.http = set.http.replace(&format!("bench:{ZONE}"), &format!("bench:{zone}"));
    let mut park = set.clone();
    park.http += "\n    shared_session_cookie sessionid secure=on;";
    park.server = park.server.replace("push set", "push park");
    let request = script(DESTINATION, "/shared-session/@.js");
    let good = Some(Token::Good);
    let sets = |answer: &Answer| answer.head.contains("\r\nSet-Cookie: sessionid=abc");
    let parks = |answer: &Answer| answer.head.contains("\r\nSet-Cookie: __Host-sessionid_parked=");
    let refuses = |answer: &Answer| {
        answer.head.starts_with("HTTP/1.1 200 ") && !answer.head.contains("Set-Cookie")
    };
    let with = |name, conf: &Conf, token, is_right| {
        let (conf, request) = (conf.clone(), request.clone());
        Contender { name, conf, request, token, is_right }
    };
    Case {
        title: "Delivery",
        contenders: vec![
            with("`return 200` with a constant `Set-Cookie`", &constant, good, sets),
            with("`delivered`", &set, good, sets),
            with("`parked`", &park, good, parks),
            with("`expired`", &set, Some(Token::Expired), refuses),
            with("`forged`", &set, Some(Token::Forged), refuses),
        ],
    }
}

/// The title of [`package`].
pub(crate) const PACKAGE: &str = "The Python package under gunicorn";

/// The Python package.
pub(crate) fn package(world: &World) -> Case {
    let server = format!(
        "        location / {{ proxy_pass http://{}; proxy_set_header Host $http_host; }}",
        world.package()
    );
    let conf = Conf { server, workers: 1, ..Conf::default() };
    let page = |name, path: &str, is_right| {
        let request = visit(path, Visitor::WithSession, 0);
        Contender { name, conf: conf.clone(), request, token: None, is_right }
    };
    let has_tags = |answer: &Answer| {
        let text = String::from_utf8_lossy(&answer.body);
        text.matches(".js\" async></script>").count() == 2
    };
    let sets = |answer: &Answer| answer.head.contains("\r\nSet-Cookie: sessionid=abc");
    let delivery = Contender {
        name: "delivery",
        conf: conf.clone(),
        request: script(DESTINATION, "/shared-session/@.js"),
        token: Some(Token::Package),
        is_right: sets,
    };
    Case {
        title: PACKAGE,
        contenders: vec![
            page("the page, 21 KB, without its tag", "plain", is_page),
            page("the page with its tag", "tags", has_tags),
            delivery,
        ],
    }
}

/// How it grows.
pub(crate) fn growth(world: &World) -> Case {
    let page = "21k.html";
    let mut contenders = vec![unfiltered(proxied(world, ""), page)];
    for (name, sites) in [("2 sites, one tag", 2), ("10 sites", 10), ("50 sites", 50)] {
        let (conf, request) = page_with_tags(world, page, sites);
        let is_right = |answer: &Answer| [1, 9, 49].contains(&tags(answer));
        contenders.push(Contender { name, conf, request, token: None, is_right });
    }
    let mut riders = module(world, 3, LOADER, "");
    riders.http += "\n    shared_session_cookie sessionid;";
    for n in 0..4 {
        riders.http += &format!("\n    shared_session_cookie rider{n};");
    }
    let with = two_tags(riders, page);
    let request = visit(page, Visitor::WithSessionAndStamp, 4);
    contenders.push(Contender { name: "3 sites, 5 cookies", request, ..with });
    Case { title: "More sites, more cookies", contenders }
}

/// With two workers, on whatever core.
pub(crate) fn workers(world: &World) -> Case {
    let page = "21k.html";
    let (conf, _) = page_with_tags(world, page, 3);
    let two = |conf| Conf { workers: 2, ..conf };
    Case {
        title: "Two workers, that share two cores with the load",
        contenders: vec![unfiltered(two(proxied(world, "")), page), two_tags(two(conf), page)],
    }
}
