//! Asks bearerd whether a token may be trusted. One file to copy; std (Rust 1.82 or later; edition 2021 or 2024) and
//! serde_json.
//!
//! ```ignore
//! let daemon = Bearerd::new();                            // one for the program: any number of threads may share it
//! match daemon.verify(authorization, json!({"scope": "orders:read"})) {
//!     Verdict::Good { claims, .. } => use_it(&claims["iss"], &claims["sub"]),  // who somebody is: both together
//!     Verdict::Bad { status, www_authenticate, .. } => answer(status, www_authenticate), // 503: nobody can tell now
//! }
//! ```
//!
//! Everything that is not plainly a yes is a no, and nothing panics. Members: every one of a verify request, such as
//! `"max_age": 300` or `"policy": "admin"`. The calls block, for `timeout` at most: in async code, call them inside
//! `spawn_blocking`.
#![allow(dead_code)] // whoever copies it may need a part of it only

use serde_json::{json, Map, Value};
use std::io::{Error, ErrorKind, Read, Result, Write};
use std::os::fd::FromRawFd;
use std::os::unix::{ffi::OsStrExt, net::UnixStream};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

const MAXIMUM_REPLY: usize = 1 << 20;
const KEPT: usize = 8;

/// What bearerd said.
#[derive(Debug, Clone, PartialEq)]
pub enum Verdict {
    /// The token is good; `stale` if the keys could not be refreshed for a while.
    Good { claims: Map<String, Value>, issuer: Option<String>, stale: bool },
    /// It is not, or nobody can tell (status 503): the HTTP status and header to answer with.
    Bad { status: u16, code: String, www_authenticate: Option<String>, retry_after_ms: Option<u64> },
}

/// A client with a small pool of connections.
pub struct Bearerd {
    path: PathBuf,
    timeout: Duration,
    number: AtomicU64,
    /// The process that opened them: a child must not share its parent's connections.
    idle: Mutex<(u32, Vec<UnixStream>)>,
}

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
        let code = "unavailable".into();
        let nobody_can_tell = Verdict::Bad { status: 503, code, www_authenticate: None, retry_after_ms: None };
        let mut request = match members {
            Value::Object(members) => members,
            Value::Null => Map::new(),
            // What the application demands must not be lost.
            _ => return nobody_can_tell,
        };
        let id = format!("{}.{}", std::process::id(), self.number.fetch_add(1, Ordering::Relaxed));
        for (name, value) in [("id", id.as_str()), ("op", op), ("authorization", authorization)] {
            request.insert(name.into(), json!(value));
        }
        let line = format!("{}\n", Value::Object(request));
        self.exchange(line.as_bytes(), &id, member).unwrap_or(nobody_can_tell)
    }

    /// One line there and one back; a connection is kept only after the reply to its request.
    fn exchange(&self, line: &[u8], id: &str, member: &str) -> Option<Verdict> {
        let deadline = Instant::now() + self.timeout;
        let mut stream = self.idle().1.pop();
        let mut reply = stream.as_ref().map_or(vec![], |stream| converse(stream, line, deadline));
        if reply.is_empty() {
            // None was kept, or a restart closed it: asking once more does no harm.
            reply = converse(stream.insert(connect(&self.path, deadline).ok()?), line, deadline);
        }
        let end = reply.iter().position(|&byte| byte == b'\n')?;
        let verdict = read(&reply[..end], id, member)?;
        let mut idle = self.idle();
        // Bytes that nobody asked for make the connection worthless, not the reply.
        if end + 1 == reply.len() && idle.1.len() < KEPT {
            idle.1.extend(stream);
        }
        Some(verdict)
    }

    /// The connections that are kept; a child must not share its parent's.
    fn idle(&self) -> MutexGuard<'_, (u32, Vec<UnixStream>)> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.0 != std::process::id() {
            *idle = (std::process::id(), vec![]);
        }
        idle
    }
}

/// What is left of the time. A socket refuses a timeout of zero.
fn left(deadline: Instant) -> Option<Duration> {
    Some(deadline.saturating_duration_since(Instant::now()))
}

/// Waits at a full backlog for as long as a write may take; std's own connect would wait for ever.
fn connect(path: &Path, deadline: Instant) -> Result<UnixStream> {
    unsafe extern "C" {
        fn socket(domain: i32, kind: i32, protocol: i32) -> i32;
        fn connect(descriptor: i32, address: *const u8, length: u32) -> i32;
    }
    const STREAM_CLOEXEC: i32 = 1 | 0o2000000;
    let path = path.as_os_str().as_bytes();
    let mut address = [0u8; 110]; // struct sockaddr_un: the family, 107 bytes of path and a NUL
    address[..2].copy_from_slice(&1u16.to_ne_bytes());
    address[2..109].get_mut(..path.len()).ok_or(ErrorKind::InvalidInput)?.copy_from_slice(path);
    // Safe: the descriptor is new and owned by the stream; the address outlives the calls and has the length given.
    let descriptor = unsafe { socket(1, STREAM_CLOEXEC, 0) };
    if descriptor < 0 {
        return Err(Error::last_os_error());
    }
    let stream = unsafe { UnixStream::from_raw_fd(descriptor) };
    stream.set_write_timeout(left(deadline))?;
    while unsafe { connect(descriptor, address.as_ptr(), 110) } < 0 {
        let error = Error::last_os_error();
        if error.kind() != ErrorKind::Interrupted {
            return Err(error);
        }
        stream.set_write_timeout(left(deadline))?;
    }
    Ok(stream)
}

/// What came, of the reply and with it; nothing if the connection was closed before a byte.
fn converse(mut stream: &UnixStream, line: &[u8], deadline: Instant) -> Vec<u8> {
    let (mut unsent, mut reply, mut chunk) = (line, vec![], [0; 16384]);
    while !reply.contains(&b'\n') && reply.len() <= MAXIMUM_REPLY {
        let step = if unsent.is_empty() {
            let step = stream.set_read_timeout(left(deadline)).and_then(|()| stream.read(&mut chunk));
            step.inspect(|&count| reply.extend_from_slice(&chunk[..count]))
        } else {
            let step = stream.set_write_timeout(left(deadline)).and_then(|()| stream.write(unsent));
            step.inspect(|&count| unsent = &unsent[count..])
        };
        match step.map_err(|error| error.kind()) {
            Ok(1..) | Err(ErrorKind::Interrupted) => {}
            _ => break,
        }
    }
    reply
}

/// `None` for whatever is no reply to this request.
fn read(line: &[u8], id: &str, member: &str) -> Option<Verdict> {
    let mut reply: Value = serde_json::from_slice(line).ok()?;
    if reply["id"] != id {
        return None;
    }
    let text = |value: &Value| value.as_str().map(String::from);
    if reply["ok"].as_bool()? {
        let (issuer, stale) = (text(&reply["issuer"]), reply["stale"] == true);
        let Value::Object(claims) = reply.get_mut(member)?.take() else { return None };
        return Some(Verdict::Good { claims, issuer, stale });
    }
    let error = &reply["error"];
    let (code, retry_after_ms) = (text(&error["code"]).unwrap_or_default(), error["retry_after_ms"].as_u64());
    let status = u16::try_from(error["status"].as_u64()?).ok().filter(|status| (400..600).contains(status))?;
    // Nothing that could end a header's line.
    let is_header = |text: &String| text.bytes().all(|byte| (0x20..0x7f).contains(&byte));
    let www_authenticate = text(&error["www_authenticate"]).filter(is_header);
    Some(Verdict::Bad { status, code, www_authenticate, retry_after_ms })
}
