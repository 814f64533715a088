//! What must not stand in any log: session values, tokens and keys, gathered as they pass by.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use aho_corasick::AhoCorasick;

/// Shorter values could stand in a log by chance.
const MIN_VALUE: usize = 7;
/// Fewest characters of a token.
const MIN_TOKEN: usize = 60;

/// The secrets of one nginx, or of several.
#[derive(Debug, Default)]
pub struct Secrets(Mutex<BTreeSet<Vec<u8>>>);

impl Secrets {
    /// Takes the session values and tokens out of a message's head and body, or a part of one.
    pub fn note_message(&self, message: &[u8]) {
        for (at, _) in message.windows(10).enumerate().filter(|(_, w)| w == b"sessionid=") {
            let value = message[at + 10..].split(|byte| b";\r\n\" ".contains(byte)).next();
            self.note(value.unwrap_or_default());
        }
        let is_of_token = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
        for run in message.split(|&byte| !is_of_token(byte)) {
            if (MIN_TOKEN..=6000).contains(&run.len()) && !is_constant(run) {
                // A part of it would be as bad. It begins with the key's id, which is no secret.
                self.note(&run[20..40]);
                self.note(&run[run.len() - 20..]);
            }
        }
    }

    /// Takes the keys in `*.key` files beside the configuration, in each of their spellings.
    pub(crate) fn note_keys(&self, conf: &Path) {
        for entry in fs::read_dir(conf).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.extension().is_none_or(|extension| extension != "key") {
                continue;
            }
            self.note_key(&fs::read(&path).unwrap_or_default());
        }
    }

    /// Takes a key, as its file holds it, in each of its spellings.
    pub fn note_key(&self, contents: &[u8]) {
        self.note(contents.trim_ascii());
        let hex = contents.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        self.note(hex.as_bytes());
        self.note(hex.to_uppercase().as_bytes());
    }

    fn note(&self, secret: &[u8]) {
        if secret.len() >= MIN_VALUE && !is_constant(secret) {
            self.set().insert(secret.to_vec());
        }
    }

    /// Lets nginx itself show `secret`.
    pub(crate) fn forget(&self, secret: &[u8]) {
        self.set().retain(|known| !secret.windows(known.len()).any(|part| part == known));
    }

    /// The lines of `log` that show one; nginx's own debug lines may, and what it says at info, in
    /// HTTP/3 also at error, of a request that it refuses while it reads it, where no module has a
    /// say yet.
    pub fn shown_in(&self, log: &[u8]) -> Vec<String> {
        let set = self.set();
        let finder = AhoCorasick::new(set.iter()).expect("a searcher");
        let holds = |line: &[u8], text: &[u8]| line.windows(text.len()).any(|part| part == text);
        let is_nginxs_own = |line: &[u8]| {
            // HTTP/2 and HTTP/3 have no line.
            let is_unread = [" line,", " headers,", ","]
                .map(|part| format!(" while reading client request{part}"))
                .iter()
                .any(|action| holds(line, action.as_bytes()));
            let is_http3 = holds(line, b" HTTP/3.0\"");
            holds(line, b" [debug] ")
                || (is_unread
                    && (holds(line, b" [info] ") || is_http3 && holds(line, b" [error] ")))
        };
        log.split(|&byte| byte == b'\n')
            .filter(|line| finder.is_match(line) && !is_nginxs_own(line))
            .map(|line| String::from_utf8_lossy(line).into_owned())
            .collect()
    }

    fn set(&self) -> std::sync::MutexGuard<'_, BTreeSet<Vec<u8>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Padding of a test's, not a secret.
fn is_constant(bytes: &[u8]) -> bool {
    bytes.windows(2).all(|pair| pair[0] == pair[1])
}
