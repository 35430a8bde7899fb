import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { Ajv2020 } from "ajv/dist/2020.js";
import type { Report, ReportChain } from "../../lib/report/schema.ts";
import { balances } from "../../lib/results/ledger.ts";
import { temporaryFolder } from "../support/folder.ts";
import { startNginx } from "../support/nginx.ts";
import { chainInput, planInput } from "../support/plans.ts";
import { processesWith } from "../support/processes.ts";
import { requireProgram } from "../support/programs.ts";
import { DEAD_ORIGIN, rawServer } from "../support/servers.ts";
import { ROOT, reportOf, startVolley, volley } from "../support/volley.ts";

/*
 * The whole way of a plan: the command, the deployed definition, a process for each worker, real sockets. Rates are low,
 * for these tests run beside each other on few cores; the demo itself is the test of the full rate.
 */

function writePlan(folder: string, plan: object): string {
  const path = `${folder}/plan.json`;
  writeFileSync(path, JSON.stringify(plan));
  return path;
}

function chain(report: Report, name: string): ReportChain {
  return report.chains.find((each) => each.name === name) ?? assert.fail(`no chain ${name}`);
}

const FOUR = "ethereum boba mantle kava".split(" ");

/** The demo's four chains at a tenth of its rates, against the stand-in gateway. */
function smallDemo(changes: object = {}): object {
  const chains = FOUR.map((name, index) => ({
    name,
    rps: index === 0 ? 200 : 100,
    targets: `${ROOT}plans/targets/targets-${name}.txt`,
  }));
  return { name: "small-demo", chains, duration: "4s", perWorkerRps: 200, gateway: {}, ...changes };
}

test("the report's figures are the plan's and the gateway's own, to the request", async (t) => {
  const folder = temporaryFolder(t);
  const ended = await volley(["run", writePlan(folder, smallDemo()), "--out", folder, "--json"]);
  assert.equal(ended.code, 0, ended.stdout + ended.stderr);
  const report = reportOf(folder, ended);
  assert.deepEqual(report.verdict, { valid: true, pass: true, generator: true, reasons: [], causes: [] });
  assert.ok(report.startSkewMs !== null && report.startSkewMs < 500, `start skew ${report.startSkewMs} ms`);
  assert.deepEqual(
    report.chains.map(({ name }) => name),
    FOUR,
  );
  for (const { name, offeredRps, achievedRps, success, ledger, truth } of report.chains) {
    assert.ok(Math.abs(achievedRps / offeredRps - 1) <= 0.005, `${name}: ${achievedRps} of ${offeredRps}`);
    assert.ok(success !== null && success > 0.99);
    assert.ok(balances(ledger));
    assert.deepEqual([truth?.requests, truth?.relays], [ledger.sent, ledger.valid]);
  }
  assert.equal(report.workers.length, 4);
  assert.equal(report.total.ledger.scheduled, 2_000);

  const schema = JSON.parse(readFileSync(`${ROOT}schema/report.schema.json`, "utf8"));
  const validate = new Ajv2020({ strict: false, validateFormats: false }).compile(schema);
  assert.ok(validate(report), JSON.stringify(validate.errors));
  const [run = ""] = readdirSync(`${folder}/runs`);
  const files = readdirSync(`${folder}/runs/${run}`);
  for (const name of [
    "plan.json",
    "assignments.json",
    "chunks",
    "summaries",
    "report.json",
    "report.html",
    "report.txt",
  ]) {
    assert.ok(files.includes(name), `${name} is missing: ${files}`);
  }

  const again = await volley(["report", `${folder}/runs/${run}`, "--json"]);
  assert.deepEqual(JSON.parse(again.stdout), report, "a second reduction gives the same report");
});

test("errors of every kind are counted as the gateway made them, and the SLO decides the exit code", async (t) => {
  const folder = temporaryFolder(t);
  const errors = { http500: 0.05, http429: 0.03, rpcError: 0.05, reset: 0.02, timeout: 0.02 };
  const gateway = { chains: [{ name: "ethereum", endpoint: "ETHEREUM", errors }] };
  const plan = planInput("http://127.0.0.1", { gateway, timeout: "1s", duration: "4s" });
  const ended = await volley(["run", writePlan(folder, plan), "--out", folder, "--json"]);
  assert.equal(ended.code, 1);
  const report = reportOf(folder, ended);
  assert.equal(report.verdict.valid, true, report.verdict.reasons.join());
  assert.equal(report.verdict.pass, false);
  assert.match(report.verdict.reasons.join(), /ethereum: success \d+(\.\d+)? % is below 99 %/);
  const { ledger, truth, errors: failed, invalid, statuses } = chain(report, "ethereum");
  assert.ok(balances(ledger));
  assert.deepEqual([truth?.requests, truth?.relays], [ledger.sent, ledger.valid]);
  assert.ok((failed.ECONNRESET ?? 0) > 0 && (failed["headers-timeout"] ?? 0) > 0, JSON.stringify(failed));
  assert.equal(statuses[500], invalid["http-500"], JSON.stringify({ statuses, invalid }));
  const limited = (invalid["http-429"] ?? 0) + (invalid["rpc-rate-limited"] ?? 0);
  assert.equal(statuses[429], limited, JSON.stringify({ statuses, invalid }));
  assert.equal(statuses[200], ledger.valid + (invalid["rpc-server-error"] ?? 0));
});

