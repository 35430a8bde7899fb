import assert from "node:assert/strict";
import { test } from "node:test";
import { Recorder } from "../../lib/attack/recorder.ts";
import { prepareChain } from "../../lib/attack/requests.ts";
import { Sender } from "../../lib/attack/sender.ts";
import { startGateway } from "../../lib/gateway/gateway.ts";
import { gatewaySchema } from "../../lib/plan/gatewaySchema.ts";
import { latencyOf } from "../../lib/report/timeline.ts";
import { SeriesSum } from "../../lib/results/seriesSum.ts";
import { systemClock } from "../../lib/store/clock.ts";
import { CALL } from "../support/plans.ts";

/** Keeps each response time as it was measured, beside recording it. */
class KeepingRecorder extends Recorder {
  readonly keptMs: number[] = [];

  override responded(...given: Parameters<Recorder["responded"]>): void {
    this.keptMs.push(given[1].responseMs);
    super.responded(...given);
  }
}

test("the report's percentiles, merged from workers' chunks, are those of the raw samples, to 0.1 %", async (t) => {
  const speeds = [
    { p50: 2, p99: 5 },
    { p50: 15, p99: 90 },
    { p50: 60, p99: 70 },
  ];
  const merged = new SeriesSum();
  const keptMs: number[] = [];
  for (const latencyMs of speeds) {
    const chain = { name: "one", endpoint: "ONE", latencyMs, concurrency: 1_000 };
    const gateway = await startGateway(gatewaySchema.parse({ chains: [chain] }));
    t.after(() => gateway.close());
    const url = `${gateway.origin}/api/gateway?endpoint=ONE`;
    const target = { method: "POST", url, headers: [], body: JSON.stringify(CALL), weight: 1 };
    const request = prepareChain({ name: "one", rps: 1, targets: [target] }, { keepalive: true, seed: 1 });
    const sender = new Sender(systemClock, { http: "1.1", keepalive: true, timeoutMs: 5_000 });
    const recorder = new KeepingRecorder("one", "measure", 1_000);
    const beganMs = systemClock.nowMs();
    for (let round = 0; round < 10; round++) {
      for (let n = 0; n < 60; n++) {
        const nowMs = systemClock.nowMs();
        sender.send({ request: request(n), n, recorder, dueMs: nowMs - beganMs, dueAtMs: nowMs }, nowMs);
      }
      await sender.drained();
      // Each round is a chunk of its own, as a worker would flush it.
      const series = recorder.take();
      if (series) merged.add(JSON.parse(JSON.stringify(series)));
    }
    sender.close();
    keptMs.push(...recorder.keptMs);
  }
  assert.equal(keptMs.length, 1_800);
  const sorted = keptMs.toSorted((a, b) => a - b);
  const told = latencyOf(merged.responseTime());
  for (const [name, percentile] of [
    ["p50", 50],
    ["p90", 90],
    ["p95", 95],
    ["p99", 99],
    ["p999", 99.9],
    ["max", 100],
  ] as const) {
    const raw = sorted[Math.ceil((percentile / 100) * sorted.length) - 1] ?? 0;
    const own = told?.[name] ?? 0;
    // A microsecond is the histogram's unit.
    assert.ok(Math.abs(own - raw) <= raw * 0.001 + 0.001, `${name}: ${own} ms, of the samples ${raw} ms`);
  }
});
