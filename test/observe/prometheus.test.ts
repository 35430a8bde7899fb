import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Counter, Histogram, Registry } from "prom-client";
import { PrometheusError, parsePrometheus } from "../../lib/observe/prometheus.ts";
import { growth, type Scrape, select } from "../../lib/observe/scrape.ts";
import { startNodeExporter } from "../support/nodeExporter.ts";

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

test("the text format's own example is read as its document says", () => {
  // https://prometheus.io/docs/instrumenting/exposition_formats/#text-format-example
  const page = String.raw`# HELP http_requests_total The total number of HTTP requests.
# TYPE http_requests_total counter
http_requests_total{method="post",code="200"} 1027 1395066363000
http_requests_total{method="post",code="400"}    3 1395066363000

# Escaping in label values:
msdos_file_access_time_seconds{path="C:\\DIR\\FILE.TXT",error="Cannot find file:\n\"FILE.TXT\""} 1.458255915e9

# Minimalistic line:
metric_without_timestamp_and_labels 12.47

# A weird metric from before the epoch:
something_weird{problem="division by zero"} +Inf -3982045

# A histogram, which has a pretty complex representation in the text format:
# HELP http_request_duration_seconds A histogram of the request duration.
# TYPE http_request_duration_seconds histogram
http_request_duration_seconds_bucket{le="0.05"} 24054
http_request_duration_seconds_bucket{le="0.1"} 33444
http_request_duration_seconds_bucket{le="0.2"} 100392
http_request_duration_seconds_bucket{le="0.5"} 129389
http_request_duration_seconds_bucket{le="1"} 133988
http_request_duration_seconds_bucket{le="+Inf"} 144320
http_request_duration_seconds_sum 53423
http_request_duration_seconds_count 144320

# Finally a summary, which has a complex representation, too:
# HELP rpc_duration_seconds A summary of the RPC duration in seconds.
# TYPE rpc_duration_seconds summary
rpc_duration_seconds{quantile="0.01"} 3102
rpc_duration_seconds{quantile="0.05"} 3272
rpc_duration_seconds{quantile="0.5"} 4773
rpc_duration_seconds{quantile="0.9"} 9001
rpc_duration_seconds{quantile="0.99"} 76656
rpc_duration_seconds_sum 1.7560473e+07
rpc_duration_seconds_count 2693
`;
  const samples = parsePrometheus(page);
  assert.equal(samples.length, 20);
  assert.deepEqual(samples[1], { name: "http_requests_total", labels: { method: "post", code: "400" }, value: 3 });
  assert.deepEqual(samples[2]?.labels, { path: "C:\\DIR\\FILE.TXT", error: 'Cannot find file:\n"FILE.TXT"' });
  assert.deepEqual([samples[3]?.value, samples[4]?.value], [12.47, Infinity]);
  assert.deepEqual(samples[10], {
    name: "http_request_duration_seconds_bucket",
    labels: { le: "+Inf" },
    value: 144_320,
  });
  assert.equal(samples[18]?.value, 17_560_473);
});

