import assert from "node:assert/strict";
import { test } from "node:test";
import type { Scrape } from "../../lib/observe/scrape.ts";
import { estimate } from "../../lib/plan/estimate.ts";
import type { Plan } from "../../lib/plan/schema.ts";
import { capacityText } from "../../lib/render/capacityText.ts";
import { capacityOfRun, type Trial, trialResult } from "../../lib/report/capacity.ts";
import { type Measured, measure } from "../../lib/report/measure.ts";
import type { Report } from "../../lib/report/schema.ts";
import { chainInput, checkedPlan } from "../support/plans.ts";
import { type MadeRun, madeReport } from "../support/reports.ts";

const ORIGIN = "http://127.0.0.1:8545";
const OTHER = "http://127.0.0.1:8546";

const near = (found: number | undefined, expected: number, why: string): void =>
  assert.ok(Math.abs((found ?? Number.NaN) - expected) < 1e-9 * Math.max(1, Math.abs(expected)), `${why}: ${found}`);

const OWN = { name: "queries", metric: "queries_total", chainLabel: "chain" };

/** A plan of one chain at 100/s, or of others. */
function planOf(seconds: number, observe: object = {}, changes: object = {}): Plan {
  const chains = [chainInput("kava", 100, ORIGIN)];
  return checkedPlan(ORIGIN, { chains, duration: `${seconds}s`, observe: { endpoints: [], ...observe }, ...changes });
}

/** Scrapes each second, from five before the run to its end, of one metric as a function of the second. */
function scrapesOf(seconds: number, samples: Record<string, (second: number) => number>, chain = "kava"): Scrape[] {
  return Array.from({ length: seconds + 6 }, (_, index) => ({
    atMs: (index - 5) * 1_000,
    failed: [],
    samples: Object.entries(samples).map(([name, value]) => ({ name, labels: { chain }, value: value(index - 5) })),
  }));
}

test("a relay costs what its counter grew by, per relay, in a short run as a whole and without what is used when idle", () => {
  const plan = planOf(10, { costs: [OWN] });
  // 7 a second when idle, and 3 for each of the 100 relays a second.
  const queries = (second: number) => 1_000 + 7 * second + 3 * 100 * Math.max(0, second);
  const measured = measure(madeReport({ plan }), plan, scrapesOf(10, { queries_total: queries }));
  near(measured.perRelay.kava?.queries, 3, "queries for a relay");
  near(measured.uncertainty.kava?.queries, 0, "a counter that tells chains apart is sure");
  assert.deepEqual(measured.relays, { kava: 1_000 });
  assert.deepEqual(measured.unidentified, []);
});

test("of a run of 20 s and more a tenth at each end is no steady state, and costs are taken from what lies between", () => {
  for (const [seconds, edge] of [
    [20, 2],
    [40, 4],
  ] as const) {
    const plan = planOf(seconds, { costs: [OWN] });
    // What fills caches at the beginning, and what is cleared up at the end, is ten times as dear.
    const dear = (second: number) => second < edge || second >= seconds - edge;
    const queries = (upTo: number) => {
      let sum = 0;
      for (let second = 0; second < upTo; second++) sum += 100 * (dear(second) ? 30 : 3);
      return sum;
    };
    const measured = measure(madeReport({ plan }), plan, scrapesOf(seconds, { queries_total: queries }));
    near(measured.perRelay.kava?.queries, 3, `a run of ${seconds} s`);
  }
  const short = planOf(19, { costs: [OWN] });
  const queries = (upTo: number) => 100 * 3 * Math.max(0, upTo) + (upTo > 0 ? 1_900 : 0);
  const measured = measure(madeReport({ plan: short }), short, scrapesOf(19, { queries_total: queries }));
  near(measured.perRelay.kava?.queries, 4, "one of 19 s is taken whole");
});

