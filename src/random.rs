//! Random bytes.

use crate::nginx::Request;
use crate::nginx::log::Level;

/// Fresh random bytes of the system; `None`, and an error in the log, where it gives none.
pub(crate) fn bytes<const N: usize>(r: Request<'_>) -> Option<[u8; N]> {
    let mut random = [0; N];
    if getrandom::fill(&mut random).is_err() {
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
