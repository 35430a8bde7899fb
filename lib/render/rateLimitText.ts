import { cleanText } from "../plan/terminal.ts";
import type { Report } from "../report/schema.ts";
import { renderTable } from "../report/table.ts";
import { number, rate } from "./textFigures.ts";

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
