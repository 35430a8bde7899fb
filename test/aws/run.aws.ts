import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { InvokeCommand, LambdaClient } from "@aws-sdk/client-lambda";
import { CreateSecretCommand, SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import { DescribeExecutionCommand, SFNClient, StartExecutionCommand } from "@aws-sdk/client-sfn";
import { CreateTopicCommand, SNSClient } from "@aws-sdk/client-sns";
import { Deployment } from "../../bin/deployment.ts";
import type { Check } from "../../lib/doctor/check.ts";
import { startGatewayProcess } from "../../lib/gateway/gatewayProcess.ts";
import { readTruth } from "../../lib/observe/observations.ts";
import { gatewaySchema } from "../../lib/plan/gatewaySchema.ts";
import { checkPlan } from "../../lib/plan/load.ts";
import type { Report } from "../../lib/report/schema.ts";
import { comparisonKey, planKey, reportKey, sealedSecretsKey } from "../../lib/store/keys.ts";
import { S3Store } from "../../lib/store/s3Store.ts";
import { CALL, planInput } from "../support/plans.ts";
import { startVolley, volley } from "../support/volley.ts";
import { bundleOf, type Deployed, type Synthesized, startDeployed } from "./deploy.ts";
import type { AwsStandIn } from "./standIn.ts";

const TOPIC = "arn:aws:sns:us-east-1:123456789012:volley-alarms";
const KEY = "the gateway's key";
const FORBIDDEN = { method: "POST", url: "https://example.com/", headers: [], weight: 1 };

test("the stack, deployed on the stand-in, runs a plan with its bundles, and the report is in its bucket", {
  timeout: 480_000,
}, async (t) => {
  const gateway = await startGatewayProcess(gatewaySchema.parse({}));
  t.after(() => gateway.stop());
  // A deployment loads loopback only where its own list names the port.
  const chain = (name: string, endpoint: string, rps: number) => ({
    name,
    rps,
    targets: [
      {
        url: `${gateway.origin}/api/gateway?endpoint=${endpoint}`,
        headers: { "X-Key": "secret://gateway-key" },
        body: { jsonrpc: "2.0", method: "eth_chainId", params: [], id: 1 },
      },
    ],
  });
  const chains = [chain("ethereum", "ETH_ENDPOINT_ID", 100), chain("kava", "KAVA_ENDPOINT_ID", 50)];
  const plan = planInput(gateway.origin, { chains, duration: "4s" });
  const started = await startDeployed(t, {
    // A deployment loads loopback only where its own list names the port.
    allowedHosts: new URL(gateway.origin).host,
    alarmTopicArn: TOPIC,
    // Secrets Manager adds six random letters to a secret's name.
    secretArns: "arn:aws:secretsmanager:us-east-1:123456789012:secret:gateway-key-??????",
    schedules: JSON.stringify([{ name: "nightly", expression: "cron(0 2 * * ? *)", plan, baseline: "nightly" }]),
  });
  if (!started) return;
  const { aws, deployed, synthesized } = started;

  await new SecretsManagerClient({}).send(new CreateSecretCommand({ Name: "gateway-key", SecretString: KEY }));
  const states = new SFNClient({});
  const name = "nightly-1f2e3d";
  const { executionArn } = await states.send(
    new StartExecutionCommand(scheduledStart(synthesized, deployed, "1f2e3d")),
  );
  let execution = await states.send(new DescribeExecutionCommand({ executionArn }));
  for (let tries = 0; execution.status === "RUNNING" && tries < 240; tries++) {
    await new Promise((done) => setTimeout(done, 500));
    execution = await states.send(new DescribeExecutionCommand({ executionArn }));
  }

  const text = await new S3Store(deployed.bucket).get(reportKey(name, "json"));
  assert.ok(text !== undefined, `no report.json in the bucket: ${execution.error}: ${execution.cause}`);
  const report = JSON.parse(text) as Report;
  const truth = await readTruth(gateway.origin);
  for (const { name: of, ledger } of report.chains) {
    const counted = truth.find((each) => each.name === of);
    assert.equal(ledger.valid, of === "ethereum" ? 400 : 200);
    assert.equal(counted?.requests, ledger.sent);
    assert.equal(counted?.relays, ledger.valid);
  }
  assert.ok(report.verdict.pass, report.verdict.reasons.join("\n"));
  // The stand-in shares the machine with the workers: whether they had it to themselves is the machine's affair, and
  // that the execution ends as the report says is ours.
  const expected = report.verdict.generator ? ["SUCCEEDED", undefined] : ["FAILED", "Volley.InvalidRun"];
  assert.deepEqual([execution.status, execution.error], expected, execution.cause);
  const invoked = new Set(
    aws.invocations.map((each) => Object.entries(deployed.functions).find(([, id]) => id === each)?.[0]),
  );
  assert.deepEqual(invoked, new Set(["plan", "watch", "attack", "reduce"]));

  const sealed = await new S3Store(deployed.bucket).get(sealedSecretsKey(name));
  assert.ok(sealed !== undefined && !sealed.includes(KEY), "the secret, encrypted");

  // What the command line does: upload, start, follow, list.
  const deployment = new Deployment("volley", deployed.bucket, deployed.stateMachineArn);
  assert.deepEqual(
    (await deployment.list()).map((run) => [run.runId, run.status]),
    [[name, execution.status]],
  );
  const bad = { ...checkPlan(plan, ".", "the test's plan"), chains: [{ name: "x", rps: 1, targets: [FORBIDDEN] }] };
  await deployment.store.put(planKey("refused"), JSON.stringify(bad));
  await deployment.start("refused", planKey("refused"));
  let refused = await deployment.status("refused");
  for (let tries = 0; refused?.status === "RUNNING" && tries < 60; tries++) {
    await new Promise((done) => setTimeout(done, 500));
    refused = await deployment.status("refused");
  }
  assert.equal(refused?.status, "FAILED");
  assert.match(refused?.error ?? "", /a host that this deployment allows: 127\.0\.0\.1:\d+/);
  assert.equal(await deployment.status("nobody"), undefined);
  await t.test(
    "a scheduled run is compared with its baseline when it has ended, and what is amiss is published",
    async () => {
      await compared(aws, deployed, synthesized, name);
    },
  );
  await t.test("volley doctor tells with evidence what is in order, and what is not", async () => {
    await doctorSees(aws, deployed, gateway.origin);
  });

  await t.test("volley verify runs its plans, and its report says what held", async () => {
    await verified(aws, deployed, gateway.origin);
  });

  await t.test(
    "volley runs and the page of volley serve show the runs in the bucket, and any of them",
    async (part) => {
      await shown(part, aws, name);
    },
  );

  const missing = await volley(["list", "--stack", "nobody"], aws.env);
  assert.equal(missing.code, 2, "a stack that is not there is bad input");
});

/** The runs of the deployment as the command line and its page show them; `name` is one that has a report. */
async function shown(t: TestContext, aws: AwsStandIn, name: string): Promise<void> {
  const { stdout } = await volley(["runs", "--stack", "volley", "--json"], aws.env);
  const runs = stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as { id: string; state: string });
  assert.match(runs.find(({ id }) => id === name)?.state ?? "", /^(passed|invalid)$/, stdout);
  assert.equal(runs.find(({ id }) => id === "refused")?.state, "unfinished", stdout);

  const serving = startVolley(["serve", "--stack", "volley", "--port", "0"], aws.env);
  t.after(() => serving.child.kill("SIGKILL"));
  const [, url = ""] = await serving.printed(/^all runs at (http:\S+);/m);
  const page = async (path: string): Promise<string> => (await fetch(`${url}${path}`)).text();
  const all = await page("");
  for (const { id } of runs) assert.ok(all.includes(id), `the page lacks ${id}`);
  assert.match(await page(`runs/${name}/`), /ethereum.*kava/s);
  assert.equal((await fetch(`${url}runs/nobody/`)).status, 404);
  serving.child.kill("SIGINT");
  assert.equal((await serving.ended).code, 0);
}

