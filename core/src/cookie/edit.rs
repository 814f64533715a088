//! A request's cookies, rewritten.
use super::{parts, split_pair, trim};
use std::ops::Range;

/// Is the header written as browsers do, with `; ` between its cookies and nothing else around them?
/// Then [`Edit`] would leave each of them as it stands.
pub fn is_usual(header: &[u8]) -> bool {
    let is_other = |byte: Option<&u8>| byte.is_some_and(|byte| !b"; \t".contains(byte));
    is_other(header.first())
        && is_other(header.last())
        && memchr::memchr_iter(b';', header).all(|at| {
            is_other(header.get(at.wrapping_sub(1)))
                && header.get(at + 1) == Some(&b' ')
                && is_other(header.get(at + 2))
        })
}

/// Writes a `Cookie` header without some of its cookies, which stand where
/// [`spans`](super::spans) says, in order, and returns the length; none where `out` is shorter than
/// what is left. The others stay as they stand.
pub fn cut(header: &[u8], gone: &[Range<usize>], out: &mut [u8]) -> Option<usize> {
    let mut line = Line { out, len: 0 };
    let mut from = 0;
    for span in gone {
        // The `;` before a cookie goes with it.
        line.put_rest(header.get(from..span.start.saturating_sub(1).max(from))?)?;
        from = span.end;
    }
    line.put_rest(header.get(from..)?)?;
    Some(line.len)
}

/// A request's `Cookie` headers as one, without some of its cookies and with others at its end.
#[derive(Clone, Copy)]
pub struct Edit<'a, H, W> {
    /// The values of the headers, in order.
    pub headers: H,
    /// Which cookies go, by name.
    pub unwanted: W,
    /// (name, value) pairs to add.
    pub added: &'a [(&'a [u8], &'a [u8])],
}

impl<'h, H, W> Edit<'_, H, W>
where
    H: Iterator<Item = &'h [u8]> + Clone,
    W: Fn(&[u8]) -> bool,
{
    /// A length in bytes that [`write`](Self::write) does not exceed.
    pub fn max_len(&self) -> usize {
        const AROUND: usize = "; =".len();
        // A space may come behind every `;`.
        let spaces = |header| memchr::memchr_iter(b';', header).count();
        let headers = self.headers.clone().map(|header| header.len() + spaces(header) + AROUND);
        let added = self.added.iter().map(|(name, value)| name.len() + value.len() + AROUND);
        headers.sum::<usize>() + added.sum::<usize>()
    }

    /// Writes the header's value and returns its length; none where `out` is too small.
    pub fn write(&self, out: &mut [u8]) -> Option<usize> {
        let mut line = Line { out, len: 0 };
        for header in self.headers.clone() {
            for part in parts(header) {
                let part = trim(part);
                let is_unwanted = split_pair(part).is_some_and(|(name, _)| (self.unwanted)(name));
                if !part.is_empty() && !is_unwanted {
                    line.separate()?;
                    line.put(part)?;
                }
            }
        }
        for (name, value) in self.added {
            line.separate()?;
            line.put(name)?;
            line.put(b"=")?;
            line.put(value)?;
        }
        Some(line.len)
    }
}

/// The header's value, as far as it is written.
struct Line<'o> {
    out: &'o mut [u8],
    len: usize,
}

