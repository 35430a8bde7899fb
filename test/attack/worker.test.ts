import assert from "node:assert/strict";
import { test } from "node:test";
import { attack } from "../../lib/attack/worker.ts";
import type { WorkerPorts } from "../../lib/attack/workerPorts.ts";
import { assign } from "../../lib/plan/assign.ts";
import { type Chunk, type Summary, total } from "../../lib/results/chunk.ts";
import { SeriesSum, sumSeries } from "../../lib/results/seriesSum.ts";
import { systemClock } from "../../lib/store/clock.ts";
import { chainInput, checkedPlan } from "../support/plans.ts";
import { answeringServer, jsonResponse, RELAY, rawServer } from "../support/servers.ts";

interface Ran {
  summary: Summary;
  chunks: Chunk[];
}

/** Runs one worker with a plan's whole load, starting 300 ms from now. */
async function run(
  origin: string,
  changes: Record<string, unknown>,
  { attempt = 1, leadMs = 300, ...ports }: Partial<WorkerPorts> & { attempt?: number; leadMs?: number } = {},
): Promise<Ran> {
  const plan = checkedPlan(origin, { workers: 1, ...changes });
  const startAtMs = Date.now() + leadMs + plan.warmupMs;
  const [assignment] = assign(plan, { runId: "run", startAtMs, leadMs });
  assert.ok(assignment);
  const chunks: Chunk[] = [];
  const summary = await attack(
    { plan, assignment, attempt },
    {
      clock: systemClock,
      emit: async (chunk) => void chunks.push(chunk),
      stopRequested: async () => undefined,
      ...ports,
    },
  );
  return { summary, chunks };
}

function sumOf({ series }: Summary): SeriesSum {
  const sum = new SeriesSum();
  for (const each of series) if (each.phase === "measure") sum.add(each);
  return sum;
}

test("every request of the schedule is sent once, each at its instant", async (t) => {
  let requests = 0;
  const server = await answeringServer(t, () => {
    requests++;
    return jsonResponse(RELAY);
  });
  const { summary, chunks } = await run(server.origin, { duration: "2s" });
  const sum = sumOf(summary);
  assert.equal(sum.sent, 200);
  assert.equal(sum.valid, 200);
  assert.equal(requests, 200);
  assert.deepEqual(
    [...sum.seconds.values()].map(({ sent }) => sent),
    [100, 100],
  );
  // Timed, and so generous: it runs beside other tests.
  assert.ok(
    sum.sendLag.getValueAtPercentile(50) < 20_000,
    `median send lag ${sum.sendLag.getValueAtPercentile(50)} µs`,
  );
  assert.equal(summary.outcome, "completed");
  assert.deepEqual(summary.series, sumSeries(chunks));
  assert.ok(chunks.length >= 2);
});

test("a target that stalls shows in the response time of all that waited, and the rate does not drop", async (t) => {
  let stalled = false;
  const server = await answeringServer(t, (socket) => {
    if (!stalled) {
      socket.write(jsonResponse(RELAY));
      return undefined;
    }
    return undefined;
  });
  const stall = setTimeout(() => {
    stalled = true;
  }, 1_300);
  t.after(() => clearTimeout(stall));
  const { summary } = await run(server.origin, { duration: "2s", timeout: "500ms" });
  const sum = sumOf(summary);
  assert.equal(sum.sent, 200);
  assert.ok((sum.errors["headers-timeout"] ?? 0) > 50, JSON.stringify(sum.errors));
  assert.equal(sum.valid + total(sum.errors), 200);
});

test("a server that stalls for 1 s of 10: the 99th percentile is the 0.9 s that arithmetic says", async (t) => {
  // What is due within the stall waits for its end, evenly from 1 s down to 0: of all, 1 % waits for more than 0.9 s.
  let stallAtMs = Number.POSITIVE_INFINITY;
  const server = await answeringServer(t, (socket) => {
    const nowMs = performance.now();
    if (stallAtMs === Number.POSITIVE_INFINITY) stallAtMs = nowMs + 4_000;
    const leftMs = stallAtMs + 1_000 - nowMs;
    if (nowMs < stallAtMs || leftMs <= 0) return jsonResponse(RELAY);
    setTimeout(() => socket.write(jsonResponse(RELAY)), leftMs);
    return undefined;
  });
  const sum = sumOf(
    (await run(server.origin, { chains: [chainInput("ethereum", 200, server.origin)], duration: "10s" })).summary,
  );
  assert.equal(sum.valid, 2_000);
  const p99Ms = sum.responseTime().getValueAtPercentile(99) / 1_000;
  assert.ok(Math.abs(p99Ms / 900 - 1) <= 0.02, `p99 ${p99Ms} ms`);
});

test("a request that waits in the worker counts its wait in the response time and not in the service time", async (t) => {
  const server = await answeringServer(t, () => jsonResponse(RELAY));
  // The event loop is held up for 200 ms: what was due meanwhile is sent late, below the limit for a miss.
  const hold = setTimeout(() => {
    const untilMs = performance.now() + 200;
    while (performance.now() < untilMs);
  }, 1_500);
  t.after(() => clearTimeout(hold));
  const sum = sumOf((await run(server.origin, { duration: "2s" })).summary);
  assert.equal(sum.sent, 200);
  const response = sum.responseTime();
  assert.ok(response.maxValue > 150_000, `longest response time ${response.maxValue} µs`);
  assert.ok(sum.sendLag.maxValue > 150_000);
  assert.ok(sum.serviceTime.getValueAtPercentile(95) < 100_000);
});

