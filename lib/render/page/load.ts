import type { ReportChain } from "../../report/schema.ts";
import { chart, type Place } from "./chart.ts";
import { report } from "./data.ts";
import { element, ms, rate } from "./elements.ts";

/** A load, and the response time under it. */
interface Point {
  rps: number;
  p99Ms: number;
  isBad: boolean;
}

/** Rates that differ by less than this factor are one rate. */
const MIN_SPREAD = 1.3;

/** Response time against throughput: of a search its trials, with the capacity and the SLO; of a run its intervals. */
export function loadCharts(): HTMLElement[] {
  const figures = report.chains.flatMap((chain) => {
    const points = trialPoints(chain.name);
    const own = points.length > 1 ? points : intervalPoints(chain);
    return own.length > 1 ? [loadChart(chain, own)] : [];
  });
  if (figures.length === 0) return [];
  return [element("h2", {}, "Response time against load"), element("div", { class: "plots" }, ...figures)];
}

/** The trials of a search in which the chain was alone. */
function trialPoints(name: string): Point[] {
  return (report.capacity?.trials ?? []).flatMap(({ scope, rps, p99Ms, met, valid }) => {
    const [offered, p99] = [rps[name], p99Ms?.[name]];
    if (scope !== name || !valid || offered === undefined || typeof p99 !== "number") return [];
    return [{ rps: offered, p99Ms: p99, isBad: !met }];
  });
}

/** A run's intervals, where its rate was not one rate. */
function intervalPoints({ intervals, slo }: ReportChain): Point[] {
  const limit = slo.find(({ line }) => line === "p99")?.limit ?? Number.POSITIVE_INFINITY;
  const points = intervals.slice(0, -1).flatMap(({ fromMs, toMs, count, p99 }) => {
    return count === 0 ? [] : [{ rps: count / ((toMs - fromMs) / 1_000), p99Ms: p99, isBad: p99 > limit }];
  });
  const rates = points.map(({ rps }) => rps);
  return Math.max(...rates) / Math.min(...rates) < MIN_SPREAD ? [] : points;
}

function loadChart({ name, slo }: ReportChain, points: readonly Point[]): HTMLElement {
  const limit = slo.find(({ line }) => line === "p99")?.limit;
  const capacityRps = report.capacity?.chains.find((each) => each.name === name)?.capacityRps ?? undefined;
  const isSearch = (report.capacity?.trials.length ?? 0) > 0;
  const values = [...points.map(({ p99Ms }) => p99Ms), ...(limit === undefined ? [] : [limit])];
  const knee = isSearch && capacityRps !== undefined ? capacityRps : undefined;
  const rates = [...points.map(({ rps }) => rps), ...(knee === undefined ? [] : [knee])];
  const axes = {
    x: { label: "requests/s offered", from: 0, to: Math.max(...rates) * 1.08 },
    y: { label: "p99, ms", from: Math.min(...values) * 0.8, to: Math.max(...values) * 1.25, isLog: true },
  };
  const carried = knee === undefined ? "" : ` The chain carries ${rate(knee).text} requests/s.`;
  const asked = limit === undefined ? "" : ` The SLO asks for a p99 of at most ${ms(limit).text} ms.`;
  const what = isSearch ? `${points.length} trials.` : "Each point is an interval of the run.";
  return chart(`Response time against load, ${name}`, `${what}${carried}${asked}`, axes, (place) => {
    if (limit !== undefined) level(place, limit, axes.x.to, "SLO");
    if (knee !== undefined) {
      const [x, top, foot] = [place.x(knee), place.y(axes.y.to), place.y(axes.y.from)];
      place.mark("line", { x1: x, x2: x, y1: top, y2: foot, class: "figure" });
      place.mark(
        "text",
        { x: x - 4, y: foot - 6, "text-anchor": "end", class: "figure" },
        `carries ${rate(knee).text}/s`,
      );
    }
    for (const { rps, p99Ms, isBad } of points) {
      const at = { cx: place.x(rps), cy: place.y(p99Ms), r: 4 };
      place.mark("circle", { ...at, class: isBad ? "missed" : "met" });
    }
  });
}

function level({ x, y, mark }: Place, value: number, to: number, text: string): void {
  mark("line", { x1: x(0), x2: x(to), y1: y(value), y2: y(value), class: "limit" });
  mark("text", { x: x(0) + 4, y: y(value) - 4, class: "limit" }, text);
}
