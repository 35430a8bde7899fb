import assert from "node:assert/strict";
import { test } from "node:test";
import { renderText } from "../../lib/render/text.ts";
import { eventsOf } from "../../lib/report/events.ts";
import { GeneratorTimeline } from "../../lib/report/generatorTimeline.ts";
import { heatOf } from "../../lib/report/heat.ts";
import { markOutliers } from "../../lib/report/outliers.ts";
import type { Report } from "../../lib/report/schema.ts";
import { steadyFrom } from "../../lib/report/steady.ts";
import type { Health } from "../../lib/results/chunk.ts";
import { createHistogram, recordMs } from "../../lib/results/histogram.ts";
import { SeriesSum } from "../../lib/results/seriesSum.ts";
import { randomSeries } from "../../lib/schedule/random.ts";
import { chainInput, checkedPlan } from "../support/plans.ts";
import { healthSample, type MadeRun, madeReport } from "../support/reports.ts";

const ORIGIN = "http://127.0.0.1:8545";
const plan = checkedPlan(ORIGIN, { chains: [chainInput("kava", 100, ORIGIN)], duration: "20s" });

function hints(run: Omit<MadeRun, "plan">): Report["hints"] {
  return madeReport({ plan, ...run }).hints;
}

/** Response times of each second of the run, in ms; a hundred of each. */
function withTimes(timesMs: (second: number) => number): (sum: SeriesSum) => void {
  return (sum) => {
    sum.intervals.clear();
    for (let second = 0; second < 20; second++) {
      const histogram = createHistogram();
      for (let n = 0; n < 100; n++) recordMs(histogram, timesMs(second) * (1 + n / 1_000));
      sum.intervals.set(second, histogram);
    }
  };
}

test("a run in which nothing stood out has no events and no hints", () => {
  const { events, hints: told } = madeReport({ plan, change: withTimes(() => 10) });
  assert.deepEqual([events, told], [[], []]);
});

test("a burst of failures is told with its time, its share and what failed most", () => {
  const change = (sum: SeriesSum): void => {
    for (const second of [5, 6, 8]) {
      const counts = sum.seconds.get(second);
      if (counts)
        Object.assign(counts, { valid: 60, errors: 10, invalid: 30, classes: { ECONNRESET: 10, "http-503": 30 } });
    }
  };
  const { events, chains } = madeReport({ plan, change });
  assert.deepEqual(events, [
    {
      fromMs: 5_000,
      toMs: 9_000,
      chain: "kava",
      kind: "errors",
      text: "120 of 300 requests (40 %) failed, mostly http-503",
    },
  ]);
  assert.deepEqual(chains[0]?.seconds[5]?.classes, { ECONNRESET: 10, "http-503": 30 });
});

test("seconds in which requests were not sent, and a rise of the response time, are told too", () => {
  const change = (sum: SeriesSum): void => {
    withTimes((second) => (second === 12 ? 400 : 10))(sum);
    Object.assign(sum.seconds.get(3) ?? {}, { sent: 80, valid: 80, missed: 20 });
  };
  const kinds = madeReport({ plan, change }).events.map(({ kind, fromMs, text }) => [kind, fromMs, text]);
  assert.deepEqual(kinds, [
    ["missed", 3_000, "20 of 100 requests (20 %) were not sent"],
    ["latency", 12_000, "response time p99 rose to 439.3 ms; its usual is 11 ms"],
  ]);
});

test("a failure here and there is no event: what is usual in a run is not out of the ordinary", () => {
  const seconds = Array.from({ length: 20 }, (_, second) => {
    return { second, scheduled: 100, sent: 100, missed: 0, valid: 90, invalid: 10 - (second % 3), errors: second % 3 };
  });
  const [chain] = madeReport({ plan }).chains;
  assert.ok(chain);
  assert.deepEqual(eventsOf([{ ...chain, seconds, intervals: [] }]), []);
});

test("ports that run out are told with the remedy: as a warning before, as a finding when requests fail", () => {
  const tcp = { established: 500, timeWait: 27_000, portsLeft: 400, retransmits: 0 };
  const health: Health[] = [{ ...healthSample(), opened: 28_000, tcp }];
  const [warned] = hints({ health });
  assert.equal(warned?.what, "Ephemeral ports were nearly exhausted");
  assert.match(warned?.remedy ?? "", /^Reduce the rate per host or add hosts/);
  const [failed] = hints({ health, change: (sum) => Object.assign(sum.errors, { EADDRNOTAVAIL: 7 }) });
  assert.equal(failed?.what, "Ephemeral ports were exhausted");
  assert.match(failed?.evidence ?? "", /^7 requests found no port .*; fewer than 1000 ports were left from 1 s on/);
});

