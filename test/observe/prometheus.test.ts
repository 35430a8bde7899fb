import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { parsePrometheus } from "../../lib/observe/prometheus.ts";
import { growth, type Scrape, select } from "../../lib/observe/scrape.ts";

test("a page in Prometheus' text format is read: labels, escapes, timestamps, exemplars, special values", () => {
  const page = `# HELP a_total Help
# TYPE a_total counter
a_total{code="200",path="C:\\\\x",note="a \\"b\\"\\n"} 12 1700000000000
a_total{ code = "500" , } 3e2
b 1.5
c{le="+Inf"} 7 # {trace_id="x"} 0.5
d +Inf
e NaN
# EOF
`;
  const samples = parsePrometheus(page);
  assert.deepEqual(samples[0], { name: "a_total", labels: { code: "200", path: "C:\\x", note: 'a "b"\n' }, value: 12 });
  assert.deepEqual(samples[1], { name: "a_total", labels: { code: "500" }, value: 300 });
  assert.deepEqual(samples[2], { name: "b", labels: {}, value: 1.5 });
  assert.deepEqual(samples[3], { name: "c", labels: { le: "+Inf" }, value: 7 });
  assert.equal(samples[4]?.value, Infinity);
  assert.ok(Number.isNaN(samples[5]?.value));
  assert.equal(samples.length, 6);
});

test("a line that is no sample is refused with its number", () => {
  for (const line of ["<html>", "a{b}", 'a{b="c"', "a", "a x", '{a="b"} 1', 'a{b="c" d="e"} 1']) {
    assert.throws(() => parsePrometheus(`ok 1\n${line}\n`), /^PrometheusError: line 2 is no sample/);
  }
});

test("whatever a server sends is read or refused, and nothing else happens", () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 200 }), (text) => {
      try {
        for (const { value } of parsePrometheus(text)) assert.equal(typeof value, "number");
      } catch (error) {
        assert.equal((error as Error).name, "PrometheusError");
      }
    }),
    { numRuns: 1_000 },
  );
});

test("a counter that fell was reset, and what it has is its growth; a gap stays one", () => {
  assert.deepEqual(growth([1, 5, 2, undefined, 4, 6]), [4, 2, undefined, undefined, 2]);
});

test("a selector adds up the samples that fit, for a chain by its label and name", () => {
  const samples = parsePrometheus(
    'q{service="eth@file",code="200"} 4\nq{service="eth@file",code="500"} 1\nq{service="b"} 9\n',
  );
  const scraped: Scrape = { atMs: 0, samples, failed: [] };
  const selector = { metric: "q", labels: {}, chainLabel: "service", chainNames: { ethereum: "eth@file" } };
  assert.equal(select(scraped, selector, "ethereum"), 5);
  assert.equal(select(scraped, { ...selector, labels: { code: "200" } }, "ethereum"), 4);
  assert.equal(select(scraped, selector, "b"), 9);
  assert.equal(select(scraped, selector, "kava"), undefined);
  assert.equal(select(scraped, selector), 14);
});