test("a second that a scrape divides counts with the share of its relays", () => {
  const plan = planOf(2, { costs: [OWN] });
  const at = (atMs: number, value: number): Scrape => ({
    atMs,
    failed: [],
    samples: [{ name: "queries_total", labels: { chain: "kava" }, value }],
  });
  const change: MadeRun["change"] = (sum) => {
    sum.seconds.set(0, { sent: 100, missed: 0, valid: 40, invalid: 60, errors: 0 });
    sum.seconds.set(1, { sent: 100, missed: 0, valid: 80, invalid: 20, errors: 0 });
  };
  const measured = measure(madeReport({ plan, change }), plan, [at(250, 0), at(1_500, 70)]);
  // Three quarters of 40 and half of 80.
  near(measured.perRelay.kava?.queries, 1, "70 queries for 70 relays");
  const before = measure(madeReport({ plan, change }), plan, [at(-500, 0), at(500, 60)]);
  near(before.perRelay.kava?.queries, 3, "60 queries for 20 relays");
});

test("chains that share a target have no costs of their own; those with other URLs or headers have", () => {
  const key = (name: string, headers: object, url = `${ORIGIN}/`): object => ({
    name,
    rps: 100,
    targets: [{ url, headers, body: { jsonrpc: "2.0", id: 1, method: "m", params: [] } }],
  });
  const chains = [key("a", {}), key("b", {}), key("c", { "X-Chain": "c" }), key("d", {}, `${OTHER}/`)];
  const plan = planOf(10, { costs: [OWN] }, { chains });
  const scrapes = Array.from({ length: 11 }, (_, second) => ({
    atMs: second * 1_000,
    failed: [],
    samples: ["a", "b", "c", "d"].map((chain) => ({
      name: "queries_total",
      labels: { chain },
      value: second * 100,
    })),
  }));
  const { perRelay, unidentified } = measure(madeReport({ plan }), plan, scrapes);
  assert.deepEqual(unidentified, ["queries of a", "queries of b"]);
  assert.deepEqual(
    Object.keys(perRelay).filter((chain) => perRelay[chain]?.queries !== undefined),
    ["c", "d"],
  );
});

test("a resource's use is the mean of its level over the mean of its limit, while the run was on", () => {
  const pool = { name: "pool", used: { metric: "pool_used" }, limit: { metric: "pool_size" } };
  const cpu = { name: "cpu", used: { metric: "cpu_seconds_total" }, limit: 4 };
  const idle = { name: "disk", used: { metric: "disk_used" }, limit: 100 };
  const none = { name: "none", used: { metric: "not_there" }, limit: 1 };
  const zero = { name: "zero", used: { metric: "pool_used" }, limit: { metric: "nothing" } };
  const plan = planOf(10, { resources: [idle, pool, cpu, none, zero] });
  const scrapes = scrapesOf(10, {
    // Before the second second and at the end the load is not on: no level of then counts.
    pool_used: (second) => (second < 2 || second >= 10 ? 1_000 : 6 + (second % 2) * 2),
    pool_size: () => 10,
    cpu_seconds_total: (second) => 3 * second,
    disk_used: () => 1,
    nothing: () => 0,
  });
  const uses = measure(madeReport({ plan }), plan, scrapes).uses.kava ?? [];
  assert.deepEqual(
    uses.map(({ resource }) => resource),
    ["cpu", "pool", "disk"],
    "the most used first; without a value or a limit there is no use",
  );
  near(uses[0]?.utilisation, 3 / 4, "three of four cores: a counter's growth a second");
  near(uses[1]?.utilisation, 0.7, "6 and 8 in turn, of 10");
  near(uses[2]?.utilisation, 0.01, "1 of 100");
  assert.equal(uses[1]?.evidence, "7.0 of 10.0 in use (pool_used) at 100 requests/s to kava");
});