const HINTS: [what: RegExp, run: Omit<MadeRun, "plan">][] = [
  [
    /TIME-WAIT/,
    {
      health: [
        {
          ...healthSample(),
          opened: 9_500,
          tcp: { established: 10, timeWait: 9_000, portsLeft: 19_000, retransmits: 0 },
        },
      ],
    },
  ],
  [/file descriptors/, { change: (sum) => Object.assign(sum.errors, { EMFILE: 3 }) }],
  [/not used for long/, { health: [{ ...healthSample(), opened: 1_500 }] }],
  [/closed HTTP\/2 connections/, { change: (sum) => Object.assign(sum.errors, { "http2-goaway": 3 }) }],
  [/generator itself was at its limit/, { change: (sum) => Object.assign(sum.missed, { late: 2 }) }],
  [
    /send segments again/,
    { health: [{ ...healthSample(), tcp: { established: 10, timeWait: 0, portsLeft: 28_000, retransmits: 900 } }] },
  ],
  [/a queue grows at the target/, { change: withTimes((second) => 10 + second * 20) }],
];

for (const [what, run] of HINTS) {
  test(`a hint: ${what.source}`, () => {
    const report = madeReport({ plan, ...run });
    const hint = report.hints.find((each) => what.test(each.what));
    assert.ok(hint, JSON.stringify(report.hints));
    assert.ok(hint.evidence !== "" && hint.remedy !== "");
    assert.ok(renderText(report, false).includes(hint.what));
  });
}

test("where the rate rises and the response time with it, requests queue at the target", () => {
  const ramp = checkedPlan(ORIGIN, {
    chains: [chainInput("kava", 100, ORIGIN)],
    duration: "20s",
    profile: { type: "ramp", from: 0, to: 1 },
  });
  const change = (sum: SeriesSum): void => {
    sum.intervals.clear();
    for (let second = 0; second < 20; second++) {
      const histogram = createHistogram();
      for (let n = 0; n <= second * 5; n++) recordMs(histogram, 5 + second * 3);
      sum.intervals.set(second, histogram);
    }
  };
  const { hints: told, total } = madeReport({ plan: ramp, change });
  assert.match(told[0]?.what ?? "", /^kava: requests queue at the target as the rate rises$/);
  assert.match(told[0]?.evidence ?? "", /rank correlation 1\.00/);
  assert.deepEqual(total.steady, { why: "the rate is not constant" });
});

test("the steady state leaves out the beginning that differs, and nothing where none does", () => {
  const random = randomSeries(7);
  const noise = (): number => 10 + random();
  assert.equal(steadyFrom(Array.from({ length: 50 }, noise)), 0);
  const rising = [80, 60, 40, 25, ...Array.from({ length: 46 }, noise)];
  assert.equal(steadyFrom(rising), 4);
  assert.equal(steadyFrom([1, 2, 3]), undefined);
  const { steady } = madeReport({ plan, change: withTimes((second) => (second < 3 ? 200 : 10)) }).total;
  assert.ok(!("why" in steady));
  assert.deepEqual([steady.fromMs, steady.toMs], [3_000, 20_000]);
  assert.ok((steady.responseTimeMs?.max ?? 99) < 12);
});

