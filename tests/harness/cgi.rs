//! The protocols in which nginx passes a request on as CGI variables: FastCGI and uwsgi.

use std::io::{self, Read, Write};

use crate::Received;

const STDIN: u8 = 5;
const PARAMS: u8 = 4;
const STDOUT: u8 = 6;
const END_REQUEST: u8 = 3;

/// Reads one FastCGI request: its parameters up to the empty record, then its body likewise.
pub(crate) fn read_fastcgi(stream: &mut impl Read) -> io::Result<Received> {
    let (mut params, mut body) = (Vec::new(), Vec::new());
    loop {
        let mut head = [0; 8];
        stream.read_exact(&mut head)?;
        let mut content = vec![0; usize::from(u16::from_be_bytes([head[4], head[5]]))];
        stream.read_exact(&mut content)?;
        stream.read_exact(&mut vec![0; usize::from(head[6])])?;
        match head[1] {
            PARAMS => params.extend_from_slice(&content),
            STDIN if content.is_empty() => break,
            STDIN => body.extend_from_slice(&content),
            _ => {}
        }
    }
    let mut pairs = Vec::new();
    let mut rest = &params[..];
    while !rest.is_empty() {
        let (name_len, value_len) = (fastcgi_length(&mut rest)?, fastcgi_length(&mut rest)?);
        pairs.push((take(&mut rest, name_len)?, take(&mut rest, value_len)?));
    }
    Ok(received(&pairs, body))
}

/// One byte, or four with the highest bit set.
fn fastcgi_length(rest: &mut &[u8]) -> io::Result<usize> {
    let first = usize::from(take(rest, 1)?[0]);
    if first < 0x80 {
        return Ok(first);
    }
    let more = take(rest, 3)?.iter();
    Ok(more.fold(first & 0x7f, |length, &byte| length << 8 | usize::from(byte)))
}

/// Reads one uwsgi request: a header of four bytes, then the variables, then the body.
pub(crate) fn read_uwsgi(stream: &mut impl Read) -> io::Result<Received> {
    let mut head = [0; 4];
    stream.read_exact(&mut head)?;
    let mut vars = vec![0; usize::from(u16::from_le_bytes([head[1], head[2]]))];
    stream.read_exact(&mut vars)?;
    let mut pairs = Vec::new();
    let mut rest = &vars[..];
    while !rest.is_empty() {
        let name = uwsgi_string(&mut rest)?;
        pairs.push((name, uwsgi_string(&mut rest)?));
    }
    let mut request = received(&pairs, Vec::new());
    let length = request.header("Content-Length").and_then(|length| length.parse().ok());
    request.body = vec![0; length.unwrap_or(0)];
    stream.read_exact(&mut request.body)?;
    Ok(request)
}

fn uwsgi_string<'b>(rest: &mut &'b [u8]) -> io::Result<&'b [u8]> {
    let length = take(rest, 2)?;
    take(rest, usize::from(u16::from_le_bytes([length[0], length[1]])))
}

fn take<'b>(rest: &mut &'b [u8], count: usize) -> io::Result<&'b [u8]> {
    let (taken, left) = rest.split_at_checked(count).ok_or(io::ErrorKind::InvalidData)?;
    *rest = left;
    Ok(taken)
}

/// The request as HTTP would have spelled it.
fn received(pairs: &[(&[u8], &[u8])], body: Vec<u8>) -> Received {
    let mut lines = Vec::new();
    let (mut method, mut target) = (String::new(), String::new());
    for (name, value) in pairs {
        let name = String::from_utf8_lossy(name).into_owned();
        let value = String::from_utf8_lossy(value).into_owned();
        match name.as_str() {
            "REQUEST_METHOD" => method = value,
            "REQUEST_URI" => target = value,
            "CONTENT_LENGTH" if !value.is_empty() => lines.push(format!("CONTENT-LENGTH: {value}")),
            _ => {
                if let Some(header) = name.strip_prefix("HTTP_") {
                    lines.push(format!("{}: {value}", header.replace('_', "-")));
                }
            }
        }
    }
    let head = [vec![format!("{method} {target} HTTP/1.1")], lines].concat().join("\r\n");
    Received { head, body }
}

/// Writes what an HTTP upstream would send as the records of a FastCGI answer.
pub(crate) struct FastCgiWriter<W: Write>(pub(crate) W);

impl<W: Write> FastCgiWriter<W> {
    /// The last records.
    pub(crate) fn end(&mut self) -> io::Result<()> {
        self.record(STDOUT, b"")?;
        self.record(END_REQUEST, &[0; 8])
    }

    fn record(&mut self, kind: u8, content: &[u8]) -> io::Result<()> {
        let length = u16::try_from(content.len()).expect("a record's content");
        let [high, low] = length.to_be_bytes();
        self.0.write_all(&[&[1, kind, 0, 1, high, low, 0, 0], content].concat())
    }
}

impl<W: Write> Write for FastCgiWriter<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // A CGI answer has no status line, but a header that says the same.
        let status = bytes.strip_prefix(b"HTTP/1.1 ").map(|rest| [b"Status: ", rest].concat());
        for piece in status.as_deref().unwrap_or(bytes).chunks(0x8000) {
            self.record(STDOUT, piece)?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}