test("the generator is billed for each worker's run and warm-up, and its lead and end for each invocation, as in the estimate", () => {
  const plan = planOf(10, {}, { warmup: "5s" });
  const { gbSeconds, invocations } = measure(madeReport({ plan }), plan, []);
  assert.equal(invocations, 1);
  const report = madeReport({ plan });
  const GB = 1;
  near(gbSeconds, 36.51 * GB, "10 s, 5 s of warm-up, 20.01 s of lead and 1.5 s of end");
  near(gbSeconds, estimate(plan).workerGbSeconds, "what the estimate says of a run that was not cut short");
  const twice = {
    ...report,
    workers: report.workers.map((worker) => ({ ...worker, outcomes: ["completed", "completed"] })),
  };
  near(measure(twice as Report, plan, []).gbSeconds, 58.02 * GB, "a worker of two segments");
  const run = capacityOfRun(plan, report, { ...measure(report, plan, []), gbSeconds: 100, invocations: 50 }, []);
  const { usd, usdPerMillionRelays } = run.generator;
  // AWS's prices on arm64 in us-east-1: $0.0000133334 a GB-second, $0.20 a million requests.
  near(usd, 100 * 0.0000133334 + 50 * 0.0000002, "US dollars");
  near(usdPerMillionRelays ?? undefined, (usd / 1_000) * 1e6, "for a million of 1,000 relays");
});

/** A trial of one chain, or of several, with what it measured. */
function trialAt(number: number, rps: number, made: Partial<Trial> & { measured?: Measured } = {}): Trial {
  const plan = planOf(10, {}, { chains: [chainInput("kava", rps, ORIGIN)] });
  const report = madeReport({ plan });
  return { ...trialResult(plan, number, report, measure(report, plan, [])), ...made };
}

const SEARCH = { profile: { type: "search", precision: 0.1 } };

test("a trial's served rate is its relays over the time until the last response", () => {
  const plan = planOf(10);
  const report = madeReport({ plan });
  const late: Report = { ...report, run: { ...report.run, finishedMs: 12_500 } };
  near(trialResult(plan, 1, late, measure(late, plan, [])).served.kava, 1_000 / 12.5, "12.5 s");
  const early: Report = { ...report, run: { ...report.run, finishedMs: 9_000 } };
  near(trialResult(plan, 1, early, measure(early, plan, [])).served.kava, 100, "never shorter than the run");
});

test("a chain's capacity lies between the highest rate that met the SLO and the lowest that did not", () => {
  const plan = planOf(10, {}, SEARCH);
  const reasons = ["kava: response time p99 500 ms is above 100 ms."];
  const failed = (number: number, rps: number) => trialAt(number, rps, { met: false, reasons });
  const trials = [trialAt(1, 100), trialAt(2, 200), failed(3, 400), failed(4, 300)];
  const [chain] = capacityOfRun(plan, madeReport({ plan }), trialAt(1, 100).measured, trials).chains;
  assert.deepEqual(chain?.interval, [200, 300]);
  near(chain?.capacityRps ?? undefined, 250, "the middle");
  assert.equal(chain?.trials, 4);
  assert.deepEqual(chain?.endedBy, reasons, "told once");
  const unmet = capacityOfRun(plan, madeReport({ plan }), trialAt(1, 100).measured, [failed(1, 100)]);
  assert.deepEqual([unmet.chains[0]?.capacityRps, unmet.chains[0]?.interval, unmet.totalRps], [null, null, null]);
  assert.deepEqual([unmet.limitFound, unmet.scaling], [false, null]);
  const open = capacityOfRun(plan, madeReport({ plan }), trialAt(1, 100).measured, [trialAt(1, 100)]);
  assert.deepEqual(open.chains[0]?.interval, [100, 100]);
  assert.deepEqual(open.chains[0]?.endedBy, []);
});

