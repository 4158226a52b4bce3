// Asks bearerd whether a token may be trusted. One file to copy, for Node 18 or later and Deno; nothing else is needed.
//
//   const daemon = new Bearerd();                         // one for the process
//   const verdict = await daemon.verify(request.headers.authorization ?? "", { scope: "orders:read" });
//   if (verdict.ok) use(verdict.claims.iss, verdict.claims.sub);         // who somebody is: both together
//   else answer(verdict.status, verdict.headers);                       // 401, 403, or 503: nobody can tell now
//
// Everything that is not plainly a yes is a no, and nothing is thrown. Members: every one of a verify request, such as
// max_age: 300 or policy: "admin". Integers beyond 2^53 in claims are rounded, as always in JSON.parse.

import { Buffer } from "node:buffer";
import { createConnection } from "node:net";
import { performance } from "node:perf_hooks";
import process from "node:process";

const maximumReply = 1 << 20;
const maximumPath = 107;
const kept = 8;
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
      // Node would cut it, and connect to whatever is there.
      if (Buffer.byteLength(this.#path) > maximumPath) return noVerdict;
      const line = JSON.stringify({ ...members, id, op, authorization: String(authorization ?? "") }) + "\n";
      connection = this.#idle.pop();
      const wasKept = connection !== undefined;
      let reply = await (connection ??= new Connection(this.#path)).converse(line, deadline);
      if (reply === undefined && wasKept) {
        // A restart closed the kept connection; asking once more does no harm.
        connection.end();
        connection = new Connection(this.#path);
        reply = await connection.converse(line, deadline);
      }
      const text = new TextDecoder("utf-8", { fatal: true }).decode(reply);
      const verdict = readVerdict(JSON.parse(text), id, member);
      if (this.#idle.length < kept && connection.rest()) this.#idle.push(connection);
      else connection.end();
      return verdict;
    } catch {
      connection?.end();
      return noVerdict;
    }
  }
}

// A connection on which one exchange at a time is made.
class Connection {
  #path;
  #socket;
  #chunks = [];
  #size = 0;
  #settle = () => {};
  #isBroken = false;

  constructor(path) {
    this.#path = path;
  }

  // The reply's line; undefined if the connection was closed before a byte of it; rejected otherwise, and ended.
  converse(line, deadline) {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => this.#settle(new Error("too late")), Math.max(1, deadline - performance.now()));
      this.#settle = (error, reply) => {
        this.#settle = () => (this.#isBroken = true);
        clearTimeout(timer);
        if (error) this.end();
        error ? reject(error) : resolve(reply);
      };
      if (this.#isBroken) return this.#settle(null, undefined);
      if (this.#socket) {
        this.#socket.ref?.();
        this.#socket.write(line);
      } else {
        this.#connect(line, deadline);
      }
    });
  }

  #connect(line, deadline) {
    const socket = (this.#socket = createConnection({ path: this.#path }));
    let isConnected = false;
    socket.on("connect", () => {
      isConnected = true;
      socket.write(line);
    });
    socket.on("data", (chunk) => this.#read(chunk));
    socket.on("end", () => this.#close());
    socket.on("close", () => isConnected && this.#close());
    // Without a listener an error would end the process.
    socket.on("error", (error) => {
      // A full backlog says EAGAIN and cannot be waited for.
      if (!isConnected && error.code === "EAGAIN" && performance.now() < deadline) {
        setTimeout(() => !this.#isBroken && this.#connect(line, deadline), 5);
      } else if (isConnected && this.#size === 0) this.#close();
      else this.#settle(error);
    });
  }

  #read(chunk) {
    // Bytes, not text: a character may be split between two of them.
    const end = chunk.indexOf(10);
    this.#chunks.push(chunk);
    this.#size += chunk.length;
    if (this.#size > maximumReply) return this.#settle(new Error("too long"));
    if (end < 0) return;
    const reply = Buffer.concat(this.#chunks).subarray(0, this.#size - chunk.length + end);
    // Bytes that nobody asked for make the connection worthless, not the reply.
    this.#isBroken ||= end + 1 < chunk.length;
    this.#settle(null, reply);
  }

  #close() {
    const error = this.#size > 0 ? new Error("half a reply") : null;
    this.#isBroken = true;
    this.#settle(error, undefined);
  }

  // Makes ready for the next exchange; whatever comes meanwhile is nobody's reply.
  rest() {
    if (this.#isBroken) return false;
    this.#chunks = [];
    this.#size = 0;
    this.#settle = () => (this.#isBroken = true);
    this.#socket.unref?.(); // an idle connection does not keep the process alive
    return true;
  }

  end() {
    this.#isBroken = true;
    this.#socket?.destroy();
  }
}

// Throws for whatever is no reply to this request.
function readVerdict(reply, id, member) {
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

// For Express and its kin, and for node:http: next() is called only with a good token, and the claims are in
// request.claims.
//
//   app.get("/orders", guard(daemon, { scope: "orders:read" }), (request, response) => ...);
//   app.post("/delete", guard(daemon, { max_age: 300 }), ...);          // a login in the last five minutes (RFC 9470)
//   createServer((request, response) => guard(daemon)(request, response, () => response.end(request.claims.sub)));
export function guard(daemon, members = {}) {
  return async (request, response, next) => {
    // A field that is sent twice is one list (RFC 9110 section 5.3); node:http keeps only the first in headers.
    const fields = request.headersDistinct?.authorization ?? [request.headers.authorization ?? ""];
    const verdict = await daemon.verify(fields.join(", "), members);
    if (verdict.ok) {
      request.claims = verdict.claims;
      return next();
    }
    response.writeHead(verdict.status, { "Content-Type": "application/json", ...verdict.headers });
    response.end(JSON.stringify({ error: verdict.code }));
  };
}
