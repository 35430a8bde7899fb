import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Recorder } from "../../lib/attack/recorder.ts";
import { MAX_TARGETS_APART } from "../../lib/plan/sizes.ts";
import { type SecondCounts, type Series, total, UNFINISHED } from "../../lib/results/chunk.ts";
import {
  createHistogram,
  decodeHistogram,
  encodeHistogram,
  parsePacked,
  recordMs,
} from "../../lib/results/histogram.ts";
import { SeriesSum, sumSeries } from "../../lib/results/seriesSum.ts";

const milliseconds = fc.double({ min: 0, max: 60_000, noNaN: true });

test("a value comes back within its three digits, from a µs to half an hour", () => {
  fc.assert(
    fc.property(fc.double({ min: 0.001, max: 1_800_000, noNaN: true }), (valueMs) => {
      const histogram = createHistogram();
      recordMs(histogram, valueMs);
      const foundMs = decodeHistogram(encodeHistogram(histogram)).getValueAtPercentile(50) / 1_000;
      assert.ok(Math.abs(foundMs - valueMs) <= Math.max(valueMs * 0.001, 0.001), `${foundMs} for ${valueMs}`);
    }),
  );
});

/** What may happen to a request, as the sender tells the recorder. */
interface Happened {
  kind: "valid" | "http-500" | "ECONNRESET" | "missed";
  dueMs: number;
  ms: number;
}

const happened = fc.array(
  fc.record<Happened>({
    kind: fc.constantFrom("valid", "http-500", "ECONNRESET", "missed"),
    dueMs: fc.nat(5_000),
    ms: milliseconds,
  }),
  { minLength: 1 },
);

function record(recorder: Recorder, { kind, dueMs, ms }: Happened): void {
  if (kind === "missed") {
    recorder.missed(dueMs, "late");
    return;
  }
  recorder.sent(dueMs, ms / 10, 60);
  if (kind === "ECONNRESET") recorder.failed(dueMs, kind);
  else {
    const status = kind === "valid" ? 200 : 500;
    recorder.responded(dueMs, { responseMs: ms, serviceMs: ms / 2, status, bytes: 40, classified: kind });
  }
}

function recorded(parts: readonly (readonly Happened[])[]): Series[] {
  const recorder = new Recorder("ethereum", "measure", 1_000);
  return parts.flatMap((part) => {
    for (const each of part) record(recorder, each);
    return recorder.take() ?? [];
  });
}

/** A series' response times, by interval. */
function timesOf({ responseTime }: Series): Map<number, string> {
  return new Map(
    parsePacked(responseTime).map(([interval, counts]) => {
      const histogram = createHistogram();
      histogram.addParsed(counts);
      return [interval, encodeHistogram(histogram)];
    }),
  );
}

/** A series' counts by second. */
function secondsOf(series: Series): Map<number, SecondCounts> {
  const sum = new SeriesSum();
  sum.addSeconds(series);
  return sum.seconds;
}

/** A sum in a form that can be compared. */
function flat(sum: SeriesSum): object {
  const series = sum.toSeries("ethereum", "measure");
  const bySecond = [...secondsOf(series)].sort(([a], [b]) => a - b);
  const byInterval = [...timesOf(series)].sort(([a], [b]) => a - b);
  return { ...series, seconds: bySecond, responseTime: byInterval };
}

test("chunks added up equal one recording, wherever they were cut and however they are grouped", () => {
  fc.assert(
    fc.property(fc.array(happened, { minLength: 3, maxLength: 6 }), (parts) => {
      const [a, b, ...rest] = recorded(parts).map((series) => ({ series: [series] }));
      const [whole] = recorded([parts.flat()]);
      assert.ok(a && b && whole);
      const direct = new SeriesSum();
      direct.add(whole);
      const grouped = new SeriesSum();
      for (const series of sumSeries([{ series: sumSeries([...rest, b]) }, a])) grouped.add(series);
      const merged = new SeriesSum();
      const other = new SeriesSum();
      for (const { series } of [a, b]) for (const each of series) merged.add(each);
      for (const { series } of rest) for (const each of series) other.add(each);
      other.merge(merged);
      assert.deepEqual(flat(grouped), flat(direct));
      assert.deepEqual(flat(other), flat(direct));
    }),
    { numRuns: 30 },
  );
});