/** What the scheduler calls StartExecution with, by the template's target. */
function scheduledStart({ template }: Synthesized, { stateMachineArn }: Deployed, executionId: string) {
  const schedule = Object.values(template.Resources).find(({ Type }) => Type === "AWS::Scheduler::Schedule");
  assert.ok(schedule);
  const { Arn, Input } = schedule.Properties.Target as { Arn: unknown; Input: { "Fn::Join": [string, unknown[]] } };
  assert.match(JSON.stringify(Arn), /:scheduler:::aws-sdk:sfn:startExecution"/);
  const pieces = Input["Fn::Join"][1].map((piece) => (typeof piece === "string" ? piece : stateMachineArn));
  const call = JSON.parse(pieces.join("").replaceAll("<aws.scheduler.execution-id>", executionId)) as {
    StateMachineArn: string;
    Name: string;
    Input: string;
  };
  return { stateMachineArn: call.StateMachineArn, name: call.Name, input: call.Input };
}

/** Calls the function that the rule on ended executions has as its target, without a baseline and then with one. */
async function compared(aws: AwsStandIn, deployed: Deployed, synthesized: Synthesized, run: string): Promise<void> {
  await new SNSClient({}).send(new CreateTopicCommand({ Name: TOPIC.split(":").at(-1) ?? "" }));
  const FunctionName = deployed.nameOf("AWS::Lambda::Function", "Schedulescompare");
  aws.bundles.set(FunctionName, bundleOf(synthesized, "compare"));
  const ended = async (name: string): Promise<unknown> => {
    const Payload = JSON.stringify({ detail: { name } });
    const answer = await new LambdaClient({}).send(new InvokeCommand({ FunctionName, Payload }));
    return JSON.parse(Buffer.from(answer.Payload ?? []).toString());
  };
  assert.deepEqual(await ended("nobody's"), { told: false }, "a run that no schedule started");
  assert.deepEqual(await ended(run), { told: true });
  assert.match(aws.published.join(), new RegExp(`${run}, of nightly: [\\s\\S]*there is no baseline nightly`));

  const set = await volley(["baseline", "nightly", run, "--stack", "volley"], aws.env);
  assert.equal(set.stdout, `nightly is ${run}\n`, set.stderr);
  await ended(run);
  const store = new S3Store(deployed.bucket);
  const comparison = JSON.parse((await store.get(comparisonKey(run))) ?? "{}") as Record<string, unknown>;
  assert.deepEqual([comparison.baseline, comparison.before, comparison.after], ["nightly", run, run]);
}

/** The doctor, on a deployment whose roles deny what they should, and with a plan that has mistakes. */
async function doctorSees(aws: AwsStandIn, { bucket }: Deployed, origin: string): Promise<void> {
  denyAsRolesDo(aws, bucket);
  const closed = "http://127.0.0.1:1";
  const observe = { endpoints: [{ url: `${origin}/metrics` }, { url: `${closed}/metrics` }] };
  const chains = ["ethereum", "nobody", "nowhere"].map((name) => ({
    name,
    rps: 1,
    targets: [
      {
        url: `${origin}/api/gateway?endpoint=${name === "nowhere" ? "NONE" : "ETH_ENDPOINT_ID"}`,
        headers: { "X-Key": name === "nobody" ? "secret://gateway-kye" : "secret://gateway-key" },
        body: CALL,
      },
    ],
  }));
  const file = `${mkdtempSync(join(tmpdir(), "volley-doctor-"))}/plan.json`;
  writeFileSync(file, JSON.stringify(planInput(origin, { chains, observe, workers: 1_001, perWorkerRps: 1 })));
  const told = await volley(["doctor", file, "--stack", "volley", "--json"], aws.env);
  aws.faults.of = () => undefined;
  assert.equal(told.code, 1, told.stderr);
  const checks = JSON.parse(told.stdout) as Check[];
  const shown = checks.map(({ subject, level, evidence }) => `${level} ${subject}: ${evidence}`).join("\n");
  for (const expected of [
    /^ok stack: CREATE_COMPLETE$/m,
    /^ok version: 0\.1\.0, as this command$/m,
    /^ok functions: attack, plan, watch, reduce, next, doctor: active$/m,
    /^ok bucket: /m,
    /^ok clock in Lambda: /m,
    /^ok clock here: /m,
    /^ok roles: a function was denied to write elsewhere\.json/m,
    /^ok concurrency: 1000 Lambda/m,
    /^fail guards: \$\.workers: 1001 workers$/m,
    /^fail guards: \$\.observe\.endpoints\[1\]\.url: the host 127\.0\.0\.1$/m,
    /^ok memory: 1024 MB\. /m,
    /^ok secrets: secret:\/\/gateway-key can be read$/m,
    /^fail secrets: secret:\/\/gateway-kye /m,
    /^ok targets: ethereum: a relay from /m,
    /^fail targets: SecretError: secret:\/\/gateway-kye /m,
    /^(warn|fail) targets: nowhere: /m,
    /^fail observed: http:\/\/127\.0\.0\.1:1\/metrics: refused/m,
    /^ok observed: 1 of 2 metrics pages/m,
    /^warn earlier runs: refused ended \(failed\) without a report$/m,
  ]) {
    assert.match(shown, expected);
  }
  const plain = await volley(["doctor", "--stack", "volley", "--no-color"], aws.env);
  assert.match(plain.stdout, /^fail +roles +a function could write elsewhere\.json/m, "a role that allows too much");
  assert.match(plain.stdout, /^ +→ deploy again/m);
  assert.equal(plain.code, 1);
}

/** Refuses what a function's role denies: nobody's policies are enforced here. */
function denyAsRolesDo(aws: AwsStandIn, bucket: string): void {
  const denied = new Set([`/${bucket}/elsewhere.json`, `/${bucket}/runs/doctor/report.json`]);
  aws.faults.of = (method, path) => {
    const isDenied = method === "PUT" && denied.has(path.split("?")[0] ?? "");
    return isDenied ? { kind: "refused", status: 403, code: "AccessDenied" } : undefined;
  };
}

async function verified(aws: AwsStandIn, { bucket }: Deployed, origin: string): Promise<void> {
  denyAsRolesDo(aws, bucket);
  const file = `${mkdtempSync(join(tmpdir(), "volley-verify-"))}/verify.md`;
  const args = ["verify", "--stack", "volley", "--gateway", origin, "--file", file, "--by", "the test"];
  const { stdout, stderr } = await volley(args, aws.env);
  aws.faults.of = () => undefined;
  const text = readFileSync(file, "utf8");
  // Lags and what is late by them are the machine's affair here: test/doctor holds which figures a check takes.
  for (const expected of [
    /^\| a plain run \| \w+ \| 400 scheduled, \d+ sent, \d+ valid relays/m,
    /^\| hand-over \| \w+ \| 2 segments; seconds in which a request is missing: /m,
    /^\| start skew \| \w+ \| \d/m,
    /^\| counts \| \w+ \| \d+ sent by the reports/m,
    /^\| abort \| \w+ \| workers had stopped [\d.-]+ s after the flag; the report says stopped by volley abort/m,
    /^\| a killed worker \| \w+ \| w001 was killed: \d+ of its requests are missed, \d+ of w000's; the report names w001-s00/m,
    /^\| guards \| ok \| a plan for a host that is not allowed was refused \|$/m,
    /^\| roles \| ok \| a function was denied/m,
    /^\| Lambda time \| (ok|warn) \| [\d.]+ GB-s billed for \d+ calls, [\d.]+ estimated/m,
    /^- stack: volley, account 123456789012, region us-east-1$/m,
    /^Signed off by the test, \d{4}-\d\d-\d\d\.$/m,
  ]) {
    assert.match(text, expected, stdout + stderr);
  }
}
