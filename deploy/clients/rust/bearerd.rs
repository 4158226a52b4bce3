//! Asks bearerd whether a token may be trusted. One file to copy; std (Rust 1.82 or later; edition 2021 or 2024), serde_json.
//!
//! ```ignore
//! let daemon = Bearerd::new();                                   // one for the program: any number of threads may share it
//! let verdict = daemon.verify(authorization, json!({"scope": "orders:read"}));
//! match verdict {
//!     Verdict::Good { claims, .. } => use_it(&claims["iss"], &claims["sub"]),     // who somebody is: both together
//!     Verdict::Bad { status, www_authenticate, .. } => answer(status, www_authenticate), // 401, 403, or 503: nobody can tell now
//! }
//! ```
//!
//! Everything that is not plainly a yes is a no, and nothing panics. Members: every one of a verify request, such as
//! `"max_age": 300` or `"policy": "admin"`. The calls block, for `timeout` at most: in async code, call them inside
//! `spawn_blocking`.
#![allow(dead_code)] // whoever copies it may need a part of it only

use serde_json::{json, Map, Value};
use std::io::{self, ErrorKind, Read, Write};
use std::os::fd::FromRawFd;
use std::os::unix::{ffi::OsStrExt, net::UnixStream};
use std::path::PathBuf;
use std::sync::{atomic::{AtomicU64, Ordering}, Mutex};
use std::time::{Duration, Instant};

/// What bearerd said.
#[derive(Debug, Clone, PartialEq)]
pub enum Verdict {
    /// The token is good; `stale` if the keys could not be refreshed for a while.
    Good { claims: Map<String, Value>, issuer: Option<String>, stale: bool },
    /// It is not, or nobody can tell (status 503): the HTTP status and header to answer with.
    Bad { status: u16, code: String, www_authenticate: Option<String>, retry_after_ms: Option<u64> },
}

impl Verdict {
    fn none() -> Self {
        Self::Bad { status: 503, code: "unavailable".into(), www_authenticate: None, retry_after_ms: None }
    }
}

/// A client with a small pool of connections.
pub struct Bearerd {
    path: PathBuf,
    timeout: Duration,
    number: AtomicU64,
    /// The process that opened them: a child must not share its parent's connections.
    idle: Mutex<(u32, Vec<UnixStream>)>,
}

const MAXIMUM_REPLY: usize = 1 << 20;

impl Bearerd {
    /// The daemon at `$BEARERD_SOCKET`, else at the usual place; two seconds for a whole exchange.
    pub fn new() -> Self {
        let path = std::env::var_os("BEARERD_SOCKET").filter(|path| !path.is_empty());
        Self::at(path.unwrap_or("/run/bearerd/bearerd.sock".into()), Duration::from_secs(2))
    }

    pub fn at(path: impl Into<PathBuf>, timeout: Duration) -> Self {
        Self { path: path.into(), timeout, number: AtomicU64::new(0), idle: Mutex::new((0, vec![])) }
    }

    /// Judges the value of an Authorization header ("" if there is none); `members` is an object, or null.
    pub fn verify(&self, authorization: &str, members: Value) -> Verdict {
        self.ask("verify", "claims", authorization, members)
    }

    pub fn introspect(&self, authorization: &str, members: Value) -> Verdict {
        self.ask("introspect", "introspection", authorization, members)
    }

    fn ask(&self, op: &str, member: &str, authorization: &str, members: Value) -> Verdict {
        let id = format!("{}.{}", std::process::id(), self.number.fetch_add(1, Ordering::Relaxed));
        let mut request = if let Value::Object(members) = members { members } else { Map::new() };
        for (name, value) in [("id", id.as_str()), ("op", op), ("authorization", authorization)] {
            request.insert(name.into(), json!(value));
        }
        let line = format!("{}\n", Value::Object(request));
        self.exchange(line.as_bytes(), &id, member).unwrap_or_else(|_| Verdict::none())
    }

    /// One line there and one back; a connection is kept only after the reply to its request.
    fn exchange(&self, line: &[u8], id: &str, member: &str) -> io::Result<Verdict> {
        let deadline = Instant::now() + self.timeout;
        let kept = self.take();
        let is_kept = kept.is_some();
        let mut stream = kept.map_or_else(|| connect(&self.path, deadline), Ok)?;
        let mut reply = converse(&mut stream, line, deadline)?;
        if reply.is_none() && is_kept {
            // A restart closed the kept connection; asking once more does no harm.
            stream = connect(&self.path, deadline)?;
            reply = converse(&mut stream, line, deadline)?;
        }
        let reply = reply.ok_or(ErrorKind::UnexpectedEof)?;
        let end = reply.iter().position(|&byte| byte == b'\n').ok_or(ErrorKind::InvalidData)?;
        let verdict = read(&reply[..end], id, member).ok_or(ErrorKind::InvalidData)?;
        // Bytes that nobody asked for make the connection worthless, not the reply.
        if end + 1 == reply.len() {
            self.give(stream);
        }
        Ok(verdict)
    }

