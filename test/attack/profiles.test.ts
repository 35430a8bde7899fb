import assert from "node:assert/strict";
import { test } from "node:test";
import { attack } from "../../lib/attack/worker.ts";
import { assign, chainSchedule } from "../../lib/plan/assign.ts";
import type { Plan } from "../../lib/plan/schema.ts";
import { type Summary, total } from "../../lib/results/chunk.ts";
import { systemClock } from "../../lib/store/clock.ts";
import { chainInput, checkedPlan } from "../support/plans.ts";
import { answeringServer, jsonResponse, RELAY } from "../support/servers.ts";

const RPS = 60;
const DURATION_MS = 1_200;
const SEGMENT_MS = 700;
const LEAD_MS = 400;

/** Shapes as [length in ms, share at its begin, share at its end], from which the test takes its own integral. */
const PROFILES: Record<string, { profile: object; shape: [number, number, number][] }> = {
  constant: { profile: { type: "constant" }, shape: [[1_200, 1, 1]] },
  "ramp 0.1 → 1": { profile: { type: "ramp", from: 0.1, to: 1 }, shape: [[1_200, 0.1, 1]] },
  "ramp 0 → 1": { profile: { type: "ramp", from: 0, to: 1 }, shape: [[1_200, 0, 1]] },
  "ramp 1 → 0": { profile: { type: "ramp", from: 1, to: 0 }, shape: [[1_200, 1, 0]] },
  "steps with a pause": {
    profile: {
      type: "steps",
      steps: [
        { share: 0, for: "300ms" },
        { share: 0.5, for: "400ms" },
        { share: 0, for: "200ms" },
        { share: 1, for: "300ms" },
      ],
    },
    shape: [
      [300, 0, 0],
      [400, 0.5, 0.5],
      [200, 0, 0],
      [300, 1, 1],
    ],
  },
  "steps shorter than an interval": {
    profile: { type: "steps", steps: Array.from({ length: 120 }, (_, n) => ({ share: (n % 3) / 2, for: "10ms" })) },
    shape: Array.from({ length: 120 }, (_, n): [number, number, number] => [10, (n % 3) / 2, (n % 3) / 2]),
  },
};

/** The rate's integral up to an instant, in small steps: no formula of the code's. */
function reachedAt(shape: readonly [number, number, number][], untilMs: number): number {
  let reached = 0;
  let beganMs = 0;
  for (const [lengthMs, from, to] of shape) {
    for (let ms = 0; ms < lengthMs && beganMs + ms < untilMs; ms += 0.5) {
      const share = from + ((to - from) * (ms + 0.25)) / lengthMs;
      reached += (share * RPS * 0.5) / 1_000;
    }
    beganMs += lengthMs;
  }
  return reached;
}

/** Runs all workers of a plan in this process, as second attempts that join then where it says so. */
async function runAll(plan: Plan, joinsAtMs?: number): Promise<Summary[]> {
  const startAtMs = Date.now() + LEAD_MS + plan.warmupMs;
  const assignments = assign(plan, { runId: "run", startAtMs, leadMs: LEAD_MS });
  return Promise.all(
    assignments.map((assignment) =>
      attack(
        {
          plan,
          assignment,
          attempt: joinsAtMs === undefined ? 1 : 2,
          ...(joinsAtMs !== undefined && { joinsAtMs: startAtMs + joinsAtMs }),
        },
        { clock: systemClock, emit: async () => {}, stopRequested: async () => undefined },
      ),
    ),
  );
}

/** Requests of a phase that were sent or missed, all workers together. */
function scheduledIn(summaries: readonly Summary[], phase: string): number {
  const series = summaries.flatMap((summary) => summary.series).filter((each) => each.phase === phase);
  return series.reduce((sum, each) => sum + each.sent + total(each.missed), 0);
}

/** How many plans run side by side: each has two workers, and each worker a thread. */
const SIDE_BY_SIDE = 6;

