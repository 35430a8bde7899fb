import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { parseArgs } from "node:util";
import { makeCertificate } from "./certificate.ts";
import { playPages } from "./pages.ts";
import { playRound } from "./round.ts";

/*
 * npm run hostile [-- --seconds 600] [--seed 1]: workers against servers that answer what no server should, for a set
 * time, and Watch's readers against pages and lines. Each round is one seed, two seconds and one kind of server; a
 * finding names the seed, which plays it again. Seeds that found something are kept in seeds.json, and npm test plays
 * them.
 */

const { values } = parseArgs({ options: { seconds: { type: "string", default: "600" }, seed: { type: "string" } } });
const untilMs = performance.now() + Number(values.seconds) * 1_000;
const folder = mkdtempSync(`${tmpdir()}/volley-hostile-`);
const classes: Record<string, number> = {};
const found: number[] = [];
let longestTurnMs = 0;
let longestPageMs = 0;
let rounds = 0;
try {
  const certificate = makeCertificate("openssl", folder);
  let seed = values.seed === undefined ? Math.floor(Date.now() / 1_000) : Number(values.seed);
  console.log(`seeds from ${seed}`);
  while (performance.now() < untilMs) {
    const pages = playPages(seed);
    const round = await playRound(seed++, certificate);
    round.findings.push(...pages.findings);
    longestPageMs = Math.max(longestPageMs, pages.longestMs);
    rounds++;
    longestTurnMs = Math.max(longestTurnMs, round.longestTurnMs);
    for (const [name, count] of Object.entries(round.classes)) classes[name] = (classes[name] ?? 0) + count;
    if (round.findings.length === 0) continue;
    found.push(round.seed);
    console.log(`seed ${round.seed}, ${round.kind}: ${round.findings.join("; ")}`);
  }
} finally {
  rmSync(folder, { recursive: true });
}
console.log(JSON.stringify(classes, null, 1));
console.log(
  `${rounds} rounds, longest turn ${longestTurnMs.toFixed(1)} ms, longest page or line ${longestPageMs.toFixed(1)} ms, ${found.length} with findings: ${found.join(", ") || "none"}`,
);
process.exitCode = found.length > 0 ? 1 : 0;
