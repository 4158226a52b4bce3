//! The conformance suite's driver of the Rust client: a JSON line in, a JSON line out.
mod bearerd;

use bearerd::{Bearerd, Verdict};
use serde_json::{json, Value};
use std::io::{self, BufRead, Write};
use std::time::Duration;

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
    std::thread::scope(|scope| {
        for worker in 0..workers {
            let (daemon, others) = (&daemon, &others);
            scope.spawn(move || others.iter().skip(worker).step_by(workers).try_for_each(|line| answer(daemon, line, workers)));
        }
    });
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
