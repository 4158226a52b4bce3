// The conformance suite's driver of the JavaScript client: a JSON line in, a JSON line out.
import process from "node:process";
import { createInterface } from "node:readline";
import { Bearerd } from "./bearerd.mjs";

const daemon = new Bearerd({ timeout: Number(process.env.BEARERD_TIMEOUT_MS ?? 2000) });
const workers = Number(process.env.BEARERD_WORKERS ?? 0);

async function answer(line) {
  const { authorization, ...members } = JSON.parse(line);
  const { ok, status, claims } = await daemon.verify(authorization, members);
  const subject = typeof claims?.sub === "string" ? claims.sub : null;
  process.stdout.write(JSON.stringify({ ok, status, subject, ...(workers ? { authorization } : {}) }) + "\n");
}

async function work(lines) {
  for (const line of lines) await answer(line);
}

const lines = [];
for await (const line of createInterface({ input: process.stdin })) {
  if (workers) lines.push(line);
  else await answer(line);
}
if (workers) {
  await answer(lines.shift());
  const shares = Array.from({ length: workers }, (_, worker) => lines.filter((_, index) => index % workers === worker));
  await Promise.all(shares.map(work));
}
