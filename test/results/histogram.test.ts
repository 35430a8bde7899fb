import assert from "node:assert/strict";
import { test } from "node:test";
import { deflateSync, inflateSync } from "node:zlib";
import fc from "fast-check";
import { build, decodeFromCompressedBase64, encodeIntoCompressedBase64, type Histogram as Hdr } from "hdr-histogram-js";
import { HIGHEST_US } from "../../lib/results/hdrRange.ts";
import {
  createHistogram,
  decodeHistogram,
  encodeHistogram,
  packHistograms,
  parseHistogram,
  parsePacked,
} from "../../lib/results/histogram.ts";

const values = fc.array(fc.oneof(fc.integer({ min: 0, max: 5_000 }), fc.integer({ min: 0, max: HIGHEST_US })), {
  minLength: 1,
  maxLength: 300,
});

function ours(of: readonly number[]) {
  const histogram = createHistogram();
  for (const us of of) histogram.record(us);
  return histogram;
}

function theirs(of: readonly number[]): Hdr {
  const histogram = build({
    bitBucketSize: 32,
    autoResize: false,
    lowestDiscernibleValue: 1,
    highestTrackableValue: HIGHEST_US,
    numberOfSignificantValueDigits: 3,
    useWebAssembly: false,
  });
  for (const us of of) histogram.recordValue(us);
  return histogram;
}

const PERCENTILES = [0.1, 10, 50, 90, 95, 99, 99.9, 99.99, 100];

test("percentiles are those of hdr-histogram-js, to the microsecond", () => {
  fc.assert(
    fc.property(values, (of) => {
      const own = ours(of);
      const reference = theirs(of);
      assert.equal(own.totalCount, of.length);
      assert.equal(own.maxValue, reference.getValueAtPercentile(100));
      for (const percentile of PERCENTILES) {
        assert.equal(own.getValueAtPercentile(percentile), reference.getValueAtPercentile(percentile));
      }
      const least = Math.min(...of.filter((us) => us > 0), HIGHEST_US);
      if (of.some((us) => us > 0)) assert.ok(own.minNonZeroValue <= least && own.minNonZeroValue >= least * 0.999);
    }),
  );
});

test("what we encode hdr-histogram-js reads, and the other way round", () => {
  fc.assert(
    fc.property(values, (of) => {
      const read = decodeFromCompressedBase64(encodeHistogram(ours(of)), 32, false);
      const back = decodeHistogram(encodeIntoCompressedBase64(theirs(of)));
      assert.equal(read.totalCount, of.length);
      assert.equal(back.totalCount, of.length);
      for (const percentile of PERCENTILES) {
        assert.equal(read.getValueAtPercentile(percentile), ours(of).getValueAtPercentile(percentile));
        assert.equal(back.getValueAtPercentile(percentile), ours(of).getValueAtPercentile(percentile));
      }
    }),
  );
});

test("values are accurate to a tenth of a per cent", () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: HIGHEST_US }), (us) => {
      const found = ours([us]).getValueAtPercentile(50);
      assert.ok(found >= us && found - us <= us / 1_000, `${us} is told as ${found}`);
    }),
  );
});

test("adding is the same as recording in one, in any order and by any way", () => {
  fc.assert(
    fc.property(values, values, values, (a, b, c) => {
      const all = encodeHistogram(ours([...a, ...b, ...c]));
      const first = ours(a);
      first.add(ours(b));
      first.addParsed(parseHistogram(encodeHistogram(ours(c))));
      const second = ours(c);
      second.addParsed(parseHistogram(encodeHistogram(ours(a))));
      second.add(ours(b));
      assert.equal(encodeHistogram(first), all);
      assert.equal(encodeHistogram(second), all);
    }),
  );
});

const counts = fc.array(
  fc.tuple(
    fc.integer({ min: 0, max: HIGHEST_US }),
    fc.oneof(
      fc.integer({ min: 1, max: 200 }),
      fc.nat().map((n) => n * 512 + 1),
    ),
  ),
  { minLength: 1, maxLength: 100 },
);

test("counts of every size and distance are added as hdr-histogram-js reads them", () => {
  fc.assert(
    fc.property(counts, (of) => {
      const histogram = createHistogram();
      for (const [us, times] of of) histogram.record(us, times);
      const text = encodeHistogram(histogram);
      const added = createHistogram();
      const also = createHistogram();
      added.addParsed(parseHistogram(text), also);
      const reference = decodeFromCompressedBase64(text, 64, false);
      assert.deepEqual([...added.values()], [...histogram.values()]);
      assert.deepEqual([added.totalCount, added.maxValue], [reference.totalCount, reference.maxValue]);
      assert.equal(encodeHistogram(also), text, "the second histogram has the same counts");
    }),
  );
});