test("what was recorded balances, second by second and in all", () => {
  fc.assert(
    fc.property(happened, (all) => {
      const [series] = recorded([all]);
      assert.ok(series);
      const ended = series.valid + total(series.invalid) + total(series.errors);
      assert.equal(series.sent, ended);
      assert.equal(series.sent + total(series.missed), all.length);
      for (const second of secondsOf(series).values()) {
        assert.equal(second.sent, second.valid + second.invalid + second.errors);
      }
      assert.equal(new Recorder("ethereum", "measure", 1_000).take(), undefined);
    }),
  );
});

/** The percentiles of a histogram as it is written, in ms. */
function millisOf(encoded: string | undefined, ...percentiles: number[]): number[] {
  assert.ok(encoded);
  const histogram = decodeHistogram(encoded);
  return percentiles.map((each) => Math.round(histogram.getValueAtPercentile(each) / 1_000));
}

test("what was sent, missed and answered is counted in all, by class and by the second in which it was due", () => {
  const recorder = new Recorder("kava", "measure", 1_000);
  recorder.sent(0, 1, 60);
  recorder.sent(999.9, 3, 40);
  recorder.sent(1_000, 5, 20);
  recorder.missed(2_500, "late");
  recorder.missed(2_600, "late", 4);
  recorder.missed(5_000, "aborted", 2);
  recorder.responded(0, { responseMs: 20, serviceMs: 10, status: 200, bytes: 7, classified: "valid" });
  recorder.responded(999.9, { responseMs: 40, serviceMs: 30, status: 200, bytes: 11, classified: "answer-null" });
  recorder.responded(1_000, { responseMs: 80, serviceMs: 70, status: 503, bytes: 13, classified: "http-503" });
  const series = recorder.take();
  assert.ok(series);
  assert.deepEqual([series.chain, series.phase], ["kava", "measure"]);
  assert.deepEqual([series.sent, series.valid, series.bytesSent, series.bytesReceived], [3, 2, 120, 31]);
  assert.deepEqual(series.missed, { late: 5, aborted: 2 });
  assert.deepEqual(series.invalid, { "http-503": 1 });
  assert.deepEqual(series.answers, { "answer-null": 1 });
  assert.deepEqual(series.errors, {});
  assert.deepEqual(series.statuses, { 200: 2, 503: 1 });
  assert.deepEqual(Object.fromEntries(secondsOf(series)), {
    0: { sent: 2, missed: 0, valid: 2, invalid: 0, errors: 0 },
    1: { sent: 1, missed: 0, valid: 0, invalid: 1, errors: 0, classes: { "http-503": 1 } },
    2: { sent: 0, missed: 5, valid: 0, invalid: 0, errors: 0 },
    5: { sent: 0, missed: 2, valid: 0, invalid: 0, errors: 0 },
  });
  assert.deepEqual(millisOf(series.sendLag, 1, 100), [1, 5]);
  assert.deepEqual(millisOf(series.serviceTime, 1, 100), [10, 70]);
  assert.deepEqual(series.responseTime.intervals, [0, 1]);
  assert.deepEqual(millisOf(timesOf(series).get(0), 1, 100), [20, 40]);
  assert.deepEqual(millisOf(timesOf(series).get(1), 1, 100), [80, 80]);
});

test("response times are kept apart by intervals of the run, which need not be seconds", () => {
  const recorder = new Recorder("kava", "measure", 250);
  for (const dueMs of [0, 249, 250, 1_000, 1_249]) {
    recorder.sent(dueMs, 0, 1);
    recorder.responded(dueMs, { responseMs: dueMs + 1, serviceMs: 1, status: 200, bytes: 1, classified: "valid" });
  }
  const series = recorder.take() ?? assert.fail("nothing was recorded");
  assert.deepEqual(series.responseTime.intervals, [0, 1, 4]);
  assert.deepEqual(millisOf(timesOf(series).get(4), 1, 100), [1_001, 1_250]);
  assert.deepEqual([...secondsOf(series).keys()], [0, 1]);
});