test("what was used up to 85 % at the rate that was not met is what ended the capacity", () => {
  const plan = planOf(10, {}, SEARCH);
  const using = (number: number, rps: number, met: boolean, utilisation: number): Trial => {
    const trial = trialAt(number, rps, { met });
    const use = { resource: `pool ${number}`, utilisation, evidence: "" };
    return { ...trial, measured: { ...trial.measured, uses: { kava: [use] } } };
  };
  const bottleneck = (trials: Trial[]) =>
    capacityOfRun(plan, madeReport({ plan }), trialAt(1, 100).measured, trials).chains[0]?.bottleneck?.resource;
  assert.equal(bottleneck([using(1, 100, true, 0.5), using(2, 200, false, 0.85), using(3, 150, true, 0.99)]), "pool 2");
  assert.equal(bottleneck([using(1, 100, true, 0.5), using(2, 200, false, 0.84)]), undefined);
  assert.equal(bottleneck([using(1, 100, true, 0.9), using(2, 120, true, 0.95)]), "pool 2", "the last, where all met");
  const single = { ...trialAt(1, 100).measured, uses: { kava: [{ resource: "cpu", utilisation: 0.9, evidence: "" }] } };
  assert.equal(capacityOfRun(plan, madeReport({ plan }), single, []).chains[0]?.bottleneck?.resource, "cpu");
});

test("the scalability law is fitted to served rates and Little's law: its knee is found from the trials", () => {
  const plan = planOf(10, {}, SEARCH);
  const [lambda, sigma, kappa] = [100, 0.05, 0.001];
  const trials = [1, 2, 4, 8, 16, 24].map((n, index): Trial => {
    const rps = (lambda * n) / (1 + sigma * (n - 1) + kappa * n * (n - 1));
    // By Little's law n requests are in the system when each takes n ÷ X.
    return trialAt(index + 1, Math.round(rps), { served: { kava: rps }, meanMs: { kava: (1_000 * n) / rps } });
  });
  const dead = trialAt(7, 900, { served: { kava: 0 }, meanMs: { kava: 5_000 }, met: false });
  const silent = trialAt(8, 950, { served: { kava: 100 }, meanMs: { kava: null }, met: false });
  const [chain] = capacityOfRun(plan, madeReport({ plan }), trialAt(1, 1).measured, [...trials, dead, silent]).chains;
  const model = chain?.model;
  assert.ok(model && "lambda" in model, JSON.stringify(model));
  for (const [found, expected] of [
    [model.lambda, lambda],
    [model.sigma, sigma],
    [model.kappa, kappa],
    [model.kneeConcurrency ?? 0, Math.sqrt((1 - sigma) / kappa)],
  ] as const)
    assert.ok(Math.abs(found - expected) < 1e-6 * expected, `${found} for ${expected}`);
  const single = capacityOfRun(plan, madeReport({ plan }), trialAt(1, 1).measured, []).chains[0]?.model;
  assert.match(JSON.stringify(single), /one rate is too few/);
});

/** What a trial measured of a relay's queries, by so many relays. */
function costing(number: number, met: boolean, queries: number, relays: number, usd?: number): Trial {
  const trial = trialAt(number, number * 100, { met });
  const perRelay = { kava: { queries, ...(usd !== undefined && { bytes: usd }) } };
  const uncertainty = { kava: { queries: queries / 10 } };
  return { ...trial, measured: { ...trial.measured, perRelay, uncertainty, relays: { kava: relays } } };
}