test("an independent server's access log has the counts of the report", async (t) => {
  const nginx = await startNginx(t);
  if (!nginx) return;
  const folder = temporaryFolder(t);
  const plan = smallDemo({ gateway: undefined, preflight: false });
  const ended = await volley(["run", writePlan(folder, plan), "--origin", nginx.origin, "--out", folder, "--json"]);
  assert.equal(ended.code, 0, ended.stdout + ended.stderr);
  const report = reportOf(folder, ended);
  const requests = nginx.requests();
  for (const [name, endpoint] of Object.entries({ ethereum: "ETH", boba: "BOBA", mantle: "MANTLE", kava: "KAVA" })) {
    const logged = requests.filter((uri) => uri === `/api/gateway?endpoint=${endpoint}_ENDPOINT_ID`).length;
    assert.equal(chain(report, name).ledger.sent, logged);
    assert.equal(chain(report, name).ledger.valid, logged);
  }
  assert.equal(report.total.ledger.sent, requests.length);
});

test("a dead target: the run ends in its time, the errors are ECONNREFUSED, the exit code is 1", async (t) => {
  const folder = temporaryFolder(t);
  const plan = planInput(DEAD_ORIGIN, { duration: "3s", preflight: false });
  const ended = await volley(["run", writePlan(folder, plan), "--out", folder, "--json"]);
  assert.equal(ended.code, 1);
  assert.ok(ended.tookMs < 15_000, `it took ${ended.tookMs} ms`);
  const report = reportOf(folder, ended);
  assert.equal(report.verdict.pass, false);
  assert.deepEqual(chain(report, "ethereum").errors, { ECONNREFUSED: 300 });
  assert.ok(balances(report.total.ledger));
});

test("a plan with ten mistakes: ten problems, exit code 2, nothing sent, nothing written", async (t) => {
  const folder = temporaryFolder(t);
  const server = await rawServer(t, () => {});
  const plan = {
    name: "ten mistakes",
    chains: [
      chainInput("ethereum", 100, server.origin),
      { ...chainInput("boba", 0, server.origin), target: "x" },
      { ...chainInput("kava", 100, server.origin), targets: "nowhere.txt" },
    ],
    duration: "soon",
    perWorkerRps: "500",
    warmup: -1,
    timeout: true,
    http: "3",
    slo: { sucess: 0.99 },
  };
  const ended = await volley(["run", writePlan(folder, plan), "--out", folder]);
  assert.equal(ended.code, 2);
  const [title = "", ...problems] = ended.stderr.trimEnd().split("\n");
  assert.match(title, /10 problems$/);
  assert.equal(problems.length, 10, ended.stderr);
  for (const problem of problems) assert.match(problem, /^ {2}\S.*: found .+; expected .+$/);
  assert.equal(server.connections, 0);
  assert.ok(!existsSync(`${folder}/runs`));
});

test("Ctrl-C stops the workers within 2 s and reports what was measured", async (t) => {
  const folder = temporaryFolder(t);
  const run = startVolley(["run", writePlan(folder, smallDemo({ duration: "60s" })), "--out", folder, "--json"]);
  await run.printed(/"event":"progress"/);
  const stoppedAtMs = performance.now();
  run.child.kill("SIGINT");
  const ended = await run.ended;
  // The workers' two seconds, and the time that reducing takes.
  assert.ok(performance.now() - stoppedAtMs < 6_000, `it took ${performance.now() - stoppedAtMs} ms`);
  assert.equal(ended.code, 130);
  const report = reportOf(folder, ended);
  assert.match(report.verdict.reasons.join(), /aborted after .* stopped by SIGINT/);
  assert.ok(report.run.aborted);
  assert.ok(balances(report.total.ledger));
  assert.ok(report.total.ledger.sent > 0);
  for (const { ledger, truth } of report.chains) assert.ok(truth && truth.requests <= ledger.sent);
});

