//! Extra attributes of the tags: `shared_session_script_attributes`.
use crate::shown::shown;
use std::io::Write;

/// One extra attribute. Its value is text, not HTML, and may hold nginx variables; since they are
/// evaluated per request and what comes out is escaped, they cannot break out of the tag.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attribute {
    /// The name, as written.
    pub name: String,
    /// The value; none where only the name was written.
    pub value: Option<Vec<u8>>,
}

/// What is wrong with the attributes. The messages name them and what is expected.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AttributeError {
    /// Something stands where a name should.
    #[error("bad attribute name at \"{0}\": expected a letter, then letters, digits and _:.-")]
    Name(String),
    /// The tag has this one itself, or it would run code.
    #[error(
        "attribute \"{0}\" is not allowed: expected none of src, async, defer, crossorigin, type and on..."
    )]
    Refused(String),
    /// The attribute was there before.
    #[error("repeated attribute \"{0}\": expected each once")]
    Repeated(String),
    /// A quote is not closed.
    #[error("value of attribute \"{0}\": expected a closing quote")]
    Unclosed(String),
    /// No value, or one with characters that need quotes.
    #[error("value of attribute \"{0}\": expected one in quotes, or without spaces and \"'<>=`")]
    Value(String),
    /// Two attributes without a space between them.
    #[error("after attribute \"{0}\": expected a space")]
    Space(String),
}

/// Parses `name`, `name=value`, `name="value"` and `name='value'` with spaces between them.
///
/// # Errors
/// [`AttributeError`] for the first mistake.
pub fn parse_attributes(text: &[u8]) -> Result<Vec<Attribute>, AttributeError> {
    let mut found: Vec<Attribute> = Vec::new();
    let mut rest = text.trim_ascii_start();
    while !rest.is_empty() {
        let (name, after) = take_name(rest)?;
        if is_refused(&name) {
            return Err(AttributeError::Refused(name));
        }
        if found.iter().any(|other| other.name.eq_ignore_ascii_case(&name)) {
            return Err(AttributeError::Repeated(name));
        }
        let (value, after) = match after.strip_prefix(b"=") {
            None => (None, after),
            Some(after) => {
                let (value, after) = take_value(after, &name)?;
                (Some(value.to_vec()), after)
            }
        };
        rest = after.trim_ascii_start();
        if rest.len() == after.len() && !rest.is_empty() {
            return Err(AttributeError::Space(name));
        }
        found.push(Attribute { name, value });
    }
    Ok(found)
}

fn take_name(text: &[u8]) -> Result<(String, &[u8]), AttributeError> {
    let is_part = |b: &u8| b.is_ascii_alphanumeric() || b"_:.-".contains(b);
    let len = text.iter().position(|byte| !is_part(byte)).unwrap_or(text.len());
    let (name, rest) = text.split_at(len);
    if !name.first().is_some_and(u8::is_ascii_alphabetic) {
        return Err(AttributeError::Name(shown(text)));
    }
    Ok((shown(name), rest))
}

/// A value in double quotes, in single quotes or bare.
fn take_value<'a>(text: &'a [u8], name: &str) -> Result<(&'a [u8], &'a [u8]), AttributeError> {
    if let [quote @ (b'"' | b'\''), rest @ ..] = text {
        let end = memchr::memchr(*quote, rest);
        let end = end.ok_or_else(|| AttributeError::Unclosed(name.to_owned()))?;
        return Ok((&rest[..end], &rest[end + 1..]));
    }
    let end = text.iter().position(u8::is_ascii_whitespace).unwrap_or(text.len());
    let (value, rest) = text.split_at(end);
    if value.is_empty() || value.iter().any(|byte| b"\"'<>=`".contains(byte)) {
        return Err(AttributeError::Value(name.to_owned()));
    }
    Ok((value, rest))
}

fn is_refused(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    matches!(&*name, "src" | "async" | "defer" | "crossorigin" | "type") || name.starts_with("on")
}

/// What stands for a byte in a quoted value. Control characters, which HTML has no use for here,
/// are dropped.
fn escaped(byte: &u8) -> &[u8] {
    match byte {
        b'&' => b"&amp;",
        b'"' => b"&quot;",
        b'\'' => b"&#39;",
        b'<' => b"&lt;",
        b'>' => b"&gt;",
        byte if byte.is_ascii_control() => b"",
        byte => std::slice::from_ref(byte),
    }
}

/// The length in bytes of what [`render_attributes`] writes.
pub fn attributes_len<'a>(pairs: impl Iterator<Item = (&'a str, Option<&'a [u8]>)>) -> usize {
    let value_len = |value: &[u8]| 3 + value.iter().map(|byte| escaped(byte).len()).sum::<usize>();
    pairs.map(|(name, value)| 1 + name.len() + value.map_or(0, value_len)).sum()
}