test("costs of several trials are weighed by their relays; those that met the SLO alone count, where there are any", () => {
  const plan = planOf(10, { costs: [{ ...OWN, usd: 0.002 }] }, SEARCH);
  const chainOf = (trials: Trial[], single = trialAt(1, 1).measured) =>
    capacityOfRun(plan, madeReport({ plan }), single, trials).chains[0];
  const found = chainOf([costing(1, true, 2, 1_000), costing(2, true, 5, 3_000), costing(3, false, 90, 9_000)]);
  near(found?.perRelay.queries, (2 * 1_000 + 5 * 3_000) / 4_000, "weighed");
  near(found?.perRelayUncertainty.queries, 0.425, "and their uncertainty too");
  near(found?.usdPerMillionRelays ?? undefined, 4.25 * 0.002 * 1e6, "at the plan's price");
  near(chainOf([costing(1, false, 7, 10)])?.perRelay.queries, 7, "where none met it all count");
  assert.deepEqual(chainOf([costing(1, true, 2, 0)])?.perRelay, {}, "without a relay nothing is known");
  assert.equal(chainOf([trialAt(1, 1)])?.usdPerMillionRelays, null, "a price of what was not measured is not nothing");
  const unpriced = planOf(10, { costs: [OWN] }, SEARCH);
  const [chain] = capacityOfRun(unpriced, madeReport({ plan }), trialAt(1, 1).measured, [
    costing(1, true, 2, 5),
  ]).chains;
  assert.equal(chain?.usdPerMillionRelays, null);
});

test("instances are the target and its headroom over what one carries, rounded up, and the spare ones", () => {
  const capacity = { targetRps: 1_000, headroom: 0.25, instances: 2, spareInstances: 1, instanceUsdPerMonth: 40 };
  const plan = planOf(10, {}, { ...SEARCH, capacity, perWorkerRps: 300 });
  const trials = [trialAt(1, 100), trialAt(2, 300), trialAt(3, 500, { met: false })];
  const { scaling, totalRps } = capacityOfRun(plan, madeReport({ plan }), trialAt(1, 1).measured, trials);
  near(totalRps ?? undefined, 400, "what two carry");
  assert.deepEqual(scaling, {
    currentRps: 400,
    targetRps: 1_000,
    headroom: 0.25,
    instances: 2,
    rpsPerInstance: 200,
    // 1,250 ÷ 200 is 6.25.
    instancesNeeded: 8,
    usdPerInstanceMonth: 40,
    usdPerMonth: 320,
    workersNeeded: 4,
  });
  const free = planOf(10, {}, { ...SEARCH, capacity: { ...capacity, instanceUsdPerMonth: undefined } });
  const without = capacityOfRun(free, madeReport({ plan }), trialAt(1, 1).measured, trials).scaling;
  assert.deepEqual([without?.usdPerInstanceMonth, without?.usdPerMonth], [null, null]);
});

test("all chains at once carry what the trials together say, each its share of what it carries alone", () => {
  const chains = [chainInput("a", 100, ORIGIN), chainInput("b", 100, OTHER)];
  const plan = planOf(10, {}, { chains, profile: { type: "search", precision: 0.1, together: true } });
  const measured = trialAt(1, 1).measured;
  const trial = (number: number, scope: string, rps: Record<string, number>, met: boolean): Trial => ({
    ...{ number, scope, load: rps, met, valid: true, served: rps, meanMs: {}, reasons: [], measured },
  });
  const alone = [
    trial(1, "a", { a: 100 }, true),
    trial(2, "a", { a: 140 }, false),
    trial(3, "b", { b: 300 }, true),
    trial(4, "b", { b: 340 }, false),
  ];
  const report = madeReport({ plan });
  const apart = capacityOfRun(plan, report, measured, alone);
  assert.deepEqual(
    apart.chains.map(({ together }) => together),
    [null, null],
  );
  near(apart.totalRps ?? undefined, 120 + 320, "without trials together the sum of both alone");
  const all = "*";
  const together = [trial(5, all, { a: 60, b: 160 }, true), trial(6, all, { a: 96, b: 256 }, false)];
  const both = capacityOfRun(plan, report, measured, [...alone, ...together]);
  const [a] = both.chains;
  near(a?.together?.ratio, 0.65, "between 0.5 and 0.8 of what each carries alone");
  near(a?.together?.capacityRps, 120 * 0.65, "of a's 120");
  assert.deepEqual(a?.together?.interval.map(Math.round), [60, 96]);
  near(both.totalRps ?? undefined, 440 * 0.65, "in all");
  assert.equal(both.limitFound, true);
  assert.deepEqual(both.trials.map(({ scope }) => scope).slice(3), ["b", "all chains together", "all chains together"]);
  const half = capacityOfRun(plan, report, measured, alone.slice(0, 3));
  assert.equal(half.limitFound, false, "b's end is not found");
});