test("OpenMetrics is read to its end: units, exemplars, timestamps in seconds; a page that was cut off is refused", () => {
  // The shapes of the examples in https://prometheus.io/docs/specs/om/open_metrics_spec/
  const page = `# TYPE acme_http_router_request_seconds summary
# UNIT acme_http_router_request_seconds seconds
# HELP acme_http_router_request_seconds Latency though all of ACME's HTTP request router.
acme_http_router_request_seconds_sum{path="/api/v1",method="GET"} 9036.32
acme_http_router_request_seconds_count{path="/api/v1",method="GET"} 807283.0
acme_http_router_request_seconds_created{path="/api/v1",method="GET"} 1605281325.0
# TYPE foo histogram
foo_bucket{le="0.01"} 0
foo_bucket{le="0.1"} 8 # {} 0.054
foo_bucket{le="1"} 11 # {trace_id="KOO5S4vxi0o"} 0.67
foo_bucket{le="10"} 17 # {trace_id="oHg5SJYRHA0"} 9.8 1520879607.789
foo_bucket{le="+Inf"} 17
foo_count 17 1520879607.789
foo_sum 324789.3 1.520879607789e9
# TYPE state stateset
state{state="a"} 1
# EOF
`;
  const samples = parsePrometheus(page, "openmetrics");
  assert.deepEqual(
    samples.filter(({ name }) => name.startsWith("foo")).map(({ value }) => value),
    [0, 8, 11, 17, 17, 17, 324_789.3],
  );
  assert.equal(samples.length, 11);
  assert.throws(() => parsePrometheus(page.replace("# EOF\n", ""), "openmetrics"), /cut off/);
  assert.throws(() => parsePrometheus(`${page}late 1\n`, "openmetrics"), /line 18 comes after # EOF/);
  assert.equal(parsePrometheus(`${page}late 1\n`).length, 12, "in the text format it is a comment");
});

test("geth's page, with blanks before the labels, and names in quotes are read", () => {
  const geth = `# TYPE chain_account_commits summary
chain_account_commits {quantile="0.5"} 1.25e+06
chain_account_commits {quantile="0.99"} NaN
chain_account_commits_count 3
# TYPE p2p_peers gauge
p2p_peers	7
`;
  assert.deepEqual(parsePrometheus(geth).slice(0, 1), [
    { name: "chain_account_commits", labels: { quantile: "0.5" }, value: 1_250_000 },
  ]);
  assert.equal(parsePrometheus(geth).length, 4);
  assert.equal(parsePrometheus(geth.replaceAll("\n", "\r\n")).length, 4);
  // https://prometheus.io/docs/guides/utf8/
  assert.deepEqual(parsePrometheus('{"my.dotted.metric","error\\\\code"="404",region="eu"} 1 1395066363000'), [
    { name: "my.dotted.metric", labels: { "error\\code": "404", region: "eu" }, value: 1 },
  ]);
  assert.deepEqual(parsePrometheus('a{path="C:\\dir",__proto__="x"} 1')[0]?.labels.path, "C:\\dir");
});

test("the pages of node_exporter and of prom-client are read to the last sample", async (t) => {
  const registry = new Registry();
  const histogram = new Histogram({ name: "took", help: 'a "b" \\ \n c', labelNames: ["path"], registers: [registry] });
  histogram.observe({ path: 'a "b"\\\n' }, 0.3);
  new Counter({ name: "seen_total", help: "h", registers: [registry] }).inc(3);
  const text = await registry.metrics();
  const expected = text.split("\n").filter((line) => line !== "" && !line.startsWith("#")).length;
  const samples = parsePrometheus(text);
  assert.equal(samples.length, expected);
  assert.deepEqual(samples.at(-1), { name: "seen_total", labels: {}, value: 3 });
  assert.equal(samples[0]?.labels.path, 'a "b"\\\n');
  const open = Registry.merge([registry]);
  open.setContentType(Registry.OPENMETRICS_CONTENT_TYPE as never);
  assert.equal(parsePrometheus(await open.metrics(), "openmetrics").length, expected);

  const exporter = await startNodeExporter(t);
  if (!exporter) return;
  const page = await (await fetch(`${exporter}/metrics`)).text();
  const lines = page.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  assert.ok(lines.length > 100);
  assert.equal(parsePrometheus(page).length, lines.length);
});

test("a line that is no sample is refused with its number", () => {
  const none = ["<html>", "a{b}", 'a{b="c"', "a", "a x", '{a="b"} 1', 'a{b="c" d="e"} 1', 'a{"b"} 1', '{"a","b"} 1'];
  const rest = [
    "a 1 x",
    "a 1 2 3",
    "a 1 # x",
    "a 1 # {} y",
    'a 1 # {b="c"',
    "a 1 # {} 1 x",
    "a 0x1p-2",
    "a 1_000",
    "a{,} 1",
  ];
  for (const line of [...none, ...rest]) {
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

test("a number of a million digits that is none takes no long time, as a value and as a timestamp", () => {
  for (const line of [`x ${"9".repeat(1_000_000)}z`, `x 1 ${"9".repeat(1_000_000)}z`]) {
    const before = process.threadCpuUsage();
    assert.throws(() => parsePrometheus(line), PrometheusError);
    const { user, system } = process.threadCpuUsage(before);
    assert.ok(user + system < 2_000_000, `${user + system} us`);
  }
});
