import type { ReportChain } from "../../report/schema.ts";
import { chart } from "./chart.ts";
import { ms, short, whole } from "./elements.ts";

type Measured = Pick<ReportChain, "heat" | "responseTimeMs"> & { slo?: ReportChain["slo"] };

/** How many responses took how long, with the median, the 99th percentile and the SLO's limit on it. */
export function distribution({ heat, responseTimeMs, slo = [] }: Measured, name: string): HTMLElement | undefined {
  const { edgesMs, counts } = heat;
  const [from = 0] = edgesMs;
  const to = edgesMs.at(-1) ?? 0;
  if (!responseTimeMs || edgesMs.length < 3 || from <= 0) return undefined;
  const bars = edgesMs.slice(1).map((_, row) => counts.reduce((sum, column) => sum + (column[row] ?? 0), 0));
  const most = Math.max(1, ...bars);
  const { p50, p99 } = responseTimeMs;
  const summary = `Half of the responses took at most ${ms(p50).text} ms, 99 % at most ${ms(p99).text} ms.`;
  const axes = {
    x: { label: "response time, ms", from, to, isLog: true },
    // Room above the bars for what the lines are.
    y: { label: "responses", from: 0, to: most * 1.35 },
  };
  return chart(`How long responses took, ${name}`, summary, axes, ({ x, y, mark }) => {
    for (const [row, count] of bars.entries()) {
      const [left, right] = [x(edgesMs[row] ?? from), x(edgesMs[row + 1] ?? to)];
      if (count === 0) continue;
      mark("rect", {
        x: left,
        y: y(count),
        width: Math.max(1, right - left - 1),
        height: y(0) - y(count),
        class: "bar",
      });
    }
    const limit = slo.find(({ line }) => line === "p99")?.limit;
    const lines: [string, number, string][] = [
      [`p50 ${ms(p50).text}`, p50, "figure"],
      [`p99 ${ms(p99).text}`, p99, "figure"],
      ...(limit === undefined || limit > to
        ? []
        : [[`limit ${short.format(limit)}`, limit, "limit"] as [string, number, string]]),
    ];
    for (const [index, [text, at, kind]] of lines.entries()) {
      mark("line", { x1: x(at), x2: x(at), y1: y(0), y2: y(most * 1.35), class: kind });
      const isRight = x(at) > 380;
      const place = {
        x: x(at) + (isRight ? -4 : 4),
        y: y(most * 1.35) + 12 + index * 14,
        "text-anchor": isRight ? "end" : "start",
      };
      mark("text", { ...place, class: kind }, text);
    }
    mark("title", {}, `${whole.format(bars.reduce((sum, each) => sum + each, 0))} responses`);
  });
}