test("a run that is not valid or missed its SLO has no capacity", () => {
  const plan = planOf(10);
  const report = madeReport({ plan });
  const of = (verdict: Partial<Report["verdict"]>) =>
    capacityOfRun(plan, { ...report, verdict: { ...report.verdict, ...verdict } }, trialAt(1, 1).measured, []).totalRps;
  assert.equal(of({}), 100);
  assert.equal(of({ valid: false }), null);
  assert.equal(of({ pass: false }), null);
});

test("counters that no trial could split are named once, and the stand-in gateway's own figures are the last trial's", () => {
  const plan = planOf(10, {}, SEARCH);
  const told = (number: number, capacityRps: number): Trial => {
    const trial = trialAt(number, number * 100);
    const truth = { kava: { capacityRps, perRelay: { queries: 2 } } };
    return { ...trial, measured: { ...trial.measured, unidentified: ["bytes", `t${number}`], truth } };
  };
  const { chains, unidentified } = capacityOfRun(plan, madeReport({ plan }), trialAt(1, 1).measured, [
    told(1, 5),
    told(2, 9),
  ]);
  assert.deepEqual(unidentified, ["bytes", "t1", "t2"]);
  assert.deepEqual(chains[0]?.truth, { capacityRps: 9, perRelay: { queries: 2 } });
});

test("a counter without labels is split by method over the trials of a search, whose chains mix methods differently", () => {
  const call = (method: string, weight: number) => ({
    url: ORIGIN,
    body: { jsonrpc: "2.0", id: 1, method, params: [] },
    weight,
  });
  const chains = [
    { name: "calls", rps: 100, targets: [call("eth_call", 1)] },
    { name: "logs", rps: 50, targets: [call("eth_getLogs", 1)] },
  ];
  const costs = [{ name: "queries", metric: "queries_total" }];
  const observe = { endpoints: [], costs };
  const plan = planOf(10, { costs }, { chains, ...SEARCH });
  const perRelay = { calls: 2, logs: 12 } as const;
  const trials = (["calls", "logs"] as const).map((name, index) => {
    const own = checkedPlan(ORIGIN, { chains: chains.filter((each) => each.name === name), duration: "10s", observe });
    const rps = own.chains[0]?.rps ?? 0;
    const queries = (second: number) => 500 + 7 * second + perRelay[name] * rps * Math.max(0, second);
    const report = madeReport({ plan: own });
    return trialResult(plan, index + 1, report, measure(report, own, scrapesOf(10, { queries_total: queries })));
  });
  const { measured } = trialAt(1, 1);
  const { methods } = capacityOfRun(plan, madeReport({ plan }), measured, trials);
  const [queries] = methods ?? [];
  assert.equal(queries?.counter, "queries");
  near(queries.costs?.find(({ method }) => method === "eth_call")?.perRelay, 2, "eth_call");
  near(queries.costs?.find(({ method }) => method === "eth_getLogs")?.perRelay, 12, "eth_getLogs");

  // In one run the two rates keep their proportion.
  const together = checkedPlan(ORIGIN, { chains, duration: "10s", observe });
  const report = madeReport({ plan: together });
  const scrapes = scrapesOf(10, { queries_total: (second) => 800 * Math.max(0, second) });
  const single = capacityOfRun(together, report, measure(report, together, scrapes), []);
  assert.deepEqual(single.methods, [{ counter: "queries", costs: null }]);
  const text = capacityText({ ...single, methods: [...(methods ?? []), ...(single.methods ?? [])] }, 120);
  assert.match(text, /cost per relay of a method +queries/);
  assert.match(text, /eth_getLogs +12/);
  assert.match(text, /not separated by method: queries\. The mix of methods did not vary enough/);
});
