import type { Traffic } from "../../report/schema.ts";
import { report } from "./data.ts";
import { type Column, element, ms, rate, table, whole, words } from "./elements.ts";
import { ALL } from "./tables.ts";

type Row = { name: string } & NonNullable<Traffic["computeUnits"]>;

const columns: Column<Row>[] = [
  { title: "Chain", cell: ({ name }) => words(name) },
  { title: "A request", hint: "the mean, by the targets' weights", cell: ({ perRequest }) => rate(perRequest) },
  { title: "Offered/s", cell: ({ offeredPerSecond }) => rate(offeredPerSecond) },
  { title: "Achieved/s", hint: "of the requests sent", cell: ({ achievedPerSecond }) => rate(achievedPerSecond) },
  { title: "Relayed/s", hint: "of the valid relays", cell: ({ relayedPerSecond }) => rate(relayedPerSecond) },
  { title: "Relayed", cell: ({ relayed }) => ({ text: whole.format(Math.round(relayed)), value: relayed }) },
  { title: "$ a million", hint: "by the prices in observe.costs", cell: ({ usdPerMillion }) => ms(usdPerMillion) },
];

/** Rates and cost in compute units; nothing if the plan has none. */
export function computeUnitsSection(): HTMLElement[] {
  const all = [...report.chains, ...(report.chains.length > 1 ? [{ ...report.total, name: ALL }] : [])];
  const rows = all.flatMap(({ name, computeUnits }): Row[] => (computeUnits ? [{ name, ...computeUnits }] : []));
  return rows.length === 0
    ? []
    : [element("h2", {}, "Compute units"), table("By the plan's units of each method", columns, rows)];
}
