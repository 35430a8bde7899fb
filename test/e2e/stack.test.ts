import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { globSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { type TestContext, test } from "node:test";
import type { Report } from "../../lib/report/schema.ts";
import { startFakeAws } from "../support/fakeAws.ts";
import { temporaryFolder } from "../support/folder.ts";
import { chainInput, planInput } from "../support/plans.ts";
import { answeringServer, jsonResponse, RELAY, rawServer } from "../support/servers.ts";
import { reportOf, startVolley, volley } from "../support/volley.ts";

/* `--stack` against an AWS that lags, drops, throttles and expires. What is asked of it is real; what it runs is nothing. */

const PASSED = JSON.stringify({ verdict: { valid: true, pass: true, reasons: [] } });

function planFile(t: TestContext, changes: object = {}): string {
  const path = `${temporaryFolder(t)}/plan.json`;
  writeFileSync(
    path,
    JSON.stringify(planInput("https://gateway.example", { allowedHosts: ["gateway.example"], ...changes })),
  );
  return path;
}

const JSON_TYPE = { "Content-Type": "application/x-amz-json-1.0" };

test("a run is followed although its execution comes late, and AWS drops and throttles; then it is fetched", async (t) => {
  const aws = await startFakeAws(
    t,
    {
      statusAt: (sinceMs) => (sinceMs < 1_500 ? undefined : sinceMs < 5_500 ? "RUNNING" : "SUCCEEDED"),
      reportedAtMs: 5_000,
      meet(call, sinceMs, response) {
        if (sinceMs > 2_000 && sinceMs < 4_000) response.destroy();
        else if (call === "DescribeExecution" && sinceMs > 4_000 && sinceMs < 4_500) {
          response.writeHead(400, JSON_TYPE).end('{"__type":"ThrottlingException","message":"Rate exceeded"}');
        } else return false;
        return true;
      },
    },
    PASSED,
  );
  const running = startVolley(["run", planFile(t), "--stack", "volley", "--dashboard", "--json"], aws.env);
  const [, url = ""] = await running.printed(/dashboard: (http:\/\/127\.0\.0\.1:\d+)/);
  assert.equal((await fetch(url)).ok, true);
  const ended = await running.ended;
  assert.equal(ended.code, 0, ended.stdout + ended.stderr);
  assert.match(ended.stdout, /AWS does not answer.*AWS answers again.*"valid": true/s);

  const plan = [...aws.objects.keys()].find((key) => key.endsWith("/plan.json")) ?? "";
  const runId = plan.split("/")[1] ?? "";
  const folder = temporaryFolder(t);
  const fetched = await volley(["fetch", runId, "--stack", "volley", "--out", folder], aws.env);
  assert.equal(fetched.code, 0, fetched.stderr);
  assert.deepEqual(readdirSync(`${folder}/runs/${runId}`).sort(), ["plan.json", "report.json"]);
  assert.equal(readFileSync(`${folder}/${plan}`, "utf8"), aws.objects.get(plan));
});

test("--send with --stack sends the figures of the run in AWS while the command follows it, and so does volley watch", {
  timeout: 120_000,
}, async (t) => {
  const target = await answeringServer(t, () => jsonResponse(RELAY));
  const plan = planFile(t, { chains: [chainInput("ethereum", 100, target.origin)] });
  const folder = temporaryFolder(t);
  const local = await volley(["run", plan, "--out", folder, "--json"]);
  const { run, total } = reportOf(folder, local);
  const socket = createSocket("udp4").bind(0, "127.0.0.1");
  t.after(() => socket.close());
  await once(socket, "listening");
  const lines: string[] = [];
  socket.on("message", (message) => lines.push(...String(message).split("\n")));
  const send = ["--send", `statsd=127.0.0.1:${socket.address().port}`];

  const aws = await startFakeAws(
    t,
    { statusAt: (ms) => (ms < 8_000 ? "RUNNING" : "SUCCEEDED"), reportedAtMs: 7_500 },
    PASSED,
  );
  const running = startVolley(["run", plan, "--stack", "volley", "--json", ...send], aws.env);
  const [, runId = ""] = await running.printed(/"runId":"([^"]+)"/);
  // What the run's functions write, as those on this machine did.
  for (const path of globSync(`${folder}/runs/${run.id}/{schedule.json,chunks/**/*.json}`)) {
    const key = path.slice(folder.length + 1).replace(run.id, runId);
    aws.objects.set(key, readFileSync(path, "utf8").replaceAll(run.id, runId));
  }
  const ended = await running.ended;
  assert.equal(ended.code, 0, ended.stdout + ended.stderr);
  const sum = (): number =>
    lines
      .flatMap((line) => /^volley\.test\.ethereum\.requests\.valid:(\d+)\|c/.exec(line)?.[1] ?? [])
      .reduce((all, added) => all + Number(added), 0);
  assert.equal(sum(), total.ledger.valid, lines.join(" "));
  lines.length = 0;
  const watched = await volley(["watch", runId, "--stack", "volley", "--json", ...send], aws.env);
  assert.equal(watched.code, 0, watched.stderr);
  assert.equal(sum(), total.ledger.valid, lines.join(" "));
});

