import assert from "node:assert/strict";
import { test } from "node:test";
import { highestHeld, selfTest, type Trial } from "../../lib/fleet/selfTest.ts";
import { selfTestText } from "../../lib/fleet/selfTestText.ts";

/** A worker that holds rates up to this one; the rates that it was asked for are added to the list. */
const workerUpTo = (limit: number, asked: number[] = []) => {
  return async (rps: number): Promise<Trial> => {
    asked.push(rps);
    return { rps, isHeld: rps <= limit, lagMs: 1.24, cpu: 0.9 };
  };
};

test("a worker sends to a null server in another process, and the self-test says which rate it held", {
  timeout: 60_000,
}, async () => {
  // If the machine is busy with other tests, a lower rate is held in a second series.
  const held = (await selfTest(3)) ?? (await selfTest(8));
  assert.ok(held?.isHeld, "no rate was held");
  assert.ok(held.rps <= 8_000 && held.cpu > 0 && held.lagMs <= 50, JSON.stringify(held));
});

test("the self-test doubles the rate until it is not held, then halves the difference, and stops after ten trials", async () => {
  const asked: number[] = [];
  const held = await highestHeld(workerUpTo(50_000, asked));
  assert.deepEqual(asked, [2_000, 4_000, 8_000, 16_000, 32_000, 64_000, 48_000, 56_000, 52_000, 50_000]);
  assert.equal(held?.rps, 50_000);
  assert.equal((await highestHeld(workerUpTo(700)))?.rps, 700);
  assert.equal(await highestHeld(workerUpTo(0)), undefined);
});

test("the self-test never asks for more than 128,000 requests/s, nor for more than 600,000 requests", async () => {
  for (const limit of [Number.POSITIVE_INFINITY, 127_999, 64_000]) {
    const asked: number[] = [];
    await highestHeld(workerUpTo(limit, asked));
    assert.ok(Math.max(...asked) <= 128_000);
    assert.ok(asked.reduce((sum, rps) => sum + rps, 0) <= 600_000, `up to ${limit}: ${asked}`);
  }
});

test("the text of a self-test says rate, cores and lag, what a plan may ask for, and that other processes were busy", async () => {
  const held = { rps: 48_000, isHeld: true, lagMs: 1.24, cpu: 0.93 };
  const text = selfTestText({ held: [held, { ...held, rps: 36_000 }], cores: 4, workers: 3, busy: 0.05 }, 120);
  const flat = text.replaceAll(/\s+/g, " ");
  assert.match(flat, /^2 workers held 84,000 requests\/s against null servers on others of the 4 cores: /);
  assert.match(flat, /send lag p99 1\.2 ms, 93 % of a core for a worker\./);
  assert.match(flat, /perWorkerRps in a plan is at most 24,000/);
  assert.match(flat, /With --workers 3 a plan can ask this host for up to 72,000 requests\/s/);
  assert.doesNotMatch(flat, /Other processes/);
  const one = selfTestText({ held: [held], cores: 1, workers: 1, busy: 0.9 }, 120).replaceAll(/\s+/g, " ");
  assert.match(one, /^1 worker held 48,000 requests\/s against a null server: .* The null server had the same core/);
  assert.match(one, /Other processes used 90 % of the cores before the test/);
  assert.match(
    selfTestText({ held: [undefined], cores: 2, workers: 2, busy: 0 }, 80),
    /^A worker held no rate at all\.$/m,
  );
});