test("real traffic before the measurement is recorded apart", async (t) => {
  const server = await answeringServer(t, () => jsonResponse(RELAY));
  const { summary } = await run(server.origin, { duration: "1s", warmup: "500ms" });
  const sent = Object.fromEntries(summary.series.map((series) => [series.phase, series.sent]));
  assert.deepEqual(sent, { warmup: 50, measure: 100 });
});

test("the connections that the plan asks for are open before the first request", async (t) => {
  let openAtFirst: number | undefined;
  const server = await answeringServer(t, () => {
    openAtFirst ??= server.connections;
    return jsonResponse(RELAY);
  });
  await run(server.origin, { duration: "500ms", connections: 7 });
  assert.equal(openAtFirst, 7);
  assert.equal(server.connections, 7);
});

test("a worker that comes late joins the schedule at the present", async (t) => {
  const server = await answeringServer(t, () => jsonResponse(RELAY));
  const { summary } = await run(server.origin, { duration: "2s" }, { leadMs: -1_000 });
  const sum = sumOf(summary);
  assert.equal(sum.sent + total(sum.missed), 200);
  assert.ok((sum.missed.late ?? 0) >= 60 && sum.sent >= 60, JSON.stringify({ sent: sum.sent, missed: sum.missed }));
  assert.ok(sum.sendLag.maxValue <= 300_000, "nothing was sent in a burst");
});

test("a second attempt leaves what was due before to the first", async (t) => {
  const server = await answeringServer(t, () => jsonResponse(RELAY));
  const { summary } = await run(server.origin, { duration: "3s" }, { attempt: 2 });
  const sum = sumOf(summary);
  // It waits 1.6 s from its start, which is 0.3 s before the first request is due.
  assert.ok(sum.sent > 100 && sum.sent < 200, `${sum.sent} sent`);
  assert.equal(total(sum.missed), 0);
});

test("too many in flight: the rest is missed, never delayed", async (t) => {
  const server = await rawServer(t, () => {});
  const changes = { duration: "1s", timeout: "300ms", limits: { inFlightPerWorker: 10 } };
  const sum = sumOf((await run(server.origin, changes)).summary);
  assert.equal(sum.sent + total(sum.missed), 100);
  assert.ok((sum.missed["in-flight-cap"] ?? 0) >= 50, JSON.stringify(sum.missed));
  assert.equal(sum.sent, sum.errors["headers-timeout"]);
});

test("an aborted worker stops within 2 s and books what it did not send", async (t) => {
  const server = await answeringServer(t, () => jsonResponse(RELAY));
  const abortAtMs = Date.now() + 1_500;
  const { summary } = await run(
    server.origin,
    { duration: "60s" },
    { stopRequested: async () => (Date.now() > abortAtMs ? { reason: "aborted" } : undefined) },
  );
  assert.ok(Date.now() - abortAtMs < 2_000, `it took ${Date.now() - abortAtMs} ms`);
  const sum = sumOf(summary);
  assert.equal(summary.outcome, "aborted");
  assert.equal(sum.sent + (sum.missed.aborted ?? 0), 6_000);
  assert.ok(sum.sent > 50);
});

test("chunks that cannot be written for a while are written later, none twice", async (t) => {
  const server = await answeringServer(t, () => jsonResponse(RELAY));
  const written: Chunk[] = [];
  let refusals = 0;
  const { summary } = await run(
    server.origin,
    { duration: "4s" },
    {
      async emit(chunk) {
        if (refusals++ < 2) throw new Error("the store is away");
        written.push(chunk);
      },
    },
  );
  written.sort((a, b) => a.sequence - b.sequence);
  assert.deepEqual(
    written.map(({ sequence }) => sequence),
    written.map((_, index) => index + 1),
  );
  assert.deepEqual(sumSeries(written), summary.series);
});

test("a store that takes longer than a flush's interval holds up one write at the end, not all that are left", async (t) => {
  const server = await answeringServer(t, () => jsonResponse(RELAY));
  const began: number[] = [];
  let [writing, most] = [0, 0];
  const { summary } = await run(
    server.origin,
    { duration: "3s" },
    {
      async emit(chunk) {
        began.push(chunk.sequence);
        most = Math.max(most, ++writing);
        await new Promise((done) => setTimeout(done, 2_500));
        writing--;
      },
    },
  );
  assert.equal(writing, 0, "the worker waits for what it is writing");
  assert.ok(most >= 2, `${most} chunks were written at once`);
  assert.deepEqual(
    began,
    began.map((_, index) => index + 1),
  );
  assert.equal(began.length, summary.health.length);
});

test("a worker whose event loop stood still says for how long", async (t) => {
  const server = await answeringServer(t, () => jsonResponse(RELAY));
  const hold = setTimeout(() => {
    const untilMs = performance.now() + 2_400;
    while (performance.now() < untilMs);
  }, 1_000);
  t.after(() => clearTimeout(hold));
  const { summary } = await run(server.origin, { duration: "4s" });
  const frozenMs = Math.max(...summary.health.map((health) => health.frozenMs ?? 0));
  assert.ok(frozenMs >= 2_000 && frozenMs < 10_000, `${frozenMs} ms`);
});
