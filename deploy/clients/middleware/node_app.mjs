import { createServer } from "node:http";
import { Bearerd } from "../javascript/bearerd.mjs";
import { guard } from "../javascript/bearerd_guard.mjs";

const daemon = new Bearerd();
const guards = {
  "/me": guard(daemon), "/orders": guard(daemon, { scope: "orders:read" }), "/delete": guard(daemon, { max_age: 300 }),
};
const nothing = (request, response) => response.writeHead(404).end();
const server = createServer((request, response) =>
  (guards[request.url] ?? nothing)(request, response, () => {
    response.setHeader("Content-Type", "application/json");
    response.end(JSON.stringify({ subject: request.claims.sub }));
  }));
server.listen(0, "127.0.0.1", () => console.log(server.address().port));
