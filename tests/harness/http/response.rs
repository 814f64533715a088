//! One response, as it came.

use std::io::{self, Read};

use super::connection::SentAs;

/// A response: its head byte for byte, and its body with the transfer coding undone.
#[derive(Clone, Debug)]
pub struct Response {
    /// The status code.
    pub status: u16,
    /// Header lines in order, names in the case they came in.
    pub headers: Vec<(String, Vec<u8>)>,
    /// The body, dechunked; a content coding is left alone.
    pub body: Vec<u8>,
    /// Status line and header lines, without the empty line.
    pub raw_head: Vec<u8>,
    /// False when the connection ended before the body's announced end.
    pub complete: bool,
    pub(crate) sent_as: SentAs,
}

impl Response {
    /// The header's value; a panic when it came more than once.
    pub fn header(&self, name: &str) -> Option<String> {
        let mut values = self.header_values(name);
        assert!(values.len() <= 1, "{name} came {} times:\n{}", values.len(), self.head());
        values.pop()
    }

    /// All values of the header, in order.
    pub fn header_values(&self, name: &str) -> Vec<String> {
        self.headers
            .iter()
            .filter(|(have, _)| have.eq_ignore_ascii_case(name))
            .map(|(_, value)| String::from_utf8_lossy(value).into_owned())
            .collect()
    }

    /// The `Set-Cookie` lines.
    pub fn set_cookies(&self) -> Vec<String> {
        self.header_values("Set-Cookie")
    }

    /// The head as text, for messages.
    pub fn head(&self) -> String {
        String::from_utf8_lossy(&self.raw_head).into_owned()
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// Reads one response to a request of this method; interim (1xx) responses are passed over.
    pub(crate) fn read(stream: &mut impl Read, method: &str, sent_as: SentAs) -> io::Result<Self> {
        loop {
            let raw_head = read_head(stream)?;
            let (status, headers) = parse_head(&raw_head)?;
            let body = Vec::new();
            let mut response = Self { status, headers, body, raw_head, complete: true, sent_as };
            if (100..200).contains(&status) {
                continue;
            }
            if method != "HEAD" && status != 204 && status != 304 {
                response.read_body(stream)?;
            }
            return Ok(response);
        }
    }

    fn read_body(&mut self, stream: &mut impl Read) -> io::Result<()> {
        let chunked = self.header("Transfer-Encoding").is_some_and(|coding| coding == "chunked");
        let announced = self.header("Content-Length");
        assert!(!(chunked && announced.is_some()), "chunked with a length:\n{}", self.head());
        if chunked {
            self.complete = read_chunks(stream, &mut self.body)?;
        } else if let Some(length) = announced {
            let length = length.parse().map_err(|_| bad("Content-Length"))?;
            self.complete = read_exactly(stream, length, &mut self.body)?;
        } else {
            read_to_close(stream, &mut self.body)?;
        }
        Ok(())
    }
}

fn bad(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("malformed {what} in a response"))
}

/// Reads up to the empty line; byte by byte, so that nothing of what follows is taken.
fn read_head(stream: &mut impl Read) -> io::Result<Vec<u8>> {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        if stream.read(&mut byte)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        head.push(byte[0]);
    }
    head.truncate(head.len() - 4);
    Ok(head)
}

type Head = (u16, Vec<(String, Vec<u8>)>);

fn parse_head(head: &[u8]) -> io::Result<Head> {
    let mut lines = head.split(|&byte| byte == b'\n').map(|line| line.trim_ascii_end());
    let status_line = String::from_utf8_lossy(lines.next().unwrap_or_default()).into_owned();
    let status = status_line.split(' ').nth(1).and_then(|code| code.parse().ok());
    let status = status.ok_or_else(|| bad("status line"))?;
    let mut headers = Vec::new();
    for line in lines {
        let colon = line.iter().position(|&byte| byte == b':').ok_or_else(|| bad("header"))?;
        let name = String::from_utf8_lossy(&line[..colon]).into_owned();
        headers.push((name, line[colon + 1..].trim_ascii().to_vec()));
    }
    Ok((status, headers))
}

/// Whether all `length` bytes came.
fn read_exactly(stream: &mut impl Read, length: u64, body: &mut Vec<u8>) -> io::Result<bool> {
    let before = body.len() as u64;
    match stream.take(length).read_to_end(body) {
        Ok(_) => Ok(body.len() as u64 - before == length),
        Err(error) if is_cut(&error) => Ok(false),
        Err(error) => Err(error),
    }
}

fn read_to_close(stream: &mut impl Read, body: &mut Vec<u8>) -> io::Result<()> {
    match stream.read_to_end(body) {
        Err(error) if !is_cut(&error) => Err(error),
        _ => Ok(()),
    }
}

fn is_cut(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::UnexpectedEof | io::ErrorKind::ConnectionReset)
}

/// Whether the last chunk came.
fn read_chunks(stream: &mut impl Read, body: &mut Vec<u8>) -> io::Result<bool> {
    loop {
        let Some(line) = read_line(stream)? else { return Ok(false) };
        let size = line.split(';').next().unwrap_or_default().trim();
        let size = u64::from_str_radix(size, 16).map_err(|_| bad("chunk size"))?;
        if size > 0 && !read_exactly(stream, size, body)? {
            return Ok(false);
        }
        match read_line(stream)? {
            Some(line) if line.is_empty() => {}
            Some(_) => return Err(bad("chunk end")),
            None => return Ok(false),
        }
        if size == 0 {
            return Ok(true);
        }
    }
}

/// A line without its CRLF; `None` when the stream ends before it does.
fn read_line(stream: &mut impl Read) -> io::Result<Option<String>> {
    let mut line = Vec::new();
    if !line_ended(stream, &mut line)? {
        return Ok(None);
    }
    line.truncate(line.len() - 2);
    Ok(Some(String::from_utf8_lossy(&line).into_owned()))
}

fn line_ended(stream: &mut impl Read, line: &mut Vec<u8>) -> io::Result<bool> {
    while !line.ends_with(b"\r\n") {
        if !read_exactly(stream, 1, line)? {
            return Ok(false);
        }
    }
    Ok(true)
}
