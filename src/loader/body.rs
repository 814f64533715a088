//! The body filter: passes the page on as it comes, and the tags where they belong.

use shared_session_core::html::{MAX_HELD, Scan, Scanner};

use crate::nginx::chain::{Buf, Chain, Output};
use crate::nginx::request::Rc;
use crate::nginx::{NoMemory, Request};

/// Tags that wait for their place.
pub(crate) struct Insertion<'r> {
    tags: &'r [u8],
    scanner: Scanner,
    /// The end of what was seen so far, where it may be the beginning of the place.
    held: [u8; MAX_HELD],
    held_len: usize,
}

impl<'r> Insertion<'r> {
    pub(crate) fn new(tags: &'r [u8]) -> Self {
        Insertion { tags, scanner: Scanner::new(), held: [0; MAX_HELD], held_len: 0 }
    }

    /// Lets go of the first `n` held bytes.
    fn release(&mut self, n: usize, out: &mut Output<'r>) -> Result<(), NoMemory> {
        out.push_copy(&self.held[..n])?;
        self.held.copy_within(n..self.held_len, 0);
        self.held_len -= n;
        Ok(())
    }

    /// Holds `data` back, behind what is held already.
    fn hold(&mut self, data: &[u8]) {
        let end = (self.held_len + data.len()).min(MAX_HELD);
        let take = end - self.held_len;
        self.held[self.held_len..end].copy_from_slice(&data[..take]);
        self.held_len = end;
    }

    /// One buffer. `true`: the tags are in, the rest needs no look.
    fn pass(&mut self, buf: Buf<'r>, out: &mut Output<'r>) -> Result<bool, NoMemory> {
        let Some(data) = buf.data() else {
            if !buf.is_last() {
                if buf.is_in_file() {
                    // The copy filter reads files for this one. Should one come all the same, its
                    // bytes are not looked at, and those held back go first.
                    self.release(self.held_len, out)?;
                    self.scanner = Scanner::new();
                }
                out.push(buf)?;
                return Ok(false);
            }
            // What is held is a tag that the page broke off: a browser drops it, and would drop with
            // it what came behind.
            out.push_bytes(self.tags)?;
            self.release(self.held_len, out)?;
            out.push(buf)?;
            return Ok(true);
        };
        match self.scanner.feed(data) {
            Scan::Found(at) => {
                match usize::try_from(at) {
                    Ok(at) => {
                        self.release(self.held_len, out)?;
                        out.push_bytes(&data[..at])?;
                        buf.skip(at);
                    }
                    Err(_) => {
                        // The place began in an earlier buffer, with bytes that were held back.
                        self.release(self.held_len.saturating_sub(at.unsigned_abs()), out)?;
                    }
                }
                out.push_bytes(self.tags)?;
                self.release(self.held_len, out)?;
                out.push(buf)?;
                Ok(true)
            }
            Scan::Hold(n) => {
                let kept = n.saturating_sub(data.len());
                self.release(self.held_len.saturating_sub(kept), out)?;
                let from_here = n.min(data.len());
                self.hold(&data[data.len() - from_here..]);
                buf.cut(from_here);
                let is_last = buf.is_last();
                if is_last {
                    buf.clear_last();
                }
                out.push(buf)?;
                if is_last {
                    out.push_bytes(self.tags)?;
                    self.release(self.held_len, out)?;
                    out.end();
                }
                Ok(is_last)
            }
        }
    }
}

/// `None`: the body passes as it is.
pub(crate) fn body_filter<'r>(r: Request<'r>, chain: Chain<'r>) -> Option<Result<Rc, NoMemory>> {
    if !r.is_main() {
        return None;
    }
    let context = r.context()?;
    let mut waiting = context.insertion.try_borrow_mut().ok()?;
    let insertion = waiting.as_mut()?;

    let mut out = Output::new(r, &context.chains);
    let mut inserted = false;
    for buf in chain.bufs() {
        let passed =
            if inserted { out.push(buf).map(|()| true) } else { insertion.pass(buf, &mut out) };
        match passed {
            Ok(done) => inserted = done,
            Err(error) => return Some(Err(error)),
        }
    }
    if inserted {
        *waiting = None;
    }
    drop(waiting);
    Some(Ok(out.send(r, chain)))
}
