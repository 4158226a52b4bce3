// Asks bearerd whether a token may be trusted. One file to copy, for Node 18 or later and Deno; nothing else is needed.
//
//   const daemon = new Bearerd();                         // one for the process
//   const verdict = await daemon.verify(request.headers.authorization ?? "", { scope: "orders:read" });
//   if (verdict.ok) use(verdict.claims.iss, verdict.claims.sub);         // who somebody is: both together
//   else answer(verdict.status, verdict.headers);                       // 401, 403, or 503: nobody can tell now
//
// Everything that is not plainly a yes is a no, and nothing is thrown. Members: every one of a verify request, such as
// max_age: 300 or policy: "admin". Integers beyond 2^53 in claims are rounded, as always in JSON.parse. For Express and
// node:http, bearerd_guard.mjs beside it guards paths.

import { Buffer } from "node:buffer";
import { once } from "node:events";
import { createConnection } from "node:net";
import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";

const maximumReply = 1 << 20;
const maximumPath = 107;
const kept = 8;
const tooLate = new Error("too late");
const noVerdict = { ok: false, status: 503, code: "unavailable", headers: { "Cache-Control": "no-store" } };

export class Bearerd {
  #path;
  #timeout;
  #idle = [];
  #number = 0;

  // path: the socket, else $BEARERD_SOCKET, else the usual place. timeout: milliseconds for a whole exchange.
  constructor({ path = process.env.BEARERD_SOCKET, timeout = 2000 } = {}) {
    this.#path = path || "/run/bearerd/bearerd.sock";
    this.#timeout = timeout;
  }

  // Judges the value of an Authorization header ("" if there is none).
  verify(authorization, members = {}) {
    return this.#ask("verify", "claims", authorization, members);
  }

  introspect(authorization, members = {}) {
    return this.#ask("introspect", "introspection", authorization, members);
  }

  async #ask(op, member, authorization, members) {
    const id = `${process.pid}.${++this.#number}`;
    const deadline = performance.now() + this.#timeout;
    let connection;
    try {
      const line = JSON.stringify({ ...members, id, op, authorization: String(authorization ?? "") }) + "\n";
      connection = this.#idle.pop();
      let reply = connection && (await converse(connection, line, deadline));
      if (!reply?.length) {
        // None was kept, or a restart closed it: asking once more does no harm.
        connection?.socket.destroy();
        connection = await connect(this.#path, deadline);
        reply = await converse(connection, line, deadline);
      }
      const end = reply.indexOf("\n");
      if (end < 0) throw new Error("no whole reply");
      const verdict = readVerdict(reply.subarray(0, end), id, member);
      // Bytes that nobody asked for make the connection worthless, not the reply.
      if (end + 1 === reply.length && this.#idle.length < kept) {
        connection.socket.unref?.(); // an idle connection does not keep the process alive
        this.#idle.push(connection);
        connection = undefined;
      }
      return verdict;
    } catch {
      return noVerdict;
    } finally {
      connection?.socket.destroy();
    }
  }
}

async function connect(path, deadline) {
  // Node would cut it, and connect to whatever is there.
  if (Buffer.byteLength(path) > maximumPath) throw new Error("too long a path");
  for (;;) {
    // Without a listener an error while it is idle would end the process.
    const socket = createConnection({ path }).on("error", () => {});
    try {
      await once(socket, "connect");
      return { socket, chunks: socket[Symbol.asyncIterator]() };
    } catch (error) {
      // A full backlog says EAGAIN and cannot be waited for.
      if (error.code !== "EAGAIN" || performance.now() > deadline) throw error;
      await sleep(5);
    }
  }
}

// The reply and what came with it; nothing if the connection was closed before a byte of it.
async function converse({ socket, chunks }, line, deadline) {
  let reply = Buffer.alloc(0);
  // Whatever came while it was idle is nobody's reply.
  if (socket.readableLength > 0) return reply;
  const timer = setTimeout(() => socket.destroy(tooLate), Math.max(1, deadline - performance.now()));
  try {
    socket.ref?.();
    socket.write(line);
    while (!reply.includes("\n") && reply.length <= maximumReply) {
      const { value, done } = await chunks.next();
      if (done) break;
      reply = Buffer.concat([reply, value]);
    }
  } catch (error) {
    if (error === tooLate) throw error;
  } finally {
    clearTimeout(timer);
  }
  return reply;
}

// Throws for whatever is no reply to this request.
function readVerdict(line, id, member) {
  const reply = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(line));
  if (reply.id !== id) throw new Error("not the reply to this request");
  const claims = reply[member];
  if (reply.ok === true && claims !== null && typeof claims === "object" && !Array.isArray(claims)) {
    return { ok: true, status: 200, claims, issuer: reply.issuer, stale: reply.stale === true };
  }
  const { status, code, www_authenticate: challenge, retry_after_ms: wait } = reply.ok === false ? reply.error : {};
  if (!Number.isInteger(status) || status < 400 || status > 599) throw new Error("no verdict");
  const headers = { "Cache-Control": "no-store" };
  // Nothing that could end a header's line.
  if (typeof challenge === "string" && /^[\x20-\x7e]+$/.test(challenge)) headers["WWW-Authenticate"] = challenge;
  if (Number.isInteger(wait) && wait >= 0) headers["Retry-After"] = String(Math.ceil(wait / 1000));
  return { ok: false, status, code, headers, retryAfterMs: wait };
}
