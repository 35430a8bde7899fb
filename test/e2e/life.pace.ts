import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { type TestContext, test } from "node:test";
import { verdictCode } from "../../bin/exitCodes.ts";
import type { Report } from "../../lib/report/schema.ts";
import { temporaryFolder } from "../support/folder.ts";
import { planInput } from "../support/plans.ts";
import { answeringServer, jsonResponse, RELAY } from "../support/servers.ts";
import { ROOT, reportOf, startVolley, volley } from "../support/volley.ts";

/* What a run survives: nobody who reads what it prints, a folder that is renamed, and commands that look at it. */

const TARGET = { gateway: { chains: [{ name: "ethereum", endpoint: "ETHEREUM" }] } };

/** A folder with a plan of a second in it. */
function withPlan(t: TestContext): { folder: string; path: string } {
  const folder = temporaryFolder(t);
  const path = `${folder}/plan.json`;
  writeFileSync(path, JSON.stringify(planInput("http://127.0.0.1", { ...TARGET, duration: "1s" })));
  return { folder, path };
}

function onlyRun(folder: string): string {
  const [run = "", ...others] = readdirSync(`${folder}/runs`);
  assert.equal(others.length, 0);
  return `${folder}/runs/${run}`;
}

function readReport(run: string): Report {
  return JSON.parse(readFileSync(`${run}/report.json`, "utf8")) as Report;
}

for (const [name, sink] of [
  ["a reader that leaves after a line", "| head -1"],
  ["a full disk", "> /dev/full"],
] as const) {
  test(`standard output ends in ${name}: the run goes on, ends and reports, and its exit code is the verdict's`, (t) => {
    const { folder, path } = withPlan(t);
    const command = `${ROOT}bin/volley run ${path} --out ${folder} ${sink}; exit "\${PIPESTATUS[0]}"`;
    const { status, stderr } = spawnSync("bash", ["-c", command], { encoding: "utf8" });
    const { verdict, total, run } = readReport(onlyRun(folder));
    assert.equal(status, verdictCode(verdict), stderr);
    assert.equal(total.ledger.scheduled, 100);
    assert.ok(run.complete, stderr);
    assert.doesNotMatch(stderr, /\n\s+at /, "a stack");
    if (sink === "> /dev/full") assert.match(stderr, /^volley: standard output cannot be written: ENOSPC[^\n]*\n$/);
  });
}

test("a command whose output is all that it does fails when that cannot be written", (t) => {
  const { path } = withPlan(t);
  const { status, stderr } = spawnSync("bash", ["-c", `${ROOT}bin/volley plan ${path} > /dev/full`], {
    encoding: "utf8",
  });
  assert.equal(status, 4);
  assert.match(stderr, /standard output cannot be written/);
});

test("a renamed folder gives the same report, and one that has lost results is refused: the report stays", async (t) => {
  const { folder, path } = withPlan(t);
  await volley(["run", path, "--out", folder, "--json"]);
  const before = readReport(onlyRun(folder));
  const known = before.total.ledger.scheduled;
  const renamed = `${folder}/runs/monday`;
  renameSync(onlyRun(folder), renamed);
  await volley(["report", renamed]);
  const after = readReport(renamed);
  assert.deepEqual(after, { ...before, run: { ...before.run, id: "monday" } });

  for (const lost of ["summaries", "chunks"]) rmSync(`${renamed}/${lost}`, { recursive: true });
  const refused = await volley(["report", renamed]);
  assert.equal(refused.code, 2, refused.stdout + refused.stderr);
  assert.match(refused.stderr, new RegExp(`0 requests whose end is known, and a report that has ${known}`));
  assert.deepEqual(readReport(renamed), after);
  assert.ok(existsSync(`${renamed}/histograms.json`));
});

test("resume is refused while the runner lives, and the run is none the worse; nor does a report end a dead run", async (t) => {
  const folder = temporaryFolder(t);
  let requests = 0;
  const server = await answeringServer(t, () => {
    requests++;
    return jsonResponse(RELAY);
  });
  writeFileSync(`${folder}/plan.json`, JSON.stringify(planInput(server.origin, { duration: "30s", timeout: "1s" })));
  const run = startVolley(["run", `${folder}/plan.json`, "--out", folder, "--json"]);
  await run.printed(/"event":"progress"/);
  const refused = await volley(["resume", onlyRun(folder)]);
  assert.equal(refused.code, 2);
  assert.match(refused.stderr, /a run that is still running/);
  assert.equal(run.child.exitCode, null);
  assert.equal(readdirSync(`${onlyRun(folder)}/runners`).length, 1);

  run.child.kill("SIGKILL");
  await run.ended;
  const looked = await volley(["report", onlyRun(folder)]);
  assert.equal(looked.code, 3, looked.stderr);
  const known = readReport(onlyRun(folder)).total.ledger.valid;
  const before = requests;
  const resumed = startVolley(["resume", onlyRun(folder), "--json"]);
  for (let tries = 0; tries < 200 && requests < before + 100; tries++)
    await new Promise((done) => setTimeout(done, 50));
  resumed.child.kill("SIGINT");
  const ended = await resumed.ended;
  assert.equal(ended.code, 130, ended.stderr);
  const report = reportOf(folder, ended);
  assert.ok(report.total.ledger.valid > known, "nothing was sent after the resumption");
  assert.equal(report.total.missed.superseded, undefined);

  const again = await volley(["resume", onlyRun(folder)]);
  assert.equal(again.code, 2);
  assert.match(again.stderr, /a run that has its report/);
});
