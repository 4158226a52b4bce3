// Express as Debian has it, which only require finds.
const express = require("express");

(async () => {
  const { Bearerd } = await import("../javascript/bearerd.mjs");
  const { guard } = await import("../javascript/bearerd_guard.mjs");
  const app = express();
  const daemon = new Bearerd();
  const subject = (request, response) => response.json({ subject: request.claims.sub });
  app.get("/me", guard(daemon), subject);
  app.get("/orders", guard(daemon, { scope: "orders:read" }), subject);
  app.get("/delete", guard(daemon, { max_age: 300 }), subject);
  const server = app.listen(0, "127.0.0.1", () => console.log(server.address().port));
})();
