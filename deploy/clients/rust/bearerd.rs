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
use std::ffi::{OsStr, OsString};
use std::io::{self, Read, Write};
use std::os::fd::FromRawFd;
use std::os::unix::{ffi::OsStrExt, net::UnixStream};
use std::sync::{atomic, Mutex};
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
    path: OsString,
    timeout: Duration,
    number: atomic::AtomicU64,
    /// With the process that opened it: a child must not share its parent's connections, and lets them go.
    idle: Mutex<Vec<(u32, UnixStream)>>,
}

impl Bearerd {
    /// The daemon at `$BEARERD_SOCKET`, else at the usual place; two seconds for a whole exchange.
    pub fn new() -> Self {
        let path = std::env::var_os("BEARERD_SOCKET").filter(|path| !path.is_empty());
        Self::at(path.unwrap_or("/run/bearerd/bearerd.sock".into()), Duration::from_secs(2))
    }

    pub fn at(path: impl Into<OsString>, timeout: Duration) -> Self {
        Self { path: path.into(), timeout, number: 0.into(), idle: Mutex::default() }
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
        self.exchange(op, member, authorization, members).unwrap_or(nobody_can_tell)
    }

    /// One line there and one back; a connection is kept only after the reply to its request.
    fn exchange(&self, op: &str, member: &str, authorization: &str, members: Value) -> Option<Verdict> {
        let deadline = Instant::now() + self.timeout;
        let id = format!("{}.{}", std::process::id(), self.number.fetch_add(1, atomic::Ordering::Relaxed));
        // What the application demands must not be lost: neither an object nor null is no request.
        let mut request: Map<_, _> = serde_json::from_value::<Option<_>>(members).ok()?.unwrap_or_default();
        let own = [("id", id.as_str()), ("op", op), ("authorization", authorization)];
        request.extend(own.map(|(name, value)| (name.to_string(), json!(value))));
        let line = format!("{}\n", Value::Object(request));
        let mut kept = std::iter::from_fn(|| self.idle.lock().ok()?.pop());
        let mut stream = kept.find(|(owner, _)| *owner == std::process::id()).map(|(_, stream)| stream);
        let mut reply = stream.as_ref().map_or(vec![], |stream| converse(stream, line.as_bytes(), deadline));
        if reply.is_empty() {
            // None was kept, or a restart closed it: asking once more does no harm.
            reply = converse(stream.insert(connect(&self.path, deadline)?), line.as_bytes(), deadline);
        }
        let end = reply.iter().position(|&byte| byte == b'\n')?;
        let verdict = read(&reply[..end], &id, member)?;
        let mut idle = self.idle.lock().ok()?;
        // Bytes that nobody asked for make the connection worthless, not the reply.
        if end + 1 == reply.len() && idle.len() < KEPT {
            idle.extend(stream.map(|stream| (std::process::id(), stream)));
        }
        Some(verdict)
    }
}

/// Gives the next call what is left of the time. A socket refuses a timeout of zero.
fn limit(stream: &UnixStream, deadline: Instant) -> io::Result<()> {
    let left = Some(deadline.saturating_duration_since(Instant::now()));
    stream.set_read_timeout(left).and(stream.set_write_timeout(left))
}

/// Waits at a full backlog for as long as a write may take; std's own connect would wait for ever.
fn connect(path: &OsStr, deadline: Instant) -> Option<UnixStream> {
    unsafe extern "C" {
        fn socket(domain: i32, kind: i32, protocol: i32) -> i32;
        fn connect(descriptor: i32, address: *const u8, length: u32) -> i32;
    }
    const STREAM_CLOEXEC: i32 = 1 | 0o2000000;
    let mut address = [0u8; 110]; // struct sockaddr_un: the family, 107 bytes of path and a NUL
    address[..2].copy_from_slice(&1u16.to_ne_bytes());
    address[2..109].get_mut(..path.len())?.copy_from_slice(path.as_bytes());
    // Safe: the descriptor is new and owned by the stream; the address outlives the calls and has the length given.
    let descriptor = unsafe { socket(1, STREAM_CLOEXEC, 0) };
    let stream = (descriptor >= 0).then(|| unsafe { UnixStream::from_raw_fd(descriptor) })?;
    limit(&stream, deadline).ok()?;
    while unsafe { connect(descriptor, address.as_ptr(), 110) } != 0 {
        (io::Error::last_os_error().kind() == io::ErrorKind::Interrupted).then_some(())?;
        limit(&stream, deadline).ok()?;
    }
    Some(stream)
}

/// What came, of the reply and with it; nothing if the connection was closed before a byte.
fn converse(mut stream: &UnixStream, mut unsent: &[u8], deadline: Instant) -> Vec<u8> {
    let (mut reply, mut chunk) = (vec![], [0; 16384]);
    while !reply.contains(&b'\n') && reply.len() <= MAXIMUM_REPLY {
        let limited = limit(stream, deadline);
        // The kernel waits anew for each piece of a long line.
        let piece = &unsent[..unsent.len().min(chunk.len())];
        match limited.and_then(|()| if piece.is_empty() { stream.read(&mut chunk) } else { stream.write(piece) }) {
            Ok(count @ 1..) if unsent.is_empty() => reply.extend_from_slice(&chunk[..count]),
            Ok(count @ 1..) => unsent = &unsent[count..],
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            _ => break,
        }
    }
    reply
}

/// `None` for whatever is no reply to this request.
fn read(line: &[u8], id: &str, member: &str) -> Option<Verdict> {
    let mut reply = serde_json::from_slice(line).ok().filter(|reply: &Value| reply["id"] == id)?;
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
    let is_header = |text: &String| text.bytes().all(|byte| (b' '..=b'~').contains(&byte));
    let www_authenticate = text(&error["www_authenticate"]).filter(is_header);
    Some(Verdict::Bad { status, code, www_authenticate, retry_after_ms })
}
