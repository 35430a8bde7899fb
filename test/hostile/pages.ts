import { PrometheusError, parsePrometheus } from "../../lib/observe/prometheus.ts";
import { compilePattern } from "../../lib/plan/pattern.ts";
import { mutated } from "./bodies.ts";
import { Dice } from "./dice.ts";

/* What Watch reads: Prometheus pages and log lines that take their reader's time, or end it. */

/** Most CPU time that one page or line may take, in ms. */
const MOST_MS = 100;

const LONG = 30_000;

const PAGES: readonly string[] = [
  '# HELP up x\n# TYPE up gauge\nup{job="a",instance="b:1"} 1 1700000000000\n',
  `http_requests_total{${'a="b",'.repeat(5_000)}} 1\n`,
  `x{a="${"\\\\".repeat(LONG)}"} 1\n`,
  `x{a="${'\\"'.repeat(LONG)}\n`,
  `x${" ".repeat(LONG)}{`,
  `${"{".repeat(LONG)}\n`,
  `# TYPE ${" ".repeat(LONG)}x\n`,
  `${"\t ".repeat(LONG)}x 1\n`,
  `x{${" ".repeat(LONG)}a${" ".repeat(LONG)}=`,
  `x ${"9".repeat(LONG)}\nx 1e999\nx NaN\nx +Inf\n`,
  `${"x 1\n".repeat(20_000)}# EOF\n`,
  `x_bucket{le="0.1"} 1 # {trace_id="${"z".repeat(LONG)}"} 0.05\n`,
];

const PATTERNS = ["error.*timed out", "(a+)+$", "(x|xx)*y", "\\s*error\\s*:.*(timeout|refused)", "^(.*,)*z"];
const LINES: readonly string[] = [
  `error ${"timed ".repeat(60_000)}`,
  "a".repeat(100_000),
  "x".repeat(100_000),
  `${" ".repeat(100_000)}error`,
  ",".repeat(100_000),
  `${"error".repeat(50_000)}\u001b[2J`,
];

/** Reads one hostile page and matches one hostile line; what was wrong with that, and how long the longer one took. */
export function playPages(seed: number): { findings: string[]; longestMs: number } {
  const dice = new Dice(seed);
  const findings: string[] = [];
  const page = mutated(Buffer.from(dice.one(PAGES)), dice).toString("latin1");
  const format = dice.one(["text", "openmetrics"] as const);
  const line = mutated(Buffer.from(dice.one(LINES)), dice).toString("latin1");
  const pattern = compilePattern(dice.one(PATTERNS), { ignoreCase: true });
  let longestMs = 0;
  const timed = (what: string, act: () => unknown): void => {
    const before = process.threadCpuUsage();
    act();
    const { user, system } = process.threadCpuUsage(before);
    const tookMs = (user + system) / 1_000;
    longestMs = Math.max(longestMs, tookMs);
    if (tookMs > MOST_MS) findings.push(`${what} took ${Math.round(tookMs)} ms`);
  };
  timed("a Prometheus page", () => {
    try {
      parsePrometheus(page, format);
    } catch (error) {
      if (!(error instanceof PrometheusError)) findings.push(`a Prometheus page: ${(error as Error).message}`);
    }
  });
  timed("a log line", () => pattern.test(line));
  return { findings, longestMs };
}
