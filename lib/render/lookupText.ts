import type { Report } from "../report/schema.ts";
import { renderTable } from "../report/table.ts";
import { number } from "./textFigures.ts";

/** The calls whose results filled in requests. Empty if there were none. */
export function lookupText({ chains }: Report, width: number): string {
  const rows = chains.flatMap(({ name, lookups = [] }) =>
    lookups.map((each) => [name, each.name, number(each.calls), number(each.values), number(each.failed)]),
  );
  return rows.length === 0 ? "" : renderTable(["chain", "lookup", "calls", "new values", "failed"], rows, width);
}
