import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import fc from "fast-check";
import { RequestsAhead } from "../../lib/attack/ahead.ts";
import type { PreparedRequest } from "../../lib/attack/requests.ts";

/** Requests that say which number they were made for. */
function makeOf(made: number[] = [], bytes = 10): (n: number) => PreparedRequest {
  return (n) => {
    made.push(n);
    return { target: n, http1: Buffer.alloc(bytes) } as unknown as PreparedRequest;
  };
}

test("every request is its own, whatever shard, misses and turns of the event loop there are", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 5 }),
      fc.nat(4),
      fc.nat(50),
      fc.array(fc.tuple(fc.integer({ min: 1, max: 700 }), fc.boolean()), { maxLength: 12 }),
      async (of, shard, from, steps) => {
        const ahead = new RequestsAhead(makeOf(), { shard: shard % of, of, from, to: 5_000 });
        let n = from + (((((shard % of) - from) % of) + of) % of);
        for (const [missed, isIdle] of steps) {
          for (let taken = 0; taken < 40; taken++, n += of) assert.equal(ahead.take(n).target, n);
          n += missed * of;
          if (isIdle) await turn();
        }
      },
    ),
    { numRuns: 200 },
  );
});

test("requests are made between turns and not when they are due, each once", async () => {
  const made: number[] = [];
  const ahead = new RequestsAhead(makeOf(made), { shard: 0, of: 1, from: 0, to: 3_000 });
  made.length = 0;
  for (let n = 0; n < 3_000; n++) {
    const before = made.length;
    ahead.take(n);
    assert.equal(made.length, before, `request ${n} was made when it was due`);
    if (n % 10 === 0) await turn();
  }
  assert.equal(new Set(made).size, made.length);
  assert.equal(Math.max(...made), 2_999);
});

test("what was missed is not made any more", async () => {
  const made: number[] = [];
  const ahead = new RequestsAhead(makeOf(made), { shard: 0, of: 1, from: 0, to: 5_000 });
  made.length = 0;
  ahead.take(3_000);
  await turn();
  await turn();
  assert.ok(made.length > 1 && Math.min(...made) === 3_000, `${Math.min(...made)}`);
});

test("large requests are kept ready by their bytes", () => {
  const made: number[] = [];
  new RequestsAhead(makeOf(made, 1024 * 1024), { shard: 0, of: 1, from: 0, to: 3_000 });
  assert.ok(made.length <= 20, `${made.length}`);
});
