//! Random bytes.

use std::cell::RefCell;

use crate::nginx::log::Level;
use crate::nginx::{Request, clock, process};
use zeroize::Zeroize;

/// How many bytes the system is asked for at once: a call for few takes longer than to seal a token.
const AT_ONCE: usize = 512;

thread_local! {
    static STORE: RefCell<Store> = const { RefCell::new(Store::EMPTY) };
}

/// Bytes of the system's that nobody was given yet. Each is given once, and forgotten then.
struct Store {
    bytes: [u8; AT_ONCE],
    left: usize,
    /// The process that asked for them: one that is forked from it must not give them again.
    owner: i32,
    /// When it did, in Unix milliseconds.
    filled_ms: u64,
}

/// Bytes are not kept for longer, in milliseconds: of a machine that is saved and started twice,
/// both copies would give them.
const KEEP_MS: u64 = 1000;

impl Store {
    const EMPTY: Self = Store { bytes: [0; AT_ONCE], left: 0, owner: 0, filled_ms: 0 };

    fn take(&mut self, out: &mut [u8]) -> Result<(), getrandom::Error> {
        let now_ms = clock::now_ms();
        let is_old = now_ms.abs_diff(self.filled_ms) > KEEP_MS;
        if out.len() > self.left || is_old || self.owner != process::id() {
            self.left = 0;
            getrandom::fill(&mut self.bytes)?;
            self.left = AT_ONCE;
            self.owner = process::id();
            self.filled_ms = now_ms;
        }
        let rest = self.left.saturating_sub(out.len());
        let given = &mut self.bytes[rest..self.left];
        out.copy_from_slice(given);
        given.zeroize();
        self.left = rest;
        Ok(())
    }
}

/// Fresh random bytes of the system; `None`, and an error in the log, where it gives none.
pub(crate) fn bytes<const N: usize>(r: Request<'_>) -> Option<[u8; N]> {
    const { assert!(N <= AT_ONCE) };
    let mut random = [0; N];
    let taken = STORE.with(|store| store.try_borrow_mut().ok().map(|mut s| s.take(&mut random)));
    if !matches!(taken, Some(Ok(()))) {
        r.log(Level::Error, format_args!("shared_session: the system gave no random bytes"));
        return None;
    }
    Some(random)
}

/// A token of so many letters and digits, each as likely as any other.
pub(crate) fn alphanumeric<const N: usize>(r: Request<'_>) -> Option<[u8; N]> {
    const ALPHABET: &[u8; 62] = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
    let mut token = [0; N];
    let mut rest = token.iter_mut();
    loop {
        let random: [u8; 64] = bytes(r)?;
        // Four times the alphabet fit into a byte; what is above would make some letters likelier.
        for byte in random.into_iter().filter(|byte| *byte < 248) {
            match rest.next() {
                Some(place) => *place = ALPHABET[usize::from(byte % 62)],
                None => return Some(token),
            }
        }
    }
}