test("a second Ctrl-C leaves at once: without the report that the first one would give, and nothing is left", async (t) => {
  const folder = temporaryFolder(t);
  let connections = 0;
  // What is in flight is never answered, so that the first Ctrl-C has something to wait for.
  const server = await rawServer(t, (socket) => {
    connections++;
    socket.resume().on("close", () => connections--);
  });
  const plan = planInput(server.origin, { duration: "60s" });
  const run = startVolley(["run", writePlan(folder, plan), "--out", folder, "--json"]);
  await run.printed(/"event":"progress"/);
  run.child.kill("SIGINT");
  // A terminal's one Ctrl-C may come twice within 300 ms; the workers drain for longer than this.
  await new Promise((done) => setTimeout(done, 350));
  const secondAtMs = performance.now();
  run.child.kill("SIGINT");
  const ended = await run.ended;
  const tookMs = performance.now() - secondAtMs;
  assert.equal(ended.code, 130);
  assert.ok(tookMs < 1_000, `it took ${tookMs} ms to leave`);
  assert.doesNotMatch(ended.stdout, /"event":"report"/);
  const [runId = ""] = readdirSync(`${folder}/runs`);
  assert.ok(!existsSync(`${folder}/runs/${runId}/report.json`), "there is a report: the second Ctrl-C waited for it");
  for (let tries = 0; tries < 20 && connections > 0; tries++) await new Promise((done) => setTimeout(done, 50));
  assert.equal(connections, 0, "workers still hold connections");
  assert.deepEqual(processesWith(folder), []);
});

test("one worker killed: the run goes on, the report says what is missing", async (t) => {
  const folder = temporaryFolder(t);
  const nginx = await startNginx(t);
  if (!nginx) return;
  const plan = planInput(nginx.origin, { duration: "5s", timeout: "2s", workers: 2 });
  const run = startVolley(["run", writePlan(folder, plan), "--out", folder, "--json"]);
  await run.printed(/"event":"progress"/);
  const workers = childrenOf(run.child.pid as number).filter((pid) => commandOf(pid).includes("functions/attack.ts"));
  assert.equal(workers.length, 2);
  process.kill(workers[0] as number, "SIGKILL");
  const ended = await run.ended;
  assert.equal(ended.code, 3);
  const report = reportOf(folder, ended);
  assert.equal(report.verdict.valid, false);
  assert.equal(report.run.complete, false);
  const { ledger, missed } = chain(report, "ethereum");
  assert.ok(balances(ledger));
  assert.ok((missed.lost ?? 0) > 0);
  // What the killed worker sent since its last flush is all that the report may lack.
  const sent = nginx.requests().length;
  assert.ok(sent >= ledger.sent && sent - ledger.sent <= 100, `${sent} in the log, ${ledger.sent} in the report`);
  assert.match(report.findings.join("\n"), /w00[01]-s00/);
});

function childrenOf(pid: number): number[] {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8")
    .trim()
    .split(" ")
    .filter(Boolean)
    .map(Number);
  return children.flatMap((child) => [child, ...childrenOf(child)]);
}

function commandOf(pid: number): string {
  return readFileSync(`/proc/${pid}/cmdline`, "utf8");
}

test("a high rate to another host is asked about: refused without a person, or when another name is typed", async (t) => {
  const folder = temporaryFolder(t);
  const chains = [{ name: "x", rps: 1_001, targets: [{ url: "http://gateway.invalid/", body: "{}", expect: "http" }] }];
  const path = writePlan(folder, { name: "confirm", chains, duration: "1s", allowedHosts: ["gateway.invalid"] });
  const unasked = await volley(["run", path, "--out", folder]);
  assert.equal(unasked.code, 2);
  assert.match(unasked.stderr, /found 1001 requests\/s to gateway\.invalid; expected --yes/);

  const program = requireProgram(t, "script", "bsdutils");
  if (program === undefined) return;
  const command = `${ROOT}bin/volley run ${path} --out ${folder}`;
  const asked = spawnSync(program, ["-qec", command, "/dev/null"], { input: "gateway.example\n", encoding: "utf8" });
  assert.match(asked.stdout, /type gateway\.invalid to go on/);
  assert.match(asked.stdout, /expected gateway\.invalid typed/);
  assert.equal(asked.status, 2);
  assert.ok(!existsSync(`${folder}/runs`), "nothing was begun");
});

test("Ctrl-C at the question ends in a line, and nothing is begun", async (t) => {
  const program = requireProgram(t, "script", "bsdutils");
  if (program === undefined) return;
  const folder = temporaryFolder(t);
  const chains = [{ name: "x", rps: 1_001, targets: [{ url: "http://gateway.invalid/", body: "{}", expect: "http" }] }];
  const path = writePlan(folder, { name: "confirm", chains, duration: "1s", allowedHosts: ["gateway.invalid"] });
  const command = `${ROOT}bin/volley run ${path} --out ${folder}`;
  const asked = spawn(program, ["-qec", command, "/dev/null"]);
  t.after(() => asked.kill("SIGKILL"));
  let text = "";
  for await (const piece of asked.stdout) {
    const isAsking = text.includes("to go on: ");
    text += piece;
    if (!isAsking && text.includes("to go on: ")) asked.stdin.write("\u0003");
  }
  assert.match(text, /to go on: [^\n]*\s+nothing was sent\s+$/);
  if (asked.exitCode === null) await once(asked, "exit");
  assert.equal(asked.exitCode, 130);
  assert.ok(!existsSync(`${folder}/runs`), "nothing was begun");
});
