import { cleanText } from "../plan/terminal.ts";
import type { Report } from "../report/schema.ts";
import { renderTable } from "../report/table.ts";
import { number, percent, rate, some } from "./textFigures.ts";

/** Nodes shown in a terminal, for each chain. */
const MOST_SHOWN = 16;

/** Which nodes answered, and how even and how sticky the balancer is. Empty without a header for it. */
export function nodeText({ chains }: Report, width: number): string {
  const rows = chains.flatMap(({ name, nodes }) =>
    (nodes?.list ?? [])
      .slice(0, MOST_SHOWN)
      .map((node) => [
        name,
        cleanText(node.name),
        number(node.responses),
        percent(node.share),
        percent(node.success),
        ...some(node.responseTimeMs),
      ]),
  );
  if (rows.length === 0) return "";
  const lines = chains.flatMap(({ name, nodes }) => (nodes ? [balanceText(name, nodes)] : []));
  const head = ["chain", "node", "responses", "share", "success", { title: "p50", drop: 1 }, "p99"];
  return [renderTable(head, rows, width), ...lines].join("\n");
}

function balanceText(chain: string, { list, imbalance, sticky, stickyByChance }: Nodes): string {
  const more = list.length > MOST_SHOWN ? `, ${list.length - MOST_SHOWN} more nodes` : "";
  const even = `the busiest node has ${rate(imbalance)} times the mean${more}`;
  if (sticky === null) return `${chain}: ${even}`;
  return `${chain}: ${even}; a connection stays with its node in ${percent(sticky)} (${percent(stickyByChance)} by chance)`;
}

type Nodes = NonNullable<Report["chains"][number]["nodes"]>;