for (const mode of ["lambda", "fleet"] as const) {
  test(`${mode}: every profile sends what its integral says, first and later attempts, over segments`, async (t) => {
    let served = 0;
    const server = await answeringServer(t, () => {
      served++;
      return jsonResponse(RELAY);
    });
    const runs = Object.keys(PROFILES).flatMap((name) =>
      (["even", "poisson"] as const).flatMap((arrivals) =>
        [undefined, 500].map((joinsAtMs) => ({ name, arrivals, joinsAtMs })),
      ),
    );
    let sent = 0;
    let scheduledInAll = 0;
    const tryOne = async ({ name, arrivals, joinsAtMs }: (typeof runs)[number]): Promise<void> => {
      const { profile, shape } = PROFILES[name] as (typeof PROFILES)[string];
      const plan = checkedPlan(server.origin, {
        mode,
        workers: mode === "fleet" ? 2 : 1,
        connections: 1,
        duration: `${DURATION_MS}ms`,
        segment: `${SEGMENT_MS}ms`,
        profile,
        arrivals,
        chains: [chainInput("ethereum", RPS, server.origin)],
      });
      const summaries = await runAll(plan, joinsAtMs);
      assert.equal(summaries.length, 2);
      const label = `${name}, ${arrivals}, joins at ${joinsAtMs}`;
      const due = reachedAt(shape, DURATION_MS) - reachedAt(shape, joinsAtMs ?? 0);
      const scheduled = scheduledIn(summaries, "measure");
      const most = arrivals === "even" ? 1 : 4 * Math.sqrt(due);
      assert.ok(Math.abs(scheduled - due) <= most, `${label}: ${scheduled} of ${due}`);
      scheduledInAll += scheduled;
      for (const { series } of summaries) for (const each of series) sent += each.sent;
      if (joinsAtMs !== undefined) return;
      const chain = plan.chains[0];
      assert.ok(chain);
      assert.equal(scheduled, chainSchedule(plan, chain, "measure").count, label);
    };
    for (let from = 0; from < runs.length; from += SIDE_BY_SIDE) {
      await Promise.all(runs.slice(from, from + SIDE_BY_SIDE).map(tryOne));
    }
    assert.equal(served, sent);
    // Timed, and so generous: it runs beside other tests.
    assert.ok(sent > scheduledInAll / 20, `${sent} of ${scheduledInAll} sent`);
  });
}

test("a worker without a request in its segment ends in order, and has nothing to report", async (t) => {
  const server = await answeringServer(t, () => jsonResponse(RELAY));
  const plan = checkedPlan(server.origin, {
    workers: 4,
    duration: "900ms",
    segment: "300ms",
    connections: 1,
    chains: [chainInput("ethereum", 1, server.origin)],
  });
  const summaries = await runAll(plan);
  assert.equal(summaries.length, 12);
  assert.equal(scheduledIn(summaries, "measure"), 1);
  for (const { readyMs, startSkewMs, outcome, series } of summaries) {
    assert.ok(Number.isFinite(readyMs), `${readyMs}`);
    assert.equal(outcome, "completed");
    assert.equal(
      startSkewMs === null,
      series.every(({ sent }) => sent === 0),
    );
  }
});

test("a warm-up before a ramp from 0 sends nothing, and before one from 0.5 half the rate", async (t) => {
  const server = await answeringServer(t, () => jsonResponse(RELAY));
  const warmedUp = async (from: number): Promise<number> => {
    const profile = { type: "ramp", from, to: 1 };
    const chains = [chainInput("ethereum", RPS, server.origin)];
    return scheduledIn(
      await runAll(checkedPlan(server.origin, { workers: 1, duration: "500ms", warmup: "500ms", profile, chains })),
      "warmup",
    );
  };
  assert.deepEqual(await Promise.all([warmedUp(0), warmedUp(0.5)]), [0, RPS / 4]);
});
