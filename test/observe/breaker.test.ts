import assert from "node:assert/strict";
import { test } from "node:test";
import { FEWEST, tripOf } from "../../lib/observe/breaker.ts";

const BREAKER = { errorRatio: 0.5, window: 10_000 };

test("the breaker trips at its ratio, and not below it", () => {
  assert.deepEqual(tripOf([{ atMs: 5_000, ended: 100, valid: 50 }], BREAKER), {
    kind: "breaker",
    failedShare: 0.5,
    windowMs: 10_000,
  });
  assert.equal(tripOf([{ atMs: 5_000, ended: 100, valid: 51 }], BREAKER), undefined);
  assert.equal(tripOf([{ atMs: 5_000, ended: 100, valid: 0 }], { ...BREAKER, errorRatio: 1 })?.failedShare, 1);
});

test("it judges no handful of requests, nor none at all", () => {
  assert.equal(tripOf([], BREAKER), undefined);
  assert.equal(tripOf([{ atMs: 0, ended: 0, valid: 0 }], BREAKER), undefined);
  assert.equal(tripOf([{ atMs: 0, ended: FEWEST - 1, valid: 0 }], BREAKER), undefined);
  assert.ok(tripOf([{ atMs: 0, ended: FEWEST, valid: 0 }], BREAKER));
});

test("only what was flushed within the window before the latest flush counts, whatever the order", () => {
  const good = { atMs: 10_000, ended: 1_000, valid: 1_000 };
  const bad = { atMs: 20_000, ended: 100, valid: 0 };
  assert.equal(tripOf([bad, good], BREAKER)?.failedShare, 1, "a flush as old as the window is out of it");
  assert.equal(tripOf([bad, { ...good, atMs: 10_001 }], BREAKER), undefined);
  const two = [
    { atMs: 19_000, ended: 100, valid: 80 },
    { atMs: 20_000, ended: 100, valid: 10 },
  ];
  assert.equal(tripOf(two, BREAKER)?.failedShare, 0.55, "the workers' counts add up");
  assert.equal(tripOf(two, { ...BREAKER, errorRatio: 0.56 }), undefined);
});
