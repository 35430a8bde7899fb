import assert from "node:assert/strict";
import { test } from "node:test";
import { DescribeExecutionCommand, SFNClient, StartExecutionCommand } from "@aws-sdk/client-sfn";
import { Deployment } from "../../bin/deployment.ts";
import { startGatewayProcess } from "../../lib/gateway/gatewayProcess.ts";
import { readTruth } from "../../lib/observe/observations.ts";
import { gatewaySchema } from "../../lib/plan/gatewaySchema.ts";
import { checkPlan } from "../../lib/plan/load.ts";
import type { Report } from "../../lib/report/schema.ts";
import { planKey, reportKey } from "../../lib/store/keys.ts";
import { S3Store } from "../../lib/store/s3Store.ts";
import { planInput } from "../support/plans.ts";
import { volley } from "../support/volley.ts";
import { startDeployed } from "./deploy.ts";

const FORBIDDEN = { method: "POST", url: "https://example.com/", headers: [], weight: 1 };

test("the stack, deployed on the stand-in, runs a plan with its bundles, and the report is in its bucket", {
  timeout: 300_000,
}, async (t) => {
  const gateway = await startGatewayProcess(gatewaySchema.parse({}));
  t.after(() => gateway.stop());
  // A deployment loads loopback only where its own list names the port.
  const started = await startDeployed(t, { allowedHosts: new URL(gateway.origin).host });
  if (!started) return;
  const { aws, deployed } = started;
  const chain = (name: string, endpoint: string, rps: number) => ({
    name,
    rps,
    targets: [
      {
        url: `${gateway.origin}/api/gateway?endpoint=${endpoint}`,
        body: { jsonrpc: "2.0", method: "eth_chainId", params: [], id: 1 },
      },
    ],
  });
  const chains = [chain("ethereum", "ETH_ENDPOINT_ID", 100), chain("kava", "KAVA_ENDPOINT_ID", 50)];
  const plan = planInput(gateway.origin, { chains, duration: "4s" });

  const states = new SFNClient({});
  const name = "standin-run";
  const { executionArn } = await states.send(
    new StartExecutionCommand({ stateMachineArn: deployed.stateMachineArn, name, input: JSON.stringify(plan) }),
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
  const missing = await volley(["list", "--stack", "nobody"], aws.env);
  assert.equal(missing.code, 2, "a stack that is not there is bad input");
});
