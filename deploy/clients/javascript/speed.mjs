// The JavaScript client against jose; see deploy/clients/speed.
import { createRequire } from "node:module";
import { performance } from "node:perf_hooks";
import process from "node:process";
import { Bearerd } from "./bearerd.mjs";

// Where Debian has it, whose own node alone looks there by itself (NODE_PATH).
const jose = createRequire(import.meta.url)("jose");
const rounds = 9, calls = 200;

let input = "";
for await (const part of process.stdin) input += part;
const { token, jwks, alg, issuer, audience } = JSON.parse(input);
const daemon = new Bearerd();
const key = await jose.importJWK(jwks.keys[0], alg);

async function ask() {
  if (!(await daemon.verify(`Bearer ${token}`)).ok) throw new Error("the daemon refused the token");
}

async function alone() {
  await jose.jwtVerify(token, key, { algorithms: [alg], issuer, audience });
}

async function times(call) {
  const found = [];
  for (let count = 0; count < calls; count++) {
    const start = performance.now();
    await call();
    found.push((performance.now() - start) * 1000);
  }
  return found;
}

const result = { library: "jose", ask: [], alone: [] };
await times(ask);
await times(alone);
for (let round = 0; round < rounds; round++) {
  result.ask.push(...(await times(ask)));
  result.alone.push(...(await times(alone)));
}
process.stdout.write(JSON.stringify(result) + "\n", () => process.exit(0));
