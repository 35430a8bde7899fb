import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { Chain } from "../../lib/plan/schema.ts";
import { cycleOf, Turns } from "../../lib/plan/turns.ts";

function chainOf(weights: readonly number[], more: Partial<Chain> = {}): Chain {
  const targets = weights.map((weight) => ({ method: "GET", url: "http://127.0.0.1/", headers: [], weight }));
  return { name: "ethereum", rps: 1, targets: targets as Chain["targets"], ...more };
}

function targetsOf(chain: Chain, count: number): number[] {
  const turns = new Turns(chain, 1);
  return Array.from({ length: count }, (_, n) => turns.target(n));
}

const cycles: [why: string, weights: number[], cycle: number[]][] = [
  ["equal weights take turns in the file's order", [1, 1, 1], [0, 1, 2]],
  ["equal fractions as well", [0.25, 0.25], [0, 1]],
  ["nine to one", [9, 1], [0, 0, 0, 0, 0, 1, 0, 0, 0, 0]],
  ["fractions", [0.5, 0.3, 0.2], [0, 1, 2, 0, 0, 1, 0, 2, 1, 0]],
  ["a common measure is taken out", [200, 100], [0, 1, 0]],
  ["hundredths that have no exact value", [0.07, 0.07, 0.14], [2, 0, 1, 2]],
];

for (const [why, weights, cycle] of cycles) {
  test(`${why}: ${weights.join(", ")}`, () => assert.deepEqual([...cycleOf(weights)], cycle));
}

test("over a cycle each target has exactly its weight, and never more than one turn too few or too many before", () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1, maxLength: 12 }), (weights) => {
      const sum = weights.reduce((all, weight) => all + weight, 0);
      const seen = weights.map(() => 0);
      for (const [turn, target] of targetsOf(chainOf(weights), sum).entries()) {
        seen[target] = (seen[target] as number) + 1;
        // Webster's apportionment stays near each quota; a burst would leave it.
        for (const [index, weight] of weights.entries()) {
          const quota = ((turn + 1) * weight) / sum;
          assert.ok(Math.abs((seen[index] as number) - quota) < 2, `turn ${turn} of ${weights}`);
        }
      }
      assert.deepEqual(seen, weights);
    }),
  );
});

test("weights without a short cycle keep their shares to some millionths", () => {
  const weights = [Math.PI, Math.E, 1e-3];
  const cycle = cycleOf(weights);
  const sum = weights.reduce((all, weight) => all + weight, 0);
  for (const [target, weight] of weights.entries()) {
    const share = cycle.filter((each) => each === target).length / cycle.length;
    assert.ok(Math.abs(share - weight / sum) < 1e-5);
  }
});

test("a target's weight does not depend on how many workers take turns", () => {
  const chain = chainOf([3, 2, 1]);
  const turns = new Turns(chain, 1);
  const workers = [0, 1, 2, 3].flatMap((shard) =>
    Array.from({ length: 15 }, (_, index) => turns.target(index * 4 + shard)),
  );
  assert.deepEqual(
    [0, 1, 2].map((target) => workers.filter((each) => each === target).length),
    [30, 20, 10],
  );
});

test("asked to be random, targets follow their weights and the seed", () => {
  const chain = chainOf([8, 1, 1], { order: "random" });
  const made = targetsOf(chain, 10_000);
  assert.deepEqual(made, targetsOf(chain, 10_000));
  const share = made.filter((target) => target === 0).length / 10_000;
  assert.ok(Math.abs(share - 0.8) < 0.02, `${share}`);
  assert.notDeepEqual(made.slice(0, 20), made.slice(20, 40));
});

const rows = ["a", "b", "c", "d"].map((x) => ({ x }));
const withData = (...takes: boolean[]): Chain => {
  const chain = chainOf(
    takes.map(() => 1),
    { data: rows },
  );
  for (const [index, target] of chain.targets.entries()) if (takes[index]) target.url = "http://127.0.0.1/{{data.x}}";
  return chain;
};
const rowsOf = (chain: Chain, count: number): number[] => {
  const turns = new Turns(chain, 1);
  return Array.from({ length: count }, (_, n) => turns.row(n));
};

test("asked to be random, targets of equal weights take equal shares", () => {
  const targets = targetsOf(chainOf([2, 2, 2, 2], { order: "random" }), 4_000);
  const counts = [0, 1, 2, 3].map((target) => targets.filter((each) => each === target).length);
  assert.ok(
    counts.every((count) => Math.abs(count - 1_000) < 150),
    `${counts}`,
  );
});

test("rows are taken in order and again from the first", () => {
  assert.deepEqual(rowsOf(withData(true), 6), [0, 1, 2, 3, 0, 1]);
});

test("targets that take no row skip none", () => {
  const chain = withData(false, true, false, true);
  const taken = rowsOf(chain, 12).filter((_, n) => n % 2 === 1);
  assert.deepEqual(taken, [0, 1, 2, 3, 0, 1]);
  assert.equal(new Turns(chain, 1).rowsOf(12), 6);
  assert.equal(new Turns(chain, 1).rowsOf(11), 5);
  assert.equal(new Turns(withData(false, false), 1).rowsOf(11), 0);
});

test("at random every row is taken, as the seed has it", () => {
  const chain = { ...withData(true), dataOrder: "random" as const };
  const taken = rowsOf(chain, 100);
  assert.deepEqual(new Set(taken), new Set([0, 1, 2, 3]));
  assert.deepEqual(taken, rowsOf(chain, 100));
  assert.notDeepEqual(taken.slice(0, 4), [0, 1, 2, 3]);
});

test("rows that are to be used once go on past the last, so that a plan that lacks some is told", () => {
  assert.deepEqual(rowsOf({ ...withData(true), dataOrder: "once" }, 6), [0, 1, 2, 3, 4, 5]);
});

test("where targets are random, each request has its own row", () => {
  const chain: Chain = { ...withData(false, true), order: "random" };
  assert.deepEqual(rowsOf(chain, 6), [0, 1, 2, 3, 0, 1]);
  assert.equal(new Turns(chain, 1).rowsOf(5), 5);
});

test("a field in a body or a header takes a row, and other placeholders take none", () => {
  const chain = chainOf([1, 1, 1, 1], { data: rows });
  const [body, header, other] = chain.targets;
  if (body) body.body = '["{{data.x}}"]';
  if (header) header.headers = [["X-Key", "{{data.x}}"]];
  if (other) other.url = "http://127.0.0.1/{{randomHex 8}}/{{id}}";
  assert.equal(new Turns(chain, 1).rowsOf(4), 2);
  assert.equal(new Turns({ ...chain, data: [] }, 1).rowsOf(4), 0, "without rows nothing takes one");
});

test("a replay sends its requests in their order, whatever their weights and the order of targets", () => {
  assert.deepEqual(targetsOf(chainOf([5, 1, 3], { replay: [0, 1, 2], order: "random" }), 6), [0, 1, 2, 0, 1, 2]);
});
