//! What all contenders share: programs, pages, the upstream.

use std::env;
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use harness::{Django, distribution_module, nginx_binary, workspace};
use tempfile::TempDir;

use crate::client::Client;
use crate::load::Request;
use crate::nginx::{Conf, Nginx};
use crate::page::{self, KB};
use crate::{cases, pin};

/// The pages, by name, and their sizes in bytes.
pub(crate) const PAGES: [(&str, usize); 3] =
    [("2k.html", 2 * KB), ("21k.html", 21 * KB), ("1m.html", 1024 * KB)];

/// Everything that measurements need.
pub(crate) struct World {
    pub(crate) binary: PathBuf,
    pub(crate) module: PathBuf,
    /// The pages as files, for the upstream and for nginx itself.
    pub(crate) pages: TempDir,
    upstream: Nginx,
    package: OnceLock<(Django, Django)>,
    tags: OnceLock<String>,
}

impl World {
    pub(crate) fn new() -> Self {
        let pages = harness_folder();
        for (name, len) in PAGES {
            fs::write(pages.path().join(name), page::html(len, "")).unwrap();
        }
        fs::write(pages.path().join("image.png"), vec![b'x'; 4 * KB]).unwrap();
        let loader = "{% load shared_session %}{% shared_session_loader %}\n";
        for (name, in_head) in [("plain.html", ""), ("tags.html", loader)] {
            fs::write(pages.path().join(name), page::html(21 * KB, in_head)).unwrap();
        }
        let conf = Conf {
            http: "    open_file_cache max=10 inactive=1h;\n    etag off;".to_owned(),
            server: format!("        root {};", pages.path().display()),
            workers: 1,
            ..Conf::default()
        };
        let binary = nginx_binary();
        let upstream = pin::on(Some(pin::OTHERS), || Nginx::start(&binary, &[], &conf));
        let module = env::var_os("TEST_NGINX_MODULE")
            .map_or_else(|| workspace().join("target/release").join(MODULE), PathBuf::from);
        Self {
            binary,
            module: workspace().join(module),
            pages,
            upstream,
            package: OnceLock::new(),
            tags: OnceLock::new(),
        }
    }

    /// The application: a second nginx with the pages.
    pub(crate) fn upstream(&self) -> SocketAddr {
        self.upstream.address()
    }

    /// For `proxy_pass`: the Python package under gunicorn, with one worker on the measured core.
    pub(crate) fn package(&self) -> String {
        let (_, package) = self.package.get_or_init(|| {
            let folder = workspace().join("bench/upstream");
            let templates = self.pages.path().to_str().unwrap();
            let variables = [("BENCH_TEMPLATES", templates)];
            pin::on(Some(pin::MEASURED), || {
                let django = Django::start();
                let package = django.with_package_and("bench_settings", &[&folder], &variables);
                (django, package)
            })
        });
        package.address()
    }

    /// The tags of a page of 21 KB, for others to insert the same bytes.
    pub(crate) fn tags(&self) -> &str {
        self.tags.get_or_init(|| {
            let (conf, request) = cases::page_with_tags(self, "21k.html", 3);
            let nginx = Nginx::start(&self.binary, &[], &conf);
            let body = get(&nginx, &request);
            let page = String::from_utf8(page::html(21 * KB, "")).unwrap();
            let body = String::from_utf8(body).unwrap();
            let (before, after) = page.split_once("</head>").unwrap();
            let tags = body.strip_prefix(before).and_then(|rest| rest.strip_suffix(after));
            let tags = tags.and_then(|rest| rest.strip_suffix("</head>"));
            tags.unwrap_or_else(|| panic!("no tags in the page:\n{body}")).to_owned()
        })
    }

    /// A module of the distribution's.
    pub(crate) fn distribution(name: &str) -> PathBuf {
        distribution_module(name).unwrap_or_else(|| panic!("no {name}: run scripts/setup"))
    }
}

const MODULE: &str = "libngx_http_shared_session_module.so";

fn harness_folder() -> TempDir {
    use std::os::unix::fs::PermissionsExt;
    // nginx's workers may run as another user.
    let readable = fs::Permissions::from_mode(0o755);
    tempfile::Builder::new()
        .prefix("shared-session-bench-")
        .permissions(readable)
        .tempdir()
        .unwrap()
}

fn get(nginx: &Nginx, request: &Request) -> Vec<u8> {
    let mut client = Client::new(nginx.address()).unwrap();
    client.get(&request.path, &request.headers).unwrap().body
}

/// The repository's file of that name.
pub(crate) fn file(name: &str) -> PathBuf {
    Path::new(workspace()).join(name)
}
