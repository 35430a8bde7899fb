import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { randomSeries } from "../../lib/schedule/random.ts";
import { StoreClock } from "../../lib/store/clockError.ts";
import { FolderStore } from "../../lib/store/folderStore.ts";
import type { Store, StoreTime } from "../../lib/store/store.ts";
import { temporaryFolder } from "../support/folder.ts";

/** A worker whose clock is off, and a store that tells its time to a resolution after a round trip. */
class Place {
  trueMs: number;
  readonly #offMs: number;
  readonly #store: { resolutionMs: number; tripMs: () => number };

  constructor(trueMs: number, offMs: number, store: { resolutionMs: number; tripMs: () => number }) {
    this.trueMs = trueMs;
    this.#offMs = offMs;
    this.#store = store;
  }

  nowMs(): number {
    return this.trueMs + this.#offMs;
  }

  async time(): Promise<StoreTime> {
    this.trueMs += this.#store.tripMs();
    const { resolutionMs } = this.#store;
    const atMs = Math.floor(this.trueMs / resolutionMs) * resolutionMs;
    this.trueMs += this.#store.tripMs();
    return { atMs, resolutionMs };
  }

  clock(): StoreClock {
    const sleep = async (ms: number): Promise<void> => {
      this.trueMs += ms;
    };
    return new StoreClock({ time: () => this.time() } as unknown as Store, "plan", this, sleep);
  }
}

test("the clock's error is within its bound, whatever it is, and the bound is narrow after a few seconds", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.double({ min: -5_000, max: 5_000, noNaN: true }),
      fc.double({ min: 1_700_000_000_000, max: 1_700_000_010_000, noNaN: true }),
      fc.integer({ min: 1, max: 1_000 }),
      async (offMs, startMs, seed) => {
        const random = randomSeries(seed);
        const tripMs = (): number => 2 + 10 * random();
        const place = new Place(startMs, offMs, { resolutionMs: 1_000, tripMs });
        const clock = place.clock();
        await clock.begin();
        await clock.settle(place.nowMs() + 20_000);
        await clock.narrow(place.nowMs() + 20_000);
        assert.ok(place.trueMs - startMs < 10_000, "it took too long");
        const error = clock.error();
        assert.ok(error);
        assert.ok(Math.abs(error.errorMs - offMs) <= error.boundMs + 0.1, JSON.stringify({ offMs, error }));
        assert.ok(error.boundMs <= 30, `bound ${error.boundMs} ms`);
        if (error.corrected) assert.ok(Math.abs(clock.nowMs() - place.trueMs) <= error.boundMs + 0.1);
        else assert.ok(Math.abs(offMs) <= 2 * error.boundMs + 0.1, "a clock that is surely wrong is put right");
      },
    ),
    { numRuns: 300 },
  );
});

test("a clock that is off by 2 s is known to be so at once", async () => {
  for (const offMs of [2_000, -2_000]) {
    const place = new Place(1_700_000_000_123, offMs, { resolutionMs: 1_000, tripMs: () => 5 });
    const clock = place.clock();
    await clock.begin();
    await clock.settle(place.nowMs() + 10_000);
    assert.ok(Math.abs(clock.nowMs() - place.trueMs) < 20);
    assert.equal(clock.error()?.corrected, true);
  }
});

test("there is no time to look: what is known so far is told, and no more claimed", async () => {
  const place = new Place(1_700_000_000_123, 300, { resolutionMs: 1_000, tripMs: () => 5 });
  const clock = place.clock();
  await clock.begin();
  await clock.settle(place.nowMs());
  await clock.narrow(place.nowMs());
  const error = clock.error();
  assert.ok(error && Math.abs(error.errorMs - 300) <= error.boundMs && error.boundMs > 20);
});

test("a store that does not answer leaves the clock as it is", async () => {
  const store = { time: () => Promise.reject(new Error("down")) } as unknown as Store;
  const clock = new StoreClock(store, "plan", { nowMs: () => 7 }, async () => {});
  await clock.begin();
  await clock.settle(10);
  assert.deepEqual([clock.nowMs(), clock.error()], [7, null]);
});

test("on one machine a folder's time is the worker's own, to a file system's tick", async (t) => {
  const store = new FolderStore(temporaryFolder(t));
  await store.put("plan", "{}");
  const clock = new StoreClock(
    store,
    "plan",
    { nowMs: () => performance.timeOrigin + performance.now() },
    async () => {},
  );
  await clock.begin();
  await clock.settle(Date.now() + 1_000);
  const error = clock.error();
  assert.ok(error && error.boundMs < 100, JSON.stringify(error));
});
