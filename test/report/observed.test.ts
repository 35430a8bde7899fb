import assert from "node:assert/strict";
import { test } from "node:test";
import { observedHints, observedOf } from "../../lib/report/observed.ts";
import { checkedPlan } from "../support/plans.ts";

const URL = "http://127.0.0.1:9/metrics";
const PLAN = checkedPlan("http://127.0.0.1:9", {
  observe: {
    endpoints: [{ url: `${URL}?token=secret` }],
    costs: [{ name: "q", metric: "q_total" }],
    resources: [{ name: "pool", used: { metric: "pool_used" }, limit: 10 }],
  },
});
const SCHEDULE = {
  runId: "r",
  startAtMs: 1_000_000,
  endAtMs: 1_060_000,
  workers: 1,
  segments: 1,
  assignments: 1,
  parts: 1,
};
const RUN = { plan: PLAN, measuredMs: 60_000 };
const LOOKED = [{ fromMs: 1_000_000, untilMs: 1_060_000 }];

const DEAD = { url: URL, failure: "unreachable" as const, detail: "connect ECONNREFUSED 127.0.0.1:9" };
const Q = { name: "q_total", labels: {}, value: 1 };

test("a dead endpoint is named with its failures, and no selector besides", () => {
  const scrapes = [1, 2, 3].map((atMs) => ({ atMs, samples: [], failed: [DEAD] }));
  const observed = observedOf(RUN, SCHEDULE, scrapes, LOOKED);
  assert.deepEqual(observed.endpoints, [
    { url: URL, looks: 3, failures: [{ failure: "unreachable", count: 3, detail: DEAD.detail }] },
  ]);
  assert.deepEqual([observed.unmatched, observed.watch], [[], { gaps: [], unwatchedMs: 0 }]);
  const [hint, ...others] = observedHints(observed);
  assert.equal(hint?.what, `The metrics of ${URL} could not be read`);
  assert.match(hint?.evidence ?? "", /^3 of 3 looks failed \(unreachable: connect ECONNREFUSED/);
  assert.equal(others.length, 0);
  assert.ok(!JSON.stringify(observed).includes("secret"));
});

test("a selector without a sample is named once there was a page", () => {
  const scrapes = [
    { atMs: 1, samples: [], failed: [DEAD] },
    { atMs: 2, samples: [Q], failed: [] },
  ];
  const observed = observedOf(RUN, SCHEDULE, scrapes, LOOKED);
  assert.deepEqual(observed.unmatched, [{ of: "resource", name: "pool", metric: "pool_used", labels: {} }]);
  assert.match(JSON.stringify(observedHints(observed)), /pool found no sample.*observe\.resources/);
});

test("when nobody watched is told; of a run that goes on it is not known", () => {
  const scrapes = [{ atMs: 1, samples: [Q, { ...Q, name: "pool_used" }], failed: [] }];
  const { watch } = observedOf(RUN, SCHEDULE, scrapes, [{ fromMs: 1_000_000, untilMs: 1_020_000 }]);
  assert.deepEqual(watch, { gaps: [{ fromMs: 20_000, toMs: 60_000 }], unwatchedMs: 40_000 });
  const observed = observedOf(RUN, SCHEDULE, scrapes, undefined);
  assert.equal(observed.watch, null);
  assert.deepEqual(observedHints(observed), []);
  assert.match(JSON.stringify(observedHints({ ...observed, watch })), /Nobody watched for 40 s.*20–60 s/);
});
