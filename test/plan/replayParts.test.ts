import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { type TestContext, test } from "node:test";
import { prepareChain } from "../../lib/attack/requests.ts";
import { assign, phaseRange } from "../../lib/plan/assign.ts";
import { checkPlan } from "../../lib/plan/load.ts";
import { LINES_IN_PLAN, planWithoutLines, replayPartsOf, withReplayParts } from "../../lib/plan/replayParts.ts";
import type { Chain, Plan } from "../../lib/plan/schema.ts";
import { temporaryFolder } from "../support/folder.ts";

const LINES = LINES_IN_PLAN + 1_003;

/** A plan that replays some thousand lines, one of them with a placeholder that is drawn, over three workers. */
function replayPlan(t: TestContext, changes: Record<string, unknown> = {}): Plan {
  const folder = temporaryFolder(t);
  const lines = Array.from({ length: LINES }, (_, index) => {
    const params = index % 10 === 0 ? ["{{randomAddress}}"] : [`0x${index}`];
    const body = { jsonrpc: "2.0", method: "eth_getBalance", params, id: index };
    return JSON.stringify({ at: index, url: `http://127.0.0.1:1/${index % 3}`, body });
  });
  writeFileSync(`${folder}/log.jsonl`, lines.join("\n"));
  const chains = [{ name: "log", replay: { file: "log.jsonl" } }];
  return checkPlan({ name: "r", chains, duration: "4s", workers: 3, perWorkerRps: 2_000, ...changes }, folder, "it");
}

test("each line of a replay is in the part of one assignment, and its request there is the whole plan's", (t) => {
  for (const segment of ["4s", "1s"]) {
    const plan = replayPlan(t, { segment });
    const options = { keepalive: true, seed: plan.seed };
    const whole = prepareChain(plan.chains[0] as Chain, options);
    const stored = JSON.parse(JSON.stringify(planWithoutLines(plan))) as Plan;
    const seen = new Set<number>();
    for (const assignment of assign(plan, { runId: "r", startAtMs: 0, leadMs: 0 })) {
      const parts = replayPartsOf(plan, assignment);
      const own = withReplayParts(stored, assignment, parts);
      const [chain] = own.chains as [Chain];
      const [share] = assignment.shares;
      assert.ok(share);
      const requests = prepareChain(chain, options);
      const { from, to } = phaseRange(own, assignment, share, "measure");
      for (let n = chain.part?.first ?? to; n < to; n += share.of) {
        assert.ok(n >= from && !seen.has(n));
        seen.add(n);
        assert.deepEqual(requests(n).http1, whole(n).http1);
      }
    }
    assert.equal(seen.size, LINES);
  }
});

test("what is stored of a long replay is when its lines are due, and one target for each URL", (t) => {
  const [chain] = planWithoutLines(replayPlan(t)).chains;
  assert.equal(chain?.replay?.length, LINES);
  assert.deepEqual(
    chain?.targets.map(({ url }) => url),
    [0, 1, 2].map((path) => `http://127.0.0.1:1/${path}`),
  );
});