/// Writes ` name` or ` name="value"` for each pair, values escaped, and returns the length in
/// bytes. None where `out` is too small.
pub fn render_attributes<'a>(
    pairs: impl Iterator<Item = (&'a str, Option<&'a [u8]>)>,
    out: &mut [u8],
) -> Option<usize> {
    let capacity = out.len();
    let mut rest = out;
    for (name, value) in pairs {
        write!(rest, " {name}").ok()?;
        if let Some(value) = value {
            rest.write_all(b"=\"").ok()?;
            for byte in value {
                rest.write_all(escaped(byte)).ok()?;
            }
            rest.write_all(b"\"").ok()?;
        }
    }
    Some(capacity - rest.len())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;
    use proptest::prelude::*;

    fn parse(text: &str) -> Result<Vec<(String, Option<String>)>, AttributeError> {
        let pair = |a: Attribute| (a.name, a.value.map(|v| String::from_utf8(v).unwrap()));
        Ok(parse_attributes(text.as_bytes())?.into_iter().map(pair).collect())
    }

    fn rendered(pairs: &[(&str, Option<&[u8]>)]) -> String {
        let len = attributes_len(pairs.iter().copied());
        let mut out = vec![0; len];
        assert_eq!(render_attributes(pairs.iter().copied(), &mut out), Some(len));
        if len > 0 {
            assert_eq!(render_attributes(pairs.iter().copied(), &mut vec![0; len - 1]), None);
        }
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn names_and_values_in_all_quotes() {
        let text = " nonce=\"$csp nonce\"\tdata-a='x\"y' b=${z}/? nomodule\nc='' xml:d_.e=1 ";
        let expected = [
            ("nonce", Some("$csp nonce")),
            ("data-a", Some("x\"y")),
            ("b", Some("${z}/?")),
            ("nomodule", None),
            ("c", Some("")),
            ("xml:d_.e", Some("1")),
        ];
        let expected = expected.map(|(name, value)| (name.to_owned(), value.map(str::to_owned)));
        assert_eq!(parse(text), Ok(expected.to_vec()));
        assert_eq!(parse(""), Ok(vec![]));
        assert_eq!(parse(" \n"), Ok(vec![]));
    }

    #[test]
    fn each_mistake_has_its_error() {
        type Variant = fn(String) -> AttributeError;
        let cases: [(&str, &str, Variant); 24] = [
            ("=x", "=x", AttributeError::Name),
            ("a 1b=x", "1b=x", AttributeError::Name),
            ("$name=x", "$name=x", AttributeError::Name),
            ("><script>", "><script>", AttributeError::Name),
            ("a/", "a", AttributeError::Space),
            ("a>", "a", AttributeError::Space),
            ("a=\"x\"b", "a", AttributeError::Space),
            ("a='x'>", "a", AttributeError::Space),
            ("a=\"x", "a", AttributeError::Unclosed),
            ("a='x\"", "a", AttributeError::Unclosed),
            ("a=", "a", AttributeError::Value),
            ("a= b", "a", AttributeError::Value),
            ("a=x\"y", "a", AttributeError::Value),
            ("a=x><", "a", AttributeError::Value),
            ("a=b=c", "a", AttributeError::Value),
            ("a a", "a", AttributeError::Repeated),
            ("a=1 A=2", "A", AttributeError::Repeated),
            ("src=x", "src", AttributeError::Refused),
            ("ASYNC", "ASYNC", AttributeError::Refused),
            ("defer", "defer", AttributeError::Refused),
            ("crossorigin", "crossorigin", AttributeError::Refused),
            ("type=module", "type", AttributeError::Refused),
            ("onload=x", "onload", AttributeError::Refused),
            ("OnError=x", "OnError", AttributeError::Refused),
        ];
        for (text, value, variant) in cases {
            let error = parse(text).unwrap_err();
            assert_eq!(error, variant(value.to_owned()), "{text}");
            assert!(error.to_string().contains(&format!("\"{value}\"")), "{error}");
        }
    }

    #[test]
    fn values_are_escaped() {
        assert_eq!(rendered(&[]), "");
        assert_eq!(
            rendered(&[("a", None), ("b", Some(b"")), ("c", Some(b"x y"))]),
            " a b=\"\" c=\"x y\""
        );
        assert_eq!(
            rendered(&[("a", Some(b"\"><script>&'\0\r\n\x7f</script>"))]),
            " a=\"&quot;&gt;&lt;script&gt;&amp;&#39;&lt;/script&gt;\""
        );
    }

    proptest! {
        #[test]
        fn no_value_breaks_out(value in prop::collection::vec(any::<u8>(), 0..60)) {
            let mut out = vec![0; attributes_len([("a", Some(&value[..]))].into_iter())];
            render_attributes([("a", Some(&value[..]))].into_iter(), &mut out).unwrap();
            let inner = out.strip_prefix(b" a=\"").unwrap().strip_suffix(b"\"").unwrap();
            prop_assert!(!inner.iter().any(|b| b"\"'<>".contains(b) || b.is_ascii_control()));
        }

        #[test]
        fn what_is_rendered_is_parsed(value in "[ -!#-%(-;=?-~é]{0,20}") {
            let text = rendered(&[("a", Some(value.as_bytes())), ("b", None)]);
            prop_assert_eq!(parse(&text), Ok(vec![("a".into(), Some(value)), ("b".into(), None)]));
        }

        #[test]
        fn hostile_text_never_panics(text in prop::collection::vec(any::<u8>(), 0..60)) {
            let _ = parse_attributes(&text);
        }
    }
}
