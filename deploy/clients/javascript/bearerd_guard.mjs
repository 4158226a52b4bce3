// Guards paths of Express and its kin, and of node:http: next() is called only with a good token, and the claims are in
// request.claims. It needs nothing but a client, whose file (bearerd.mjs) is copied too.
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