test("with credentials that expire the command ends with what to type, and an exit code of its own", async (t) => {
  const aws = await startFakeAws(t, {
    statusAt: () => "RUNNING",
    meet(call, sinceMs, response) {
      if (sinceMs < 1_000) return false;
      if (call === "S3")
        response.writeHead(400).end("<Error><Code>ExpiredToken</Code><Message>expired</Message></Error>");
      else response.writeHead(400, JSON_TYPE).end('{"__type":"ExpiredTokenException","message":"expired"}');
      return true;
    },
  });
  const { code, stderr, tookMs } = await volley(["run", planFile(t), "--stack", "volley", "--json"], aws.env);
  assert.equal(code, 5, stderr);
  assert.match(stderr, /no longer accepts these credentials \(ExpiredToken.*The run test-\S+ continues/);
  assert.match(stderr, /volley watch test-\S+ --stack volley\n$/);
  assert.ok(tookMs < 15_000);
});

test("a command that cannot open the deployment says what is wrong: the credentials, the region, the rights, the stack, or AWS", async (t) => {
  let error = ["ExpiredToken", "The security token included in the request is expired"];
  const aws = await startFakeAws(t, {
    statusAt: () => "RUNNING",
    meet(_call, _sinceMs, response) {
      const [code, message] = error;
      const body = `<ErrorResponse><Error><Code>${code}</Code><Message>${message}</Message></Error></ErrorResponse>`;
      response.writeHead(code === "Throttling" ? 503 : 400, { "Content-Type": "text/xml" }).end(body);
      return true;
    },
    isMetFromTheStart: true,
  });
  const said = async (args: string[], env: Record<string, string> = {}) => {
    const { code, stderr } = await volley([...args, "--stack", "volley"], { ...aws.env, ...env });
    return [code, stderr] as const;
  };
  const commands = [["abort", "r"], ["fetch", "r"], ["list"], ["watch", "r"], ["doctor"], ["report", "r"]];
  for (const [code, text] of await Promise.all(commands.map((args) => said(args)))) {
    assert.equal(code, 2, text);
    assert.match(text, /expired; expected credentials that AWS accepts: aws sso login/);
  }
  for (const [name, message, expected, exit] of [
    ["AccessDenied", "not authorized", /expected a person who has the stack's operator policy/, 2],
    ["ValidationError", "Stack with id volley does not exist", /expected the name of a stack/, 2],
    ["Throttling", "Rate exceeded", /Rate exceeded/, 4],
  ] as const) {
    error = [name, message];
    const [code, text] = await said(["abort", "r"]);
    assert.match(text, expected);
    assert.equal(code, exit, text);
    assert.equal(/name of a stack/.test(text), name === "ValidationError", text);
  }
  assert.match((await said(["abort", "r"], { AWS_REGION: "nowhere/else" }))[1], /expected a region: AWS_REGION/);
});

test("a high rate is asked about before anything is started, also in AWS", async (t) => {
  const aws = await startFakeAws(t, { statusAt: () => "RUNNING" });
  const target = { url: "https://gateway.example/", body: {}, expect: "http" };
  const plan = planFile(t, { chains: [{ name: "ethereum", rps: 1_001, targets: [target] }] });
  const { code, stderr } = await volley(["run", plan, "--stack", "volley"], aws.env);
  assert.equal(code, 2, stderr);
  assert.match(stderr, /1001 requests\/s to gateway\.example.*--yes/s);
  assert.deepEqual(aws.calls, {});
});

test("a run that failed before its report says how to make one, and it is made of what there is", async (t) => {
  const aws = await startFakeAws(t, { statusAt: () => "FAILED" });
  const failed = await volley(["run", planFile(t), "--stack", "volley", "--json"], aws.env);
  assert.notEqual(failed.code, 0);
  const [, runId = ""] = /volley report (test-\S+) --stack volley makes one/.exec(failed.stderr) ?? [];
  const never = await volley(["report", runId, "--stack", "volley"], aws.env);
  assert.equal(never.code, 2);
  assert.match(never.stderr, /no run that was planned/);

  const server = await rawServer(t, (socket) => socket.on("data", () => socket.write(jsonResponse(RELAY))));
  const folder = temporaryFolder(t);
  const plan = `${folder}/plan.json`;
  writeFileSync(plan, JSON.stringify(planInput(server.origin, { duration: "1s" })));
  const report = reportOf(folder, await volley(["run", plan, "--out", folder, "--json"]));
  const root = `runs/${report.run.id}`;
  for (const entry of readdirSync(`${folder}/${root}`, { recursive: true, withFileTypes: true })) {
    const path = `${entry.parentPath}/${entry.name}`;
    if (entry.isFile() && !/^(report|histograms)\./.test(entry.name)) {
      aws.objects.set(path.slice(folder.length + 1), readFileSync(path, "utf8"));
    }
  }
  const made = await volley(["report", report.run.id, "--stack", "volley", "--json"], aws.env);
  assert.deepEqual((JSON.parse(made.stdout) as Report).total.ledger, report.total.ledger, made.stderr);
  assert.ok(aws.objects.has(`${root}/report.html`) && aws.objects.has(`${root}/report.json`));
});