/** An uncompressed histogram with these words in the place of its counts. */
function bareWords(words: readonly number[]): Buffer {
  const head = Buffer.from(ours([1]).encoded().subarray(0, 40));
  head.writeInt32BE(words.length, 4);
  return Buffer.concat([head, Buffer.from(words)]);
}

/** The text of an uncompressed histogram. */
function asText(bare: Buffer): string {
  const compressed = deflateSync(bare);
  const head = Buffer.from(encodeHistogram(ours([1])), "base64").subarray(0, 8);
  head.writeInt32BE(compressed.length, 4);
  return Buffer.concat([head, compressed]).toString("base64");
}

test("counts beyond the range are refused, however far", () => {
  assert.equal(decodeHistogram(asText(bareWords([3, 2]))).maxValue, 2, "two zeros and a count of one");
  const far = [0x81, 0x80, 0x80, 0x80, 0x40, 0x02];
  for (const words of [far, [...far, ...far], Array.from({ length: 1_000 }, () => 0x7f).concat(2)]) {
    assert.throws(() => decodeHistogram(asText(bareWords(words))), /more counts than its range/);
  }
});

test("zeros after the last count do not raise the highest value", () => {
  const read = decodeHistogram(asText(bareWords([2, 7])));
  assert.equal(read.maxValue, 0, "a count of one and four zeros");
  assert.equal(encodeHistogram(read), encodeHistogram(ours([0])));
});

test("histograms that were packed are the same again, and hdr-histogram-js reads each of them", () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.nat(200), { maxLength: 5 }), values, (intervals, of) => {
      const histograms = new Map(intervals.map((interval) => [interval, ours([...of, interval])]));
      const { packed, ...rest } = packHistograms(histograms);
      const parsed = parsePacked({ packed, ...rest });
      assert.deepEqual(
        parsed.map(([interval]) => interval),
        intervals,
      );
      let bytes = inflateSync(Buffer.from(packed, "base64"));
      for (const [interval, counts] of parsed) {
        const back = createHistogram();
        back.addParsed(counts);
        assert.equal(encodeHistogram(back), encodeHistogram(histograms.get(interval) ?? createHistogram()));
        const length = 40 + bytes.readInt32BE(4);
        const read = decodeFromCompressedBase64(asText(bytes.subarray(0, length)), 32, false);
        assert.equal(read.totalCount, of.length + 1);
        bytes = bytes.subarray(length);
      }
    }),
    { numRuns: 30 },
  );
});

test("packed histograms are refused if one is damaged, missing or too many, or if they unpack to any size", () => {
  const two = Buffer.concat([ours([5]).encoded(), ours([70_000]).encoded()]);
  const pack = (bytes: Buffer): string => deflateSync(bytes).toString("base64");
  const refuses = (packed: string, says = /./): void => {
    assert.throws(() => parsePacked({ intervals: [3, 4], packed }), says);
  };
  assert.equal(parsePacked({ intervals: [3, 4], packed: pack(two) }).length, 2);
  for (let length = 0; length < two.length; length++) refuses(pack(two.subarray(0, length)), /HdrHistogram|cut short/);
  const whole = Buffer.from(pack(two), "base64");
  for (let length = 0; length < whole.length; length++) refuses(whole.subarray(0, length).toString("base64"));
  refuses(pack(Buffer.concat([two, ours([5]).encoded()])), /after the last/);
  refuses(pack(Buffer.concat([ours([5]).encoded(), bareWords([0x80])])), /ends within a count/);
  refuses(pack(Buffer.alloc(100_000_000)), /larger than/);
});

test("counts too large for 32 bits survive the encoding", () => {
  const histogram = createHistogram();
  histogram.record(123, 7_000_000_000);
  assert.equal(decodeHistogram(encodeHistogram(histogram)).totalCount, 7_000_000_000);
});

test("text that is no histogram is refused", () => {
  fc.assert(
    fc.property(fc.oneof(fc.base64String(), fc.string()), (text) => {
      assert.throws(() => parseHistogram(text));
    }),
  );
  const whole = Buffer.from(encodeHistogram(ours([5, 900, 70_000])), "base64");
  for (let length = 0; length < whole.length; length++) {
    assert.throws(() => decodeHistogram(whole.subarray(0, length).toString("base64")), `cut to ${length} bytes`);
  }
});

test("a histogram that was reset is as good as new", () => {
  const histogram = ours([5, 1_000_000]);
  histogram.reset();
  histogram.record(7);
  assert.equal(encodeHistogram(histogram), encodeHistogram(ours([7])));
  assert.equal(histogram.mean, 7);
  assert.equal(histogram.countUpTo(6), 0);
  assert.equal(histogram.countUpTo(7), 1);
});
