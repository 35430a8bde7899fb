import type { Report } from "../report/schema.ts";
import { renderTable } from "../report/table.ts";
import { number, percent, some } from "./textFigures.ts";

/** What the ages of blocks are called. */
const AGES = { recent: "of the newest 128", older: "older" } as const;

/** Responses by the age of the block asked for. Empty if the plan does not ask for it. */
export function blockAgeText({ chains }: Report, width: number): string {
  const rows = chains.flatMap(({ name, blockAges = [] }) =>
    blockAges.map(({ age, responses, success, responseTimeMs }) => [
      name,
      AGES[age],
      number(responses),
      percent(success),
      ...some(responseTimeMs),
    ]),
  );
  const head = ["chain", "block", "responses", "success", { title: "p50", drop: 1 }, "p99"];
  return rows.length === 0 ? "" : renderTable(head, rows, width);
}
