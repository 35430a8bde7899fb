import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism, cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { startGatewayProcess } from "../lib/gateway/gatewayProcess.ts";
import { gatewaySchema } from "../lib/plan/gatewaySchema.ts";
import type { Report } from "../lib/report/schema.ts";
import { createHistogram, recordMs } from "../lib/results/histogram.ts";
import { ROOT } from "../test/support/volley.ts";
import { which } from "./processes.ts";

/*
 * `npm run accuracy`: how far percentiles are from the truth when workers' percentiles are averaged, as tools do that
 * keep no histograms, on a real run with skewed workers; and our histogram beside vegeta's report on the latencies that
 * vegeta recorded. Writes docs/accuracy.md.
 */

const PERCENTILES = ["p50", "p90", "p95", "p99", "p999"] as const;
const PERCENT = { p50: 50, p90: 90, p95: 95, p99: 99, p999: 99.9 };
const BODY = JSON.stringify({ jsonrpc: "2.0", method: "eth_chainId", params: [], id: 1 });

/** The same chain on nodes of different speed, as workers in different places would find it. */
const SKEW = [
  { name: "near", rps: 450, latencyMs: { p50: 4, p99: 9 } },
  { name: "middle", rps: 300, latencyMs: { p50: 12, p99: 40 } },
  { name: "far", rps: 200, latencyMs: { p50: 45, p99: 80 } },
  { name: "overloaded", rps: 50, latencyMs: { p50: 300, p99: 900 } },
];

const folder = mkdtempSync(join(tmpdir(), "volley-accuracy-"));
try {
  const skewed = skewedRun();
  const replayed = await replayedRun();
  writeFileSync(`${ROOT}docs/accuracy.md`, document(skewed, replayed));
} finally {
  rmSync(folder, { recursive: true, force: true });
}

function skewedRun(): Report {
  const chains = SKEW.map(({ name, rps }) => {
    return { name, rps, targets: [{ url: `http://gateway.example/api/gateway?endpoint=${name}`, body: BODY }] };
  });
  const gateway = { chains: SKEW.map(({ name, latencyMs }) => ({ name, endpoint: name, latencyMs })) };
  writeFileSync(join(folder, "plan.json"), JSON.stringify({ name: "skewed", chains, duration: "30s", gateway }));
  execFileSync(`${ROOT}bin/volley`, ["run", join(folder, "plan.json"), "--out", folder, "--json"], { stdio: "ignore" });
  const [run = ""] = readdirSync(join(folder, "runs"));
  return JSON.parse(readFileSync(join(folder, "runs", run, "report.json"), "utf8")) as Report;
}

/** Latencies that vegeta recorded, in ms, and what its own report says of them. */
interface Replayed {
  latenciesMs: number[];
  vegetaMs: Record<(typeof PERCENTILES)[number], number | undefined>;
}

async function replayedRun(): Promise<Replayed | undefined> {
  const vegeta = which("vegeta", [join(process.env.HOME ?? "", "go/bin")]);
  if (vegeta === undefined) return undefined;
  const latencyMs = { p50: 20, p99: 200 };
  const gateway = await startGatewayProcess(
    gatewaySchema.parse({ chains: [{ name: "one", endpoint: "ONE", latencyMs }] }),
  );
  try {
    const target = { method: "POST", url: `${gateway.origin}/api/gateway?endpoint=ONE`, body: btoa(BODY) };
    const args = ["attack", "-format=json", "-rate=500", "-duration=20s"];
    const input = `${JSON.stringify(target)}\n`;
    const recorded = execFileSync(vegeta, args, { input, maxBuffer: 2 ** 28 });
    const lines = execFileSync(vegeta, ["encode", "-to=json"], {
      input: recorded,
      maxBuffer: 2 ** 28,
      encoding: "utf8",
    });
    const latenciesMs = lines
      .split("\n")
      .filter(Boolean)
      .map((line) => (JSON.parse(line) as { latency: number }).latency / 1e6);
    const report = execFileSync(vegeta, ["report", "-type=json"], { input: recorded, encoding: "utf8" });
    const { latencies } = JSON.parse(report) as { latencies: Record<string, number> };
    const of = (name: string): number | undefined => {
      const ns = latencies[name];
      return ns === undefined ? undefined : ns / 1e6;
    };
    const vegetaMs = { p50: of("50th"), p90: of("90th"), p95: of("95th"), p99: of("99th"), p999: undefined };
    return { latenciesMs, vegetaMs };
  } finally {
    await gateway.stop();
  }
}

