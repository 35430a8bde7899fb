import { compareRuns } from "./compare.ts";
import type { Report, ReportChain } from "./schema.ts";
import { renderTable, TEXT_COLUMNS, wrapText } from "./table.ts";

/** Differences below this, in ms, are not reported. */
const MIN_MS = 0.5;

/** Compares two runs of one plan from the two kinds of generators, and explains the differences. */
export function calibrationText(lambda: Report, fleet: Report, width: number = TEXT_COLUMNS): string {
  const rows = fleet.chains.flatMap((chain) => {
    const other = lambda.chains.find(({ name }) => name === chain.name);
    return other ? FIGURES.map(([figure, read]) => [chain.name, figure, ...pair(read(other), read(chain))]) : [];
  });
  const head = ["chain", "figure", "Lambda", "fleet", "fleet − Lambda"];
  const why = explanations(lambda, fleet).map((line) => wrapText(line, width));
  return [renderTable(head, rows, width), "", ...why, ""].join("\n");
}

const FIGURES: [name: string, read: (chain: ReportChain) => number | null][] = [
  ["achieved/s", ({ achievedRps }) => achievedRps],
  ["response p50 ms", ({ responseTimeMs }) => responseTimeMs?.p50 ?? null],
  ["response p99 ms", ({ responseTimeMs }) => responseTimeMs?.p99 ?? null],
  ["service p50 ms", ({ serviceTimeMs }) => serviceTimeMs?.p50 ?? null],
  ["service p99 ms", ({ serviceTimeMs }) => serviceTimeMs?.p99 ?? null],
  ["send lag p99 ms", ({ sendLagMs }) => sendLagMs?.p99 ?? null],
];

function pair(before: number | null, after: number | null): string[] {
  const shown = (value: number | null): string => (value === null ? "–" : value.toFixed(2));
  return [shown(before), shown(after), before === null || after === null ? "–" : signed(after - before)];
}

/**
 * For each chain with a real difference in response time: whether the generator, the path or the connections cause it.
 */
function explanations(lambda: Report, fleet: Report): string[] {
  const { differences, notes } = compareRuns(lambda, fleet);
  const real = differences.filter(({ metric, isReal }) => isReal && (metric === "p50" || metric === "p99"));
  const lines = real.flatMap(({ chain, metric }) => {
    const [one, other] = [lambda, fleet].map(({ chains }) => chains.find(({ name }) => name === chain));
    return one && other ? explanation(one, other, metric as "p50" | "p99") : [];
  });
  const same = "No response time differs by more than the slices of time of one run do: the generators are equal here.";
  const opened = [lambda, fleet].map(({ generator }) => generator.all.reduce((sum, point) => sum + point.opened, 0));
  const [ofLambda = 0, ofFleet = 0] = opened;
  const connections = `Connections opened during the measurement: ${ofLambda} from Lambda, ${ofFleet} from the fleet.`;
  return [...(lines.length === 0 ? [same] : lines), connections, ...notes];
}

function explanation(lambda: ReportChain, fleet: ReportChain, metric: "p50" | "p99"): string[] {
  const [before, after] = [lambda.responseTimeMs, fleet.responseTimeMs];
  const difference = (after?.[metric] ?? 0) - (before?.[metric] ?? 0);
  if (Math.abs(difference) < MIN_MS) return [];
  const service = (fleet.serviceTimeMs?.[metric] ?? 0) - (lambda.serviceTimeMs?.[metric] ?? 0);
  const lag = (fleet.sendLagMs?.[metric] ?? 0) - (lambda.sendLagMs?.[metric] ?? 0);
  const cause =
    Math.abs(lag) > Math.abs(service)
      ? `the generator: its send lag differs by ${signed(lag)} ms`
      : `the way to the target, or the target itself meanwhile: the service time differs by ${signed(service)} ms`;
  return [`${fleet.name}: response time ${metric} differs by ${signed(difference)} ms. Most of it is ${cause}.`];
}

function signed(value: number): string {
  return `${value > 0 ? "+" : ""}${value.toFixed(2)}`;
}
