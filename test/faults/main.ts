import { writeFileSync } from "node:fs";
import { availableParallelism, cpus } from "node:os";
import { ROOT } from "../support/volley.ts";
import { type Outcome, type Row, runRow } from "./harness.ts";
import { ROWS } from "./rows.ts";

/* `npm run faults [-- PATTERN]`: every row of the fault table on real processes and sockets; writes docs/faults.md. */

/** Most tries of a row that fails while something else has the machine. */
const TRIES = 3;

/** Share of the machine's CPU time in use above which a row's times mean nothing. */
const BUSY = 0.85;

const pattern = new RegExp(process.argv[2] ?? "", "i");
const rows = ROWS.filter(({ name }) => pattern.test(name));
const outcomes: Outcome[] = [];
for (const row of rows) {
  const outcome = await runWhenQuiet(row);
  outcomes.push(outcome);
  const state = outcome.skipped === undefined ? (outcome.problems.length === 0 ? "pass" : "FAIL") : "skip";
  process.stdout.write(`${state}  ${outcome.seconds.toFixed(1).padStart(5)} s  ${row.name}\n`);
  for (const problem of outcome.problems) process.stdout.write(`      ${problem}\n`);
  if (outcome.skipped !== undefined) process.stdout.write(`      needs ${outcome.skipped}\n`);
}
/** Runs a row; again where it failed and the machine was busy meanwhile, which rows that measure time cannot pass. */
async function runWhenQuiet(row: Row): Promise<Outcome> {
  for (let tries = 1; ; tries++) {
    const before = cpuTimes();
    const outcome = await runRow(row);
    const now = cpuTimes();
    const used = 1 - (now.idle - before.idle) / (now.all - before.all);
    if (outcome.problems.length === 0 || used < BUSY || tries === TRIES) return outcome;
    process.stdout.write(`again  ${row.name}: the machine was busy (${Math.round(used * 100)} %)\n`);
  }
}

function cpuTimes(): { idle: number; all: number } {
  const times = cpus().map((cpu) => cpu.times);
  const all = times.flatMap((each) => Object.values(each)).reduce((sum, ms) => sum + ms, 0);
  return { idle: times.reduce((sum, { idle }) => sum + idle, 0), all };
}

const failed = outcomes.filter(({ problems }) => problems.length > 0);
const skipped = outcomes.filter(({ skipped: why }) => why !== undefined);
const passed = outcomes.length - failed.length - skipped.length;
process.stdout.write(`${passed} passed, ${failed.length} failed, ${skipped.length} skipped\n`);
if (rows.length === ROWS.length) writeFileSync(`${ROOT}docs/faults.md`, table());
process.exitCode = failed.length === 0 ? 0 : 1;

function table(): string {
  const lost = outcomes.reduce((sum, each) => sum + each.lost, 0);
  const doubled = outcomes.reduce((sum, each) => sum + each.doubled, 0);
  const lines = outcomes.map(({ name, seconds, lost: own, problems, skipped: why }) => {
    const state = why !== undefined ? `skipped: needs ${why}` : problems.length === 0 ? "pass" : problems.join("; ");
    return `| ${name} | ${seconds.toFixed(1)} | ${own} | ${state} |`;
  });
  return `# Faults

\`npm run faults\` does each of these to a run on real processes and sockets. A row passes when the run ended in its time,
the ledger balances, the relays that the report counts are those that the stand-in gateway counted (but for at most one
flush interval of a worker that was killed), the report says in words what happened, and exit code and verdict are right.
*Lost* are relays that the gateway answered and that a killed worker did not live to write down; the report books and
names them. Measured on ${cpus()[0]?.model ?? "an unknown CPU"}, ${availableParallelism()} cores, Node ${process.versions.node}.

${outcomes.length} rows: ${passed} passed, ${failed.length} failed, ${skipped.length} skipped; ${lost} relays lost with killed workers, ${doubled} doubled.

| fault | seconds | lost | |
|---|---|---|---|
${lines.join("\n")}
`;
}
