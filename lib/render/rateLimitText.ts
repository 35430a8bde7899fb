import { cleanText } from "../plan/terminal.ts";
import type { Report, ReportChain } from "../report/schema.ts";
import { renderTable } from "../report/table.ts";
import { between, ms, number, rate } from "./textFigures.ts";

/** What responses said that a rate limit refused, header by header. Empty if there were none. */
export function rateLimitText({ chains }: Report, width: number): string {
  const rows = chains.flatMap(({ name, rateLimits }) => {
    if (!rateLimits) return [];
    const refused = number(rateLimits.responses);
    if (rateLimits.headers.length === 0) return [[name, refused, "no header about it", "", "", "", ""]];
    return rateLimits.headers.map(({ name: header, count, min, max, sample }) => [
      name,
      refused,
      cleanText(header),
      number(count),
      rate(min),
      rate(max),
      cleanText(sample),
    ]);
  });
  const head = ["chain", "rate-limited", "header", "in", "min", "max", { title: "one of them", drop: 1 }];
  return rows.length === 0 ? "" : renderTable(head, rows, width);
}

/** The shape of each chain's rate limit. Empty if the plan did not look for it. */
export function limitText({ chains }: Report, width: number): string {
  const rows = chains.flatMap(({ name, limit }) =>
    limit
      ? [
          [
            name,
            SHAPES[limit.shape],
            rate(limit.rps),
            between(limit.rpsInterval),
            rate(limit.burst),
            between(limit.burstInterval),
            limit.windowMs === null ? "–" : ms(limit.windowMs),
          ],
        ]
      : [],
  );
  const head = ["rate limit", "shape", "requests/s", "between", "burst", { title: "between", drop: 1 }, "window"];
  return rows.length === 0 ? "" : renderTable(head, rows, width);
}

/** What the shapes of a rate limit are called. */
const SHAPES: Record<NonNullable<ReportChain["limit"]>["shape"], string> = {
  none: "no limit at this rate",
  "token-bucket": "token bucket",
  "fixed-window": "fixed window",
  "sliding-window": "sliding window",
  shut: "nothing after the burst",
  other: "no token bucket",
};
