//! The conformance suite's driver of the Rust client: a JSON line in, a JSON line out.
mod bearerd;

use bearerd::{Bearerd, Verdict};
use serde_json::{json, Value};
use std::io::{self, BufRead, Write};
use std::time::Duration;

unsafe extern "C" {
    fn fork() -> i32;
    fn wait(status: *mut i32) -> i32;
}

fn main() -> io::Result<()> {
    let timeout = std::env::var("BEARERD_TIMEOUT_MS").ok().and_then(|text| text.parse().ok()).unwrap_or(2000);
    let daemon = match std::env::var_os("BEARERD_SOCKET") {
        Some(path) => Bearerd::at(path, Duration::from_millis(timeout)),
        None => Bearerd::new(),
    };
    let workers = std::env::var("BEARERD_WORKERS").ok().and_then(|text| text.parse().ok()).unwrap_or(0);
    let mut others = vec![];
    for (number, line) in io::stdin().lock().lines().enumerate() {
        if workers == 0 || number == 0 {
            answer(&daemon, &line?, workers)?;
        } else {
            others.push(line?);
        }
    }
    let work = |worker: usize| others.iter().skip(worker).step_by(workers).try_for_each(|line| answer(&daemon, line, workers));
    // Half of the workers are processes, made before there is a second thread, and half are threads.
    for worker in (0..workers).step_by(2) {
        // Safe because no other thread holds a lock that the child would find locked.
        if unsafe { fork() } == 0 {
            std::process::exit(i32::from(work(worker).is_err()));
        }
    }
    std::thread::scope(|scope| {
        for worker in (1..workers).step_by(2) {
            let work = &work;
            scope.spawn(move || work(worker));
        }
    });
    // Safe because nothing is written to a null pointer.
    while unsafe { wait(std::ptr::null_mut()) } > 0 {}
    Ok(())
}

fn answer(daemon: &Bearerd, line: &str, workers: usize) -> io::Result<()> {
    let mut members: Value = serde_json::from_str(line)?;
    let authorization = members["authorization"].take();
    if let Some(object) = members.as_object_mut() {
        object.remove("authorization");
    }
    let mut answer = match daemon.verify(authorization.as_str().unwrap_or(""), members) {
        Verdict::Good { claims, .. } => json!({"ok": true, "status": 200, "subject": claims.get("sub").and_then(Value::as_str)}),
        Verdict::Bad { status, .. } => json!({"ok": false, "status": status, "subject": null}),
    };
    if workers > 0 {
        answer["authorization"] = authorization;
    }
    let mut output = io::stdout().lock();
    writeln!(output, "{answer}")?;
    output.flush()
}
