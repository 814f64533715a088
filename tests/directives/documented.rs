//! docs/directives.md says what the module has: no directive or variable more or less, where each may
//! stand, how many arguments it takes, and what holds without it.

use std::collections::BTreeSet;
use std::fs;

use harness::{Conf, module, nginx_binary, workspace};

/// One directive as its block describes it.
#[derive(Debug)]
pub(super) struct Documented {
    name: String,
    /// Behind the name, without the semicolon.
    arguments: String,
    pub(super) default: Option<String>,
    contexts: Vec<String>,
}

fn docs() -> String {
    fs::read_to_string(workspace().join("docs/directives.md")).unwrap()
}

pub(super) fn documented() -> Vec<Documented> {
    let docs = docs();
    let sections = docs.split("\n### ").skip(1);
    let all = sections.map(|section| {
        let name = section.lines().next().unwrap();
        let block = section.split("```").nth(1).unwrap_or_else(|| panic!("no block: {name}"));
        // Each field may go on in the next line.
        let field = |from: &str, to: &str| {
            let (_, rest) = block.split_once(from).unwrap_or_else(|| panic!("{name}: no {from}"));
            let (text, _) = rest.split_once(to).unwrap_or_else(|| panic!("{name}: no {to}"));
            text.split_whitespace().collect::<Vec<_>>().join(" ")
        };
        let syntax = field("Syntax:", "\nDefault:");
        let default = field("Default:", "\nContext:");
        let contexts = field("Context:", "\nThis directive appeared in version ");
        let version = field("appeared in version ", ".\n");
        assert!(version.as_str() <= env!("CARGO_PKG_VERSION"), "{name}: {version}");
        let arguments = syntax.strip_prefix(name).and_then(|rest| rest.strip_suffix(';'));
        let default = (default != "-").then_some(default);
        if let Some(statement) = &default {
            assert!(statement.starts_with(&format!("{name} ")) && statement.ends_with(';'));
        }
        Documented {
            name: name.to_owned(),
            arguments: arguments.unwrap_or_else(|| panic!("{syntax}")).trim().to_owned(),
            default,
            contexts: contexts.split(", ").map(str::to_owned).collect(),
        }
    });
    let all: Vec<_> = all.collect();
    let mut sorted: Vec<_> = all.iter().map(|directive| &directive.name).collect();
    sorted.sort();
    assert!(all.iter().map(|directive| &directive.name).eq(sorted), "in alphabetic order");
    all
}

/// What in the module could be a name that nginx knows: C strings that begin so.
fn names_in_the_module() -> BTreeSet<String> {
    const START: &[u8] = b"shared_session";
    let bytes = fs::read(module().unwrap_or_else(nginx_binary)).unwrap();
    let mut names = BTreeSet::new();
    for (at, _) in bytes.windows(START.len()).enumerate().filter(|(_, window)| *window == START) {
        let of_name = |byte: &&u8| byte.is_ascii_lowercase() || **byte == b'_';
        let len = bytes[at..].iter().take_while(of_name).count();
        if bytes.get(at + len) == Some(&0) {
            names.insert(String::from_utf8(bytes[at..at + len].to_vec()).unwrap());
        }
    }
    assert!(names.len() > 20, "{names:?}");
    names
}

/// Those that a configuration, which `conf` makes of each, does not fail for by `unknown`.
fn known(names: &BTreeSet<String>, conf: impl Fn(&str) -> Conf, unknown: &str) -> Vec<String> {
    let is_known = |name: &&String| match conf(name).test() {
        Ok(_) => true,
        Err(printed) => !printed.contains(unknown),
    };
    names.iter().filter(is_known).cloned().collect()
}

#[test]
fn every_directive_of_the_module_is_there_and_no_other() {
    let in_docs: Vec<_> = documented().into_iter().map(|directive| directive.name).collect();
    let all: BTreeSet<_> = names_in_the_module().into_iter().chain(in_docs.clone()).collect();
    let conf = |name: &str| Conf::new("@name@;").set("name", name);
    assert_eq!(in_docs, known(&all, conf, "unknown directive"));
}

#[test]
fn every_variable_of_the_module_is_there_and_no_other() {
    let docs = docs();
    let (_, section) = docs.split_once("\n## Embedded Variables\n").unwrap();
    let terms = section.lines().filter(|line| line.starts_with("`$"));
    let terms = terms.flat_map(|line| line.split(", "));
    let names = terms.map(|term| term.strip_prefix("`$").unwrap().trim_end_matches('`').to_owned());
    let mut in_docs: Vec<_> = names.collect();
    in_docs.sort();
    let all: BTreeSet<_> = names_in_the_module().into_iter().chain(in_docs.clone()).collect();
    let conf = |name: &str| {
        Conf::new("log_format one '$@name@'; access_log logs/one.log one;").set("name", name)
    };
    assert_eq!(in_docs, known(&all, conf, "unknown \""));
    // Nor does the text name one that is not there.
    for at in docs.match_indices("$shared_session_").map(|(at, _)| at) {
        let name = docs[at + 1..].split(|c: char| !c.is_ascii_lowercase() && c != '_').next();
        assert!(in_docs.iter().any(|known| Some(known.as_str()) == name), "{name:?}");
    }
}

