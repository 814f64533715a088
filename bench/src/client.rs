//! A client that sees every byte of an answer.

use std::io::{BufRead, BufReader, Read, Result, Write};
use std::net::{SocketAddr, TcpStream};

/// One connection, kept alive.
pub(crate) struct Client {
    stream: BufReader<TcpStream>,
}

/// An answer as it came over the wire.
pub(crate) struct Answer {
    /// Status line and headers, with the empty line.
    pub(crate) head: String,
    /// Without chunks.
    pub(crate) body: Vec<u8>,
    /// All of it, in bytes.
    pub(crate) wire_len: usize,
}

impl Client {
    pub(crate) fn new(address: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        Ok(Self { stream: BufReader::new(stream) })
    }

    /// `GET path` with these header lines.
    pub(crate) fn get(&mut self, path: &str, headers: &[String]) -> Result<Answer> {
        let request = format!("GET {path} HTTP/1.1\r\n{}\r\n\r\n", headers.join("\r\n"));
        self.stream.get_mut().write_all(request.as_bytes())?;
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            if self.stream.read_line(&mut head)? == 0 {
                return Err(std::io::ErrorKind::UnexpectedEof.into());
            }
        }
        let lower = head.to_ascii_lowercase();
        let header = |name: &str| {
            let rest = lower.split(&format!("\r\n{name}: ")).nth(1)?;
            rest.split("\r\n").next().map(str::to_owned)
        };
        let (mut body, mut wire_len) = (Vec::new(), head.len());
        if header("transfer-encoding").as_deref() == Some("chunked") {
            loop {
                let mut line = String::new();
                self.stream.read_line(&mut line)?;
                let size = usize::from_str_radix(line.trim(), 16).map_err(std::io::Error::other)?;
                let start = body.len();
                body.resize(start + size, 0);
                self.stream.read_exact(&mut body[start..])?;
                self.stream.read_exact(&mut [0; 2])?;
                wire_len += line.len() + size + 2;
                if size == 0 {
                    break;
                }
            }
        } else {
            let len = header("content-length").and_then(|len| len.parse().ok()).unwrap_or(0);
            body.resize(len, 0);
            self.stream.read_exact(&mut body)?;
            wire_len += len;
        }
        Ok(Answer { head, body, wire_len })
    }
}
