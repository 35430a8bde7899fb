import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { test } from "node:test";
import { temporaryFolder } from "../support/folder.ts";
import { chainInput, planInput } from "../support/plans.ts";
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