impl Line<'_> {
    /// Before every part but the first.
    fn separate(&mut self) -> Option<()> {
        if self.len == 0 { Some(()) } else { self.put(b"; ") }
    }

    /// What stood behind what was written or, where nothing was, begins the line.
    fn put_rest(&mut self, mut text: &[u8]) -> Option<()> {
        if self.len == 0 {
            while let [b';' | b' ' | b'\t', rest @ ..] = text {
                text = rest;
            }
        }
        self.put(text)
    }

    fn put(&mut self, text: &[u8]) -> Option<()> {
        self.out.get_mut(self.len..)?.get_mut(..text.len())?.copy_from_slice(text);
        self.len += text.len();
        Some(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;
    use crate::cookie::{Found, find, pairs, spans};
    use proptest::prelude::*;

    fn edited(headers: &[&[u8]], unwanted: &[&[u8]], added: &[(&[u8], &[u8])]) -> Vec<u8> {
        let unwanted = |name: &[u8]| unwanted.contains(&name);
        let edit = Edit { headers: headers.iter().copied(), unwanted, added };
        let mut out = vec![0; edit.max_len()];
        let len = edit.write(&mut out).unwrap();
        out.truncate(len);
        if let Some((_, short)) = out.clone().split_last_mut() {
            assert_eq!(edit.write(short), None);
        }
        out
    }

    #[test]
    fn cookies_go_and_come() {
        let headers = [&b"a=1;b=2 ;; c"[..], b"b=3; d=4=5"];
        assert_eq!(edited(&headers, &[], &[]), b"a=1; b=2; c; b=3; d=4=5");
        assert_eq!(edited(&headers, &[b"b"], &[(b"b", b"x")]), b"a=1; c; d=4=5; b=x");
        assert_eq!(edited(&[b" b=1 "], &[b"b"], &[]), b"");
        assert_eq!(edited(&[], &[], &[(b"b", b"x"), (b"c", b"y")]), b"b=x; c=y");
        assert_eq!(edited(&[b"c"], &[b"c"], &[]), b"c", "not a cookie that has that name");
    }

    fn without(header: &[u8], name: &[u8]) -> Vec<u8> {
        let gone = spans(header).filter(|(_, (other, _))| *other == name);
        let gone: Vec<_> = gone.map(|(span, _)| span).collect();
        let mut out = vec![0; header.len()];
        let len = cut(header, &gone, &mut out).unwrap();
        out.truncate(len);
        if let Some((_, short)) = out.clone().split_last_mut() {
            assert_eq!(cut(header, &gone, short), None);
        }
        out
    }

    #[test]
    fn cookies_are_cut_out() {
        for (header, left) in [
            ("b=1", ""),
            ("b=1; b=2", ""),
            (" b=1 ; ", ""),
            ("b=1; a=1", "a=1"),
            ("a=1; b=1", "a=1"),
            ("a=1; b=1; c=1", "a=1; c=1"),
            ("a=1;b=1;b=2; c=1", "a=1; c=1"),
            ("b=1; a=1; b=2; c=1; b=3", "a=1; c=1"),
            ("a=1 ;; c; b=1", "a=1 ;; c"),
            ("a=1; b", "a=1; b"),
        ] {
            assert_eq!(without(header.as_bytes(), b"b").escape_ascii().to_string(), left);
        }
    }

    #[test]
    fn what_browsers_write_is_usual() {
        for header in ["a", "a=1", "a=1; b=2; c", "=", "a=x y; b=2"] {
            assert!(is_usual(header.as_bytes()), "{header:?}");
        }
        for header in
            ["", ";", " a=1", "a=1 ", "a=1;", "a=1;b=2", "a=1;  b=2", "a=1 ; b=2", "a=1; ; b=2"]
        {
            assert!(!is_usual(header.as_bytes()), "{header:?}");
        }
    }

    proptest! {
        #[test]
        fn what_is_usual_is_edited_as_it_is_cut(header in "[ab]=?[xy]?((; |[; ])[ab]=?[xy]?){0,4}") {
            let header = header.as_bytes();
            if is_usual(header) {
                let left = without(header, b"b");
                prop_assert_eq!(left, edited(&[header], &[b"b"], &[]));
            }
        }

        #[test]
        fn what_is_cut_out_is_gone_and_the_rest_stays(header in "([abc]?=?[xy ;=\t]{0,4}){0,6}") {
            let header = header.as_bytes();
            let left = without(header, b"b");
            let others: Vec<_> = pairs(header).filter(|(name, _)| *name != b"b").collect();
            prop_assert_eq!(pairs(&left).collect::<Vec<_>>(), others);
            for (span, pair) in spans(header) {
                prop_assert_eq!(pairs(&header[span]).collect::<Vec<_>>(), [pair]);
            }
        }

        #[test]
        fn what_is_not_touched_is_found_as_before(
            headers in prop::collection::vec("[ab]?=?[xy ;=]{0,6}[ab]=[xy]{0,3}", 0..4),
        ) {
            let headers: Vec<&[u8]> = headers.iter().map(String::as_bytes).collect();
            let out = edited(&headers, &[b"a"], &[(b"n", b"1")]);
            let again = |name: &[u8]| format!("{:?}", find([&out[..]], name));
            prop_assert_eq!(find([&out[..]], b"a"), Found::None);
            prop_assert_eq!(find([&out[..]], b"n"), Found::One(b"1"));
            let before = find(headers.iter().copied(), b"b");
            prop_assert_eq!(again(b"b"), format!("{before:?}"));
        }
    }
}