    fn take(&self) -> Option<UnixStream> {
        let mut idle = self.idle.lock().ok()?;
        if idle.0 != std::process::id() {
            *idle = (std::process::id(), vec![]);
        }
        idle.1.pop()
    }

    fn give(&self, stream: UnixStream) {
        if let Ok(mut idle) = self.idle.lock() {
            if idle.0 == std::process::id() && idle.1.len() < 8 {
                idle.1.push(stream);
            }
        }
    }
}

/// Connects without blocking: std's own connect would wait for ever at a full backlog.
fn connect(path: &std::path::Path, deadline: Instant) -> io::Result<UnixStream> {
    unsafe extern "C" {
        fn socket(domain: i32, kind: i32, protocol: i32) -> i32;
        fn connect(descriptor: i32, address: *const u8, length: u32) -> i32;
    }
    const STREAM_CLOEXEC_NONBLOCK: i32 = 1 | 0o2000000 | 0o4000;
    let bytes = path.as_os_str().as_bytes();
    let mut address = [0u8; 110]; // struct sockaddr_un: the family, and 108 bytes of path
    if bytes.len() > 107 {
        return Err(ErrorKind::InvalidInput.into());
    }
    address[..2].copy_from_slice(&1u16.to_ne_bytes());
    address[2..2 + bytes.len()].copy_from_slice(bytes);
    // Safe: the descriptor is new and owned by the stream; the address outlives the call and has the length given.
    let stream = unsafe {
        let descriptor = socket(1, STREAM_CLOEXEC_NONBLOCK, 0);
        if descriptor < 0 {
            return Err(io::Error::last_os_error());
        }
        UnixStream::from_raw_fd(descriptor)
    };
    use std::os::fd::AsRawFd;
    while unsafe { connect(stream.as_raw_fd(), address.as_ptr(), 110) } < 0 {
        let error = io::Error::last_os_error();
        if !matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) || Instant::now() >= deadline {
            return Err(error);
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    stream.set_nonblocking(false)?;
    Ok(stream)
}

/// The bytes up to the reply's LF, and what came with it; `None` if the connection was closed before a byte of it.
fn converse(stream: &mut UnixStream, line: &[u8], deadline: Instant) -> io::Result<Option<Vec<u8>>> {
    let left = || deadline.checked_duration_since(Instant::now()).filter(|left| !left.is_zero()).ok_or(ErrorKind::TimedOut);
    let mut sent = 0;
    while sent < line.len() {
        stream.set_write_timeout(Some(left()?))?;
        match stream.write(&line[sent..]) {
            Ok(count) => sent += count,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) if matches!(error.kind(), ErrorKind::BrokenPipe | ErrorKind::ConnectionReset) => return Ok(None),
            Err(error) => return Err(error),
        }
    }
    let mut reply = vec![];
    let mut chunk = [0; 16384];
    while reply.len() <= MAXIMUM_REPLY {
        stream.set_read_timeout(Some(left()?))?;
        match stream.read(&mut chunk) {
            Ok(0) if reply.is_empty() => return Ok(None),
            Ok(0) => break,
            Ok(count) => {
                reply.extend_from_slice(&chunk[..count]);
                if chunk[..count].contains(&b'\n') {
                    return Ok(Some(reply));
                }
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) if error.kind() == ErrorKind::ConnectionReset && reply.is_empty() => return Ok(None),
            Err(error) => return Err(error),
        }
    }
    Err(ErrorKind::InvalidData.into())
}

fn read(line: &[u8], id: &str, member: &str) -> Option<Verdict> {
    let mut reply: Map<String, Value> = serde_json::from_slice(line).ok()?;
    if reply.get("id")?.as_str()? != id {
        return None;
    }
    let ok = reply.get("ok")?.as_bool()?;
    if ok {
        let claims = match reply.remove(member)? {
            Value::Object(claims) => claims,
            _ => return None,
        };
        let issuer = reply.get("issuer").and_then(Value::as_str).map(String::from);
        let stale = reply.get("stale") == Some(&Value::Bool(true));
        return Some(Verdict::Good { claims, issuer, stale });
    }
    let error = reply.get("error")?.as_object()?;
    let status = u16::try_from(error.get("status")?.as_u64()?).ok().filter(|status| (400..600).contains(status))?;
    let text = |name: &str| error.get(name).and_then(Value::as_str).map(String::from);
    // Nothing that could end a header's line.
    let www_authenticate = text("www_authenticate").filter(|text| text.bytes().all(|byte| (0x20..0x7f).contains(&byte)));
    let retry_after_ms = error.get("retry_after_ms").and_then(Value::as_u64);
    Some(Verdict::Bad { status, code: text("code").unwrap_or_default(), www_authenticate, retry_after_ms })
}
