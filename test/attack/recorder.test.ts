import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Recorder } from "../../lib/attack/recorder.ts";
import { type Series, SeriesSum, sumSeries, total } from "../../lib/results/chunk.ts";
import { createHistogram, decodeHistogram, encodeHistogram, recordMs } from "../../lib/results/histogram.ts";

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
  else recorder.responded(dueMs, ms, ms / 2, kind === "valid" ? 200 : 500, 40, kind);
}

function recorded(parts: readonly (readonly Happened[])[]): Series[] {
  const recorder = new Recorder("ethereum", "measure", 1_000);
  return parts.flatMap((part) => {
    for (const each of part) record(recorder, each);
    return recorder.take() ?? [];
  });
}

/** A sum in a form that can be compared. */
function flat(sum: SeriesSum): object {
  const series = sum.toSeries("ethereum", "measure");
  const bySecond = Object.entries(series.seconds).sort(([a], [b]) => Number(a) - Number(b));
  const byInterval = Object.entries(series.responseTime).sort(([a], [b]) => Number(a) - Number(b));
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
      for (const second of Object.values(series.seconds)) {
        assert.equal(second.sent, second.valid + second.invalid + second.errors);
      }
      assert.equal(new Recorder("ethereum", "measure", 1_000).take(), undefined);
    }),
  );
});