/// A value for what a syntax names in capitals.
fn example(placeholder: &str) -> &str {
    match placeholder {
        "NAME" => "sid",
        "NAME:SIZE" => "name:64k",
        "TIME" => "1h",
        "URI" => "/uri?a=b",
        "VALUE" => "$remote_addr",
        "PATH" => "/shared-session/",
        "FILE" => "a.key",
        "TEXT" => "nomodule",
        "SITE" => "a.test",
        "SITE SITE ..." => "a.test b.test:8080",
        "$variable" => "$arg_a",
        literal => literal,
    }
}

impl Documented {
    /// What may stand behind the name: each alternative once, or each parameter.
    fn examples(&self) -> Vec<String> {
        if let Some((name, parameters)) = self.arguments.split_once(" [") {
            let parameters = parameters.trim_end_matches(']').split("] [");
            let parameters = parameters.flat_map(|parameter| {
                let (key, values) = parameter.split_once('=').unwrap();
                values.split('|').map(move |value| {
                    let value = if value == "DOMAIN" { "a.test" } else { example(value) };
                    format!("{key}={}", value.replace("/shared-session/", "/"))
                })
            });
            return parameters.map(|one| format!("{} {one}", example(name))).collect();
        }
        self.arguments.split(" | ").map(|one| example(one).to_owned()).collect()
    }

    fn with(&self, arguments: &str) -> String {
        format!("{} {arguments};", self.name)
    }
}

/// Every block that nginx has for such modules, and some that it has not.
const CONTEXTS: [&str; 9] = [
    "main",
    "events",
    "http",
    "server",
    "location",
    "if in server",
    "if in location",
    "limit_except",
    "upstream",
];

/// A configuration that is good with a good statement in its place.
fn conf(directive: &Documented, statement: &str, context: &str) -> Conf {
    let is_sites = directive.name == "shared_session_sites";
    let sites = if is_sites && ["http", "server"].contains(&context) { "" } else { SITES };
    let prefix = "location ^~ /shared-session/ { shared_session; @prefix-rest@ }";
    let server = |inner: &str| format!("server {{ listen @http@; {sites} {prefix} {inner} }}");
    let is_handler = directive.name == "shared_session";
    let http = match context {
        "main" => return Conf::new(&server("")).main(statement).set("prefix-rest", ""),
        "events" => {
            let conf = Conf::new(&server("")).main(&format!("mail {{ {statement} }}"));
            return conf.set("prefix-rest", "");
        }
        "http" => format!("{statement} {}", server("")),
        "server" => server(statement),
        "location" if is_handler => {
            server("").replace("shared_session; @", &format!("{statement} @"))
        }
        "location" => server(&format!("location /page {{ {statement} }}")),
        "if in server" => server(&format!("if ($arg_a) {{ {statement} }}")),
        "if in location" => server(&format!("location /page {{ if ($arg_a) {{ {statement} }} }}")),
        "limit_except" => {
            server(&format!("location /page {{ limit_except GET {{ {statement} }} }}"))
        }
        "upstream" => format!("upstream u {{ server 127.0.0.1:1; {statement} }} {}", server("")),
        other => panic!("no context {other}"),
    };
    let key = if statement.ends_with("django;") { "shared_session_key_file a.key;" } else { "" };
    Conf::new(&format!("{key} {http}")).set("prefix-rest", "").file("a.key", crate::minted::KEY)
}

const SITES: &str = "shared_session_sites a.test b.test;";

#[test]
fn each_stands_where_its_block_says_and_nowhere_else() {
    for directive in documented() {
        for context in &directive.contexts {
            assert!(CONTEXTS.contains(&context.as_str()), "{}: {context}", directive.name);
        }
        for statement in directive.examples().iter().map(|example| directive.with(example)) {
            for context in CONTEXTS {
                let told = format!("{statement} in {context}");
                let expected = directive.contexts.iter().any(|documented| documented == context);
                match conf(&directive, &statement, context).test() {
                    Ok(_) => assert!(expected, "{told} is accepted"),
                    Err(printed) => {
                        assert!(!expected, "{told}:\n{printed}");
                        let reason =
                            format!("\"{}\" directive is not allowed here", directive.name);
                        let is_unknown = printed.contains("unknown directive \"mail\"");
                        assert!(printed.contains(&reason) || is_unknown, "{told}:\n{printed}");
                    }
                }
            }
        }
    }
}

#[test]
fn each_takes_as_many_arguments_as_its_syntax_shows() {
    for directive in documented() {
        let context = &directive.contexts[0];
        let number = |arguments: &str| {
            let statement = directive.with(arguments);
            let printed = conf(&directive, &statement, context).test();
            let wrong = format!("invalid number of arguments in \"{}\" directive", directive.name);
            printed.is_err_and(|printed| printed.contains(&wrong))
        };
        let one = directive.examples().remove(0);
        if directive.arguments.is_empty() {
            assert!(number("on"), "{}", directive.name);
            continue;
        }
        assert!(number(""), "{}", directive.name);
        let takes_more = directive.arguments.contains("...") || directive.arguments.contains('[');
        assert_eq!(number(&format!("{one} {one}")), !takes_more, "{}", directive.name);
        // What is in no alternative is no value.
        let is_literal = |word: &str| word.bytes().all(|byte| byte.is_ascii_lowercase());
        if directive.arguments.split(" | ").all(is_literal) {
            let statement = directive.with("no-such-value");
            let printed = conf(&directive, &statement, context).test().unwrap_err();
            assert!(printed.contains("\"no-such-value\""), "{printed}");
        }
    }
}