test("a request without a response is an error of its class, in its second and of its target", () => {
  const recorder = new Recorder("kava", "warmup", 1_000, { timings: 0, targets: 2 });
  for (let n = 0; n < 3; n++) recorder.sent(1_500, 0, 10, 1);
  recorder.failed(1_500, "connection-refused", 1);
  recorder.failed(1_500, "connection-refused", 1);
  recorder.failed(1_500, UNFINISHED, 1);
  const series = recorder.take();
  assert.equal(series?.phase, "warmup");
  assert.deepEqual(series?.errors, { "connection-refused": 2, [UNFINISHED]: 1 });
  assert.deepEqual(series?.seconds[0]?.at(6), { "connection-refused": 2, [UNFINISHED]: 1 });
  assert.deepEqual(series?.seconds[0]?.slice(0, 6), [1, 3, 0, 0, 0, 3]);
  assert.deepEqual(
    series?.targets?.map(({ sent, errors }) => [sent, errors]),
    [
      [0, 0],
      [3, 2],
    ],
    "in flight at an abort is no error of the target's",
  );
  assert.deepEqual(series?.responseTime.intervals, []);
});

test("targets are recorded apart where there are several, and not where there are too many", () => {
  const recorder = new Recorder("kava", "measure", 1_000, { timings: 0, targets: 3 });
  recorder.sent(0, 0, 1, 2);
  recorder.responded(0, { responseMs: 30, serviceMs: 30, status: 200, bytes: 1, classified: "valid" }, 2);
  recorder.sent(0, 0, 1, 1);
  recorder.responded(0, { responseMs: 50, serviceMs: 50, status: 200, bytes: 1, classified: "null-result" }, 1);
  const targets = recorder.take()?.targets;
  assert.deepEqual(
    targets?.map(({ sent, valid, invalid }) => [sent, valid, invalid]),
    [
      [0, 0, 0],
      [1, 0, 1],
      [1, 1, 0],
    ],
  );
  assert.deepEqual(
    [...millisOf(targets?.[1]?.responseTime, 50), ...millisOf(targets?.[2]?.responseTime, 50)],
    [50, 30],
  );
  for (const [count, apart] of [
    [1, undefined],
    [MAX_TARGETS_APART, MAX_TARGETS_APART],
    [MAX_TARGETS_APART + 1, undefined],
  ] as const) {
    const own = new Recorder("kava", "measure", 1_000, { timings: 0, targets: count });
    own.sent(0, 0, 1, 0);
    assert.equal(own.take()?.targets?.length, apart, `${count} targets`);
  }
});

test("each series has what came since the one before, and a look at it takes nothing", () => {
  const recorder = new Recorder("kava", "measure", 1_000, { timings: 1, targets: 2 });
  const one = (ms: number): void => {
    recorder.sent(0, ms, 10, 1);
    recorder.responded(0, { responseMs: ms, serviceMs: ms, status: 200, bytes: 5, classified: "valid" }, 1);
    recorder.decoded(5, 25);
    recorder.split(1, 2);
    recorder.opened({ dns: 3, connect: 4, tls: 5 });
    recorder.noted(
      0,
      { responseMs: ms, verdict: { name: "valid", blocks: [7] }, status: 200, body: Buffer.from("x") },
      1,
    );
  };
  one(10);
  recorder.failed(0, "connection-reset", 1);
  recorder.responded(0, { responseMs: 1, serviceMs: 1, status: 500, bytes: 1, classified: "http-500" }, 1);
  recorder.responded(0, { responseMs: 1, serviceMs: 1, status: 200, bytes: 1, classified: "answer-revert" }, 1);
  recorder.missed(0, "late");
  assert.deepEqual(recorder.peek(), recorder.peek());
  assert.equal(recorder.take()?.sent, 1);
  assert.equal(recorder.peek(), undefined);
  assert.equal(recorder.take(), undefined);
  one(90);
  const alone = new Recorder("kava", "measure", 1_000, { timings: 1, targets: 2 });
  const fresh = recorder.take();
  alone.sent(0, 90, 10, 1);
  alone.responded(0, { responseMs: 90, serviceMs: 90, status: 200, bytes: 5, classified: "valid" }, 1);
  alone.decoded(5, 25);
  alone.split(1, 2);
  alone.opened({ dns: 3, connect: 4, tls: 5 });
  alone.noted(0, { responseMs: 90, verdict: { name: "valid", blocks: [7] }, status: 200, body: Buffer.from("x") }, 1);
  const { samples: _, ...counts } = fresh ?? {};
  assert.deepEqual(counts, alone.take(), "as if nothing had been before, but for the samples");
});