function document(skewed: Report, replayed: Replayed | undefined): string {
  const { workers, total } = skewed;
  const rows = PERCENTILES.map((name) => {
    const own = workers.flatMap(({ responseTimeMs }) => (responseTimeMs ? [responseTimeMs[name]] : []));
    const mean = own.reduce((sum, value) => sum + value, 0) / own.length;
    const sent = workers.reduce((sum, { ledger }) => sum + ledger.sent, 0);
    const weighted = workers.reduce(
      (sum, { responseTimeMs, ledger }) => sum + ((responseTimeMs?.[name] ?? 0) * ledger.sent) / sent,
      0,
    );
    const truth = total.responseTimeMs?.[name] ?? 0;
    const off = (value: number): string => `${value.toFixed(1)} (${percent(value / truth - 1)})`;
    return `| ${title(name)} | ${truth.toFixed(1)} | ${off(mean)} | ${off(weighted)} | ${off(Math.max(...own))} |`;
  });
  return `# Accuracy

\`npm run accuracy\` on ${cpus()[0]?.model ?? "an unknown CPU"}, ${availableParallelism()} cores, Node ${process.versions.node}.

## Percentiles over workers

A percentile of all requests cannot be had from the workers' percentiles: what is averaged is of no request at all. The
plan: ${SKEW.map(({ name, rps, latencyMs }) => `${name} ${rps}/s at p50 ${latencyMs.p50} ms`).join(", ")}; ${workers.length} workers, ${total.ledger.sent} requests, one run.
Merged is Volley's figure, from the workers' histograms added up; beside it what averaging makes of the same run, as
Distributed Load Testing on AWS does over its tasks and a spreadsheet over its hosts, and how far it is off.

| all requests, ms | merged | mean of workers | mean weighted by requests | worst worker |
|---|---|---|---|---|
${rows.join("\n")}

That merging is exact is a test: \`test/report/percentiles.test.ts\` keeps the raw samples of a run, and the report's
percentiles are theirs to 0.1 %.

## The same latencies in vegeta's report

${replayed ? replayedTable(replayed) : "vegeta is not installed here."}

## Response times against the truth

A server that delays by a known schedule and keeps its own times, on a core and on the shares of one that a Lambda gets, beside
vegeta, k6 and oha: [bench/truth.md](../bench/truth.md), which \`npm run bench:truth\` writes.
`;
}

function replayedTable({ latenciesMs, vegetaMs }: Replayed): string {
  const histogram = createHistogram();
  for (const latency of latenciesMs) recordMs(histogram, latency);
  const sorted = latenciesMs.toSorted((a, b) => a - b);
  const rows = PERCENTILES.map((name) => {
    const exact = sorted[Math.ceil((PERCENT[name] * sorted.length) / 100 - 1e-9) - 1] ?? 0;
    const off = (value: number | undefined): string =>
      value === undefined ? "–" : `${value.toFixed(3)} (${percent(value / exact - 1)})`;
    const own = histogram.getValueAtPercentile(PERCENT[name]) / 1_000;
    return `| ${title(name)} | ${exact.toFixed(3)} | ${off(own)} | ${off(vegetaMs[name])} |`;
  });
  return `vegeta attacked the stand-in gateway with 500 requests/s for 20 s. Its ${latenciesMs.length} recorded latencies, sorted; in our
histogram (three digits, so within 0.1 %); and in \`vegeta report\`, whose percentiles come from a t-digest.

| ms | the samples themselves | Volley's histogram | vegeta report |
|---|---|---|---|
${rows.join("\n")}`;
}

function title(name: (typeof PERCENTILES)[number]): string {
  return name.replace("p999", "p99.9");
}

function percent(share: number): string {
  return `${share >= 0 ? "+" : "−"}${Math.abs(share * 100).toFixed(Math.abs(share) < 0.01 ? 2 : 0)} %`;
}
