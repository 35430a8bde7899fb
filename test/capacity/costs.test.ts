import assert from "node:assert/strict";
import { test } from "node:test";
import { relayCosts } from "../../lib/capacity/costs.ts";
import { fitScalability } from "../../lib/capacity/usl.ts";
import type { Scrape } from "../../lib/observe/scrape.ts";

const WINDOW = { fromMs: 0, toMs: Infinity, firstMs: 0 };

/** Scrapes every second of a shared and a split counter, given each chain's rate in each second and idle use. */
function scrapesOf(rates: Record<string, number>[], cost: Record<string, number>, idle: number): Scrape[] {
  let shared = 100;
  const own: Record<string, number> = {};
  const samplesNow = () => [
    { name: "shared", labels: {}, value: shared },
    ...Object.entries(own).map(([chain, value]) => ({ name: "own", labels: { chain }, value })),
  ];
  for (const chain of Object.keys(cost)) own[chain] = 0;
  const scrapes: Scrape[] = [];
  for (let second = -3; second <= rates.length; second++) {
    scrapes.push({ atMs: second * 1_000, samples: samplesNow(), failed: [] });
    shared += idle;
    for (const [chain, rps] of Object.entries(second >= 0 ? (rates[second] ?? {}) : {})) {
      shared += rps * (cost[chain] ?? 0);
      own[chain] = (own[chain] ?? 0) + rps * (cost[chain] ?? 0);
    }
  }
  return scrapes;
}

const relaysOf =
  (rates: Record<string, number>[]) =>
  (chain: string, fromMs: number, toMs: number): number =>
    rates.slice(fromMs / 1_000, toMs / 1_000).reduce((sum, each) => sum + (each[chain] ?? 0), 0);

test("a shared counter is split by how the chains' rates differ, and idle use is taken off", () => {
  const rates = Array.from({ length: 20 }, (_, n) => ({ a: 100 + (n % 4) * 50, b: 300 - (n % 5) * 40 }));
  const scrapes = scrapesOf(rates, { a: 2, b: 5 }, 37);
  const counter = { name: "queries", metric: "shared", labels: {}, chainNames: {}, usd: 0.001 };
  const { byChain, unidentified } = relayCosts({ scrapes, relays: relaysOf(rates), ...WINDOW }, [counter], ["a", "b"]);
  assert.deepEqual(unidentified, []);
  assert.ok(Math.abs((byChain.get("a")?.[0]?.perRelay ?? 0) - 2) < 1e-6);
  assert.ok(Math.abs((byChain.get("b")?.[0]?.perRelay ?? 0) - 5) < 1e-6);
  assert.equal(byChain.get("a")?.[0]?.idlePerSecond, 37);
  assert.ok(Math.abs((byChain.get("b")?.[0]?.usdPerRelay ?? 0) - 0.005) < 1e-9);
});

test("a shared counter under rates of one proportion is not told apart, and is named", () => {
  const rates = Array.from({ length: 20 }, (_, n) => ({ a: 100 + n, b: 200 + 2 * n }));
  const counter = { name: "queries", metric: "shared", labels: {}, chainNames: {} };
  const found = relayCosts(
    { scrapes: scrapesOf(rates, { a: 2, b: 5 }, 0), relays: relaysOf(rates), ...WINDOW },
    [counter],
    ["a", "b"],
  );
  assert.deepEqual(found.unidentified, ["queries"]);
  assert.deepEqual(found.byChain.get("a"), []);
});

test("a counter with a chain label needs no fit, and survives a reset", () => {
  const rates = Array.from({ length: 10 }, () => ({ a: 100, b: 200 }));
  const scrapes = scrapesOf(rates, { a: 2, b: 5 }, 0);
  for (const { samples } of scrapes.slice(8))
    for (const sample of samples)
      if (sample.name === "own") sample.value -= sample.labels.chain === "a" ? 1_000 : 2_500;
  const counter = { name: "queries", metric: "own", labels: {}, chainLabel: "chain", chainNames: {} };
  const { byChain } = relayCosts({ scrapes, relays: relaysOf(rates), ...WINDOW }, [counter], ["a", "b"]);
  const perRelay = byChain.get("a")?.[0]?.perRelay ?? 0;
  // What grew between the last scrape before the reset and the reset itself is not known: at most one interval is off.
  assert.ok(Math.abs(perRelay - 2) <= 0.21, String(perRelay));
});

test("the universal scalability law is found again from its own points", () => {
  const law = (n: number): number => (100 * n) / (1 + 0.05 * (n - 1) + 0.0005 * n * (n - 1));
  const model = fitScalability([1, 2, 4, 8, 16, 32, 64].map((concurrency) => ({ concurrency, rps: law(concurrency) })));
  assert.ok("limitRps" in model);
  assert.ok(Math.abs(model.sigma - 0.05) < 1e-6 && Math.abs(model.kappa - 0.0005) < 1e-8);
  assert.ok(Math.abs((model.kneeConcurrency ?? 0) - Math.sqrt(0.95 / 0.0005)) < 1e-3);
  assert.ok("why" in fitScalability([{ concurrency: 1, rps: 1 }]));
});

test("what a gateway counts for a chain that a mix loads too is not told as that chain's cost", () => {
  const rates = Array.from({ length: 10 }, () => ({ a: 100, b: 50 }));
  const counter = { name: "queries", metric: "own", labels: {}, chainLabel: "chain", chainNames: {} };
  const window = { ...WINDOW, mixed: new Set(["a"]) };
  const { byChain, unidentified } = relayCosts(
    { scrapes: scrapesOf(rates, { a: 2, b: 5 }, 0), relays: relaysOf(rates), ...window },
    [counter],
    ["a", "b"],
  );
  assert.deepEqual(unidentified, ["queries of a"]);
  assert.deepEqual(byChain.get("a"), []);
  assert.equal(byChain.get("b")?.[0]?.perRelay, 5);
});