test("a worker far from those that send the same chains is marked, and says in what", () => {
  const workers = Array.from({ length: 8 }, (_, index) => {
    const [worker] = madeReport({ plan }).workers;
    assert.ok(worker?.responseTimeMs);
    const p99 = index === 5 ? 300 : 20 + index / 10;
    const errors = index === 2 ? 200 : 0;
    return {
      ...worker,
      id: `w${index}`,
      responseTimeMs: { ...worker.responseTimeMs, p99 },
      ledger: { ...worker.ledger, errors },
    };
  });
  const marked = markOutliers(workers).map(({ outlier }) => outlier.join("; "));
  assert.match(marked[5] ?? "", /^response time p99 300 ms, its peers' median 20\.\d ms$/);
  assert.match(marked[2] ?? "", /^10 % of its requests failed, of its peers' 0 %$/);
  assert.equal(marked.filter(Boolean).length, 2);
  assert.deepEqual(
    markOutliers(workers.slice(4, 7)).map(({ outlier }) => outlier),
    [[], [], []],
    "too few to have peers",
  );
});

test("the heat map holds every response once, between the edges", () => {
  const histograms = [1, 2].map((factor) => {
    const histogram = createHistogram();
    for (let n = 1; n <= 500; n++) recordMs(histogram, n * factor);
    return histogram;
  });
  const { edgesMs, counts } = heatOf(histograms);
  assert.deepEqual(
    counts.map((column) => column.reduce((sum, count) => sum + count, 0)),
    [500, 500],
  );
  assert.equal(counts[0]?.length, edgesMs.length - 1);
  assert.ok((edgesMs[0] ?? 9) <= 1 && (edgesMs.at(-1) ?? 0) >= 1_000);
  assert.equal(counts[0]?.at(-1), 0, "the slowest are of the second interval");
});

test("the generator's points add up over workers, with the worst of their hosts, and in parts as in one", () => {
  const tcp = (portsLeft: number) => ({ established: 5, timeWait: 7, portsLeft, retransmits: 1 });
  const health = (portsLeft: number): Health[] => [
    { ...healthSample(), atMs: 500, opened: 2, tcp: tcp(portsLeft) },
    { ...healthSample(), atMs: 1_500, tcp: tcp(portsLeft) },
  ];
  const whole = new GeneratorTimeline(1_000);
  const first = new GeneratorTimeline(1_000);
  const second = new GeneratorTimeline(1_000);
  whole.add("w0", health(100));
  whole.add("w1", health(50));
  first.add("w0", health(100));
  second.add("w1", health(50));
  const merged = new GeneratorTimeline(1_000);
  merged.merge(first.points());
  merged.merge(second.points());
  assert.deepEqual(merged.points(), whole.points());
  const [point] = whole.points().all;
  assert.deepEqual([point?.inFlight, point?.connections, point?.opened, point?.portsLeft], [6, 8, 4, 50]);
  assert.equal(whole.points().workers.length, 2);
  for (let n = 0; n < 40; n++) whole.add(`w${n}`, health(90));
  assert.deepEqual(whole.points().workers, [], "of many workers only the sum is kept");
});

test("targets are told apart by what they call, never by where", () => {
  const [chain] = [chainInput("kava", 100, ORIGIN)];
  const url = `${ORIGIN}/?key=secret`;
  const body = (method: string) => ({ jsonrpc: "2.0", id: 1, method, params: [] });
  const bodies = [body("eth_call"), [body("eth_chainId"), body("eth_call")]];
  const own = checkedPlan(ORIGIN, { chains: [{ ...chain, targets: bodies.map((each) => ({ url, body: each })) }] });
  const change = (sum: SeriesSum): void => {
    for (const [index, sent] of [150, 50].entries()) {
      sum.targets.set(index, { sent, valid: sent, invalid: 0, errors: 0, responseTime: createHistogram() });
    }
  };
  const report = madeReport({ plan: own, change });
  assert.deepEqual(
    report.chains[0]?.targets.map(({ method, sent }) => [method, sent]),
    [
      ["eth_call", 150],
      ["batch of 2: eth_chainId, eth_call", 50],
    ],
  );
  assert.ok(!JSON.stringify(report).includes("secret"));
});

test("failures are counted by class in the second in which they were due, in parts as in one", () => {
  const series = (classes: Record<string, number>) => {
    const sum = new SeriesSum();
    sum.seconds.set(0, { sent: 9, missed: 0, valid: 0, invalid: 9, errors: 0, classes });
    return sum;
  };
  const both = new SeriesSum();
  both.merge(series({ "http-500": 4, "http-429": 5 }));
  both.merge(series({ "http-500": 9 }));
  assert.deepEqual(both.seconds.get(0)?.classes, { "http-500": 13, "http-429": 5 });
});

test("chains named as JavaScript names its own things, or as numbers, are counted apart and in their order", () => {
  const names = ["toString", "constructor", "1e3", "0", "A", "a"];
  const chains = names.map((name, index) => chainInput(name, index + 1, ORIGIN));
  const report = madeReport({ plan: checkedPlan(ORIGIN, { chains, duration: "10s" }) });
  assert.deepEqual(
    report.chains.map(({ name, ledger }) => [name, ledger.valid]),
    names.map((name, index) => [name, 10 * (index + 1)]),
  );
});
