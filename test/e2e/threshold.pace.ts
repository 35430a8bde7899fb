import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { test } from "node:test";
import { temporaryFolder } from "../support/folder.ts";
import { CALL, chainInput, planInput } from "../support/plans.ts";
import { answeringServer, jsonResponse, RELAY } from "../support/servers.ts";
import { reportOf, volley } from "../support/volley.ts";

test("a chain's threshold ends a run early: the report says which one, and the exit code that the SLO was missed", async (t) => {
  const folder = temporaryFolder(t);
  const { origin } = await answeringServer(t, () => jsonResponse(RELAY));
  const stop = [{ chain: "kava", success: 0.5, p50Ms: 0.001, window: "2s" }];
  const chains = [chainInput("boba", 50, origin), chainInput("kava", 50, origin)];
  const plan = planInput(origin, { chains, duration: "60s", limits: { stop } });
  writeFileSync(`${folder}/plan.json`, JSON.stringify(plan));
  const ended = await volley(["run", `${folder}/plan.json`, "--out", folder, "--json"]);
  const { run, verdict } = reportOf(folder, ended);
  // On a machine that is full the generator may be late, and the run is invalid then.
  assert.equal(ended.code, verdict.generator ? 1 : 3, ended.stdout + ended.stderr);
  assert.equal(run.abortedBy, "threshold");
  assert.ok(run.measuredMs < 30_000, `${run.measuredMs} ms`);
  assert.match(verdict.reasons.join(), /kava missed a threshold over 2 s: p50 was \d+(\.\d)? ms, the limit is/);
  assert.deepEqual([verdict.valid, verdict.pass], [verdict.generator, false]);
});

test("a rate of relays and a method's success stop runs against a target that fails one method", async (t) => {
  const { origin } = await answeringServer(t, (_, request) =>
    jsonResponse(
      request.includes("eth_getLogs") ? '{"jsonrpc":"2.0","id":1,"error":{"code":-32000,"message":"no"}}' : RELAY,
    ),
  );
  const calls = ["eth_blockNumber", "eth_getLogs"].map((method) => ({ url: origin, body: { ...CALL, method } }));
  const stopped = async (stop: object): Promise<string> => {
    const folder = temporaryFolder(t);
    const chains = [{ name: "kava", rps: 60, targets: calls }];
    const limits = { stop: [{ ...stop, window: "2s" }], breaker: false };
    writeFileSync(`${folder}/plan.json`, JSON.stringify(planInput(origin, { chains, duration: "60s", limits })));
    const ended = await volley(["run", `${folder}/plan.json`, "--out", folder, "--json"]);
    const { run, verdict } = reportOf(folder, ended);
    assert.equal(run.abortedBy, "threshold", ended.stdout + ended.stderr);
    assert.ok(run.measuredMs < 40_000, `${run.measuredMs} ms`);
    return verdict.reasons.join();
  };
  const reasons = await Promise.all([
    stopped({ relayRps: 45, success: 0.1 }),
    stopped({ methods: { eth_blockNumber: { success: 0.9, relayRps: 0.1 }, eth_getLogs: { success: 0.9 } } }),
  ]);
  assert.match(
    reasons[0],
    /kava missed a threshold over 2 s: the rate of relays was [23]\d(\.\d)?\/s, the limit is 45\/s/,
  );
  assert.match(reasons[1], /kava: eth_getLogs missed a threshold over 2 s: success was 0 %, the limit is 90 %/);
});