test("bytes are counted as they came and as they were decoded, where any was encoded", () => {
  const recorder = new Recorder("kava", "measure", 1_000);
  for (const bytes of [100, 50]) {
    recorder.sent(0, 0, 1);
    recorder.responded(0, { responseMs: 1, serviceMs: 1, status: 200, bytes, classified: "valid" });
  }
  assert.equal(recorder.peek()?.bytesDecoded, undefined);
  recorder.decoded(50, 550);
  const series = recorder.take();
  assert.deepEqual([series?.bytesReceived, series?.bytesDecoded], [150, 650]);
});

test("a share of the requests' time is told apart, evenly among them; of connections all or nothing", () => {
  const splitting = (timings: number): number[] => {
    const recorder = new Recorder("kava", "measure", 1_000, { timings, targets: 1 });
    return Array.from({ length: 12 }, (_, n) => n).filter((n) => recorder.splits(n));
  };
  assert.deepEqual(splitting(0), []);
  assert.deepEqual(splitting(0.25), [0, 4, 8]);
  assert.equal(splitting(1).length, 12);
  assert.equal(splitting(0.9).length, 12);
  const none = new Recorder("kava", "measure", 1_000, { timings: 0, targets: 1 });
  none.sent(0, 0, 1);
  none.opened({ connect: 1 });
  assert.equal(none.take()?.timings, undefined);
  const all = new Recorder("kava", "measure", 1_000, { timings: 1, targets: 1 });
  all.sent(0, 0, 1);
  all.opened({ connect: 4 });
  all.opened({ dns: 2, connect: 6, tls: 8 });
  all.split(10, 20);
  const timings = all.take()?.timings;
  assert.deepEqual(Object.keys(timings ?? {}).sort(), ["body", "connect", "dns", "firstByte", "tls"]);
  assert.deepEqual(millisOf(timings?.connect, 1, 100), [4, 6]);
  assert.deepEqual(
    [timings?.dns, timings?.tls, timings?.firstByte, timings?.body].flatMap((each) => millisOf(each, 50)),
    [2, 8, 10, 20],
  );
});

test("samples are of what was no plain relay, without secrets; blocks are of relays alone", () => {
  const recorder = new Recorder("kava", "measure", 1_000, { timings: 0, targets: 1, secrets: ["hunter22"] });
  recorder.sent(0, 0, 1);
  recorder.noted(0, {
    responseMs: 1,
    verdict: { name: "valid", blocks: [5] },
    status: 200,
    body: Buffer.from("relay"),
  });
  recorder.noted(100, {
    responseMs: 1,
    verdict: { name: "answer-null", blocks: [6] },
    status: 200,
    body: Buffer.from("null"),
  });
  recorder.noted(0, {
    responseMs: 1,
    verdict: { name: "http-503", blocks: [99] },
    status: 503,
    body: Buffer.from("sorry hunter22"),
  });
  const series = recorder.take();
  assert.deepEqual(
    series?.samples?.map(({ class: name, status, begins }) => [name, status, begins]),
    [
      ["answer-null", 200, "null"],
      ["http-503", 503, "sorry …"],
    ],
  );
  assert.deepEqual(
    series?.blocks?.seen.map(([, block]) => block),
    [5, 6],
  );
  const quiet = new Recorder("kava", "measure", 1_000);
  quiet.sent(0, 0, 1);
  const plain = quiet.take();
  assert.deepEqual(
    [plain?.samples, plain?.blocks, plain?.answers, plain?.targets],
    [undefined, undefined, undefined, undefined],
  );
});

test("what a flush has taken is not in the next one, whatever was recorded", () => {
  const recorder = new Recorder("a", "measure", 1_000, { timings: 0, targets: 1, countsAdmissions: true });
  const flush = (): Series | undefined => {
    recorder.sent(0, 0, 100);
    recorder.responded(0, { responseMs: 1, serviceMs: 1, status: 200, bytes: 50, classified: "valid" });
    recorder.lookedUp("block", "new");
    return recorder.take();
  };
  for (const which of ["first", "second"]) {
    const taken = flush();
    assert.deepEqual(taken?.lookups, { block: { new: 1 } }, which);
    assert.deepEqual(taken.admissions, { 0: [1, 0] }, which);
    assert.deepEqual(taken.seconds, [[0, 1, 0, 1, 0, 0]], which);
  }
});
