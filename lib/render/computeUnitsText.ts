import type { Report, Traffic } from "../report/schema.ts";
import { renderTable } from "../report/table.ts";
import { usdText } from "../report/units.ts";
import { number, rate } from "./textFigures.ts";

/** Rates and cost in compute units, chain by chain. Empty if the plan has none. */
export function computeUnitsText({ chains, total }: Report, width: number): string {
  const all: ({ name: string } & Pick<Traffic, "computeUnits">)[] =
    chains.length > 1 ? [...chains, { ...total, name: "all" }] : chains;
  const rows = all.flatMap(({ name, computeUnits: units }) =>
    units
      ? [
          [
            name,
            rate(units.perRequest),
            rate(units.offeredPerSecond),
            rate(units.achievedPerSecond),
            rate(units.relayedPerSecond),
            number(Math.round(units.relayed)),
            units.usdPerMillion === null ? "–" : usdText(units.usdPerMillion),
          ],
        ]
      : [],
  );
  const head = [
    "compute units",
    { title: "a request", drop: 2 },
    "offered/s",
    "achieved/s",
    "relayed/s",
    { title: "relayed", drop: 1 },
    "a million",
  ];
  return rows.length === 0 ? "" : renderTable(head, rows, width);
}
