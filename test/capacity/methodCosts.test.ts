import assert from "node:assert/strict";
import { test } from "node:test";
import { type MethodRow, methodCosts } from "../../lib/capacity/methodCosts.ts";
import { randomSeries } from "../../lib/schedule/random.ts";

const COSTS = { eth_call: 2, eth_getLogs: 12, eth_chainId: 0 };
const MIXES = [
  { eth_call: 1 },
  { eth_call: 0.5, eth_getLogs: 0.5 },
  { eth_call: 0.2, eth_chainId: 0.8 },
  { eth_call: 0.4, eth_getLogs: 0.1, eth_chainId: 0.5 },
];

/** Intervals of a few hundred relays in each mix, whose growth is measured with an error of up to a share of it. */
function rowsOf(mixes: readonly Record<string, number>[], error: number): MethodRow[] {
  const random = randomSeries(5);
  return mixes.flatMap((mix) =>
    Array.from({ length: 4 }, (): MethodRow => {
      const count = 200 + Math.round(random() * 200);
      const relays = Object.fromEntries(Object.entries(mix).map(([method, share]) => [method, count * share]));
      const grown = Object.entries(relays).reduce(
        (sum, [method, own]) => sum + own * COSTS[method as keyof typeof COSTS],
        0,
      );
      return { relays, grown: grown * (1 + error * (2 * random() - 1)) };
    }),
  );
}

for (const error of [0, 0.03]) {
  test(`each method's cost is within its interval where the mix varies, with an error of ${error} of each growth`, () => {
    const costs = methodCosts(rowsOf(MIXES, error));
    assert.ok(costs);
    assert.deepEqual(
      costs.map(({ method }) => method),
      ["eth_call", "eth_chainId", "eth_getLogs"],
    );
    for (const { method, perRelay, uncertainty } of costs) {
      const expected = COSTS[method as keyof typeof COSTS];
      assert.ok(Math.abs(perRelay - expected) <= uncertainty + 1e-6, `${method}: ${perRelay} ± ${uncertainty}`);
      assert.ok(uncertainty < 1, `${method}: ± ${uncertainty}`);
    }
  });
}

test("one mix of methods tells nothing about each of them, nor do too few intervals or too large errors", () => {
  const [, both = {}] = MIXES;
  assert.equal(methodCosts(rowsOf([both], 0)), undefined);
  assert.equal(methodCosts(rowsOf(MIXES, 0).slice(0, 1)), undefined);
  assert.equal(methodCosts(rowsOf(MIXES, 3)), undefined);
  assert.equal(methodCosts([]), undefined);
  // A mix that hardly varies.
  const near = rowsOf([both, { eth_call: 0.51, eth_getLogs: 0.49 }], 0.03);
  assert.equal(methodCosts(near), undefined);
});
