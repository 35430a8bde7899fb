import { report } from "./data.ts";
import { type Column, count, ms, table, words } from "./elements.ts";

/** What responses said that a rate limit refused, header by header. */
export function rateLimitTable(): HTMLElement[] {
  const rows = report.chains.flatMap(({ name, rateLimits }) =>
    rateLimits ? rateLimits.headers.map((header) => ({ chain: name, responses: rateLimits.responses, ...header })) : [],
  );
  if (rows.length === 0) return [];
  type Row = (typeof rows)[number];
  const columns: Column<Row>[] = [
    { title: "Chain", cell: ({ chain }) => words(chain) },
    { title: "Rate-limited", hint: "responses", cell: ({ responses }) => count(responses, true) },
    { title: "Header", cell: ({ name }) => words(name) },
    { title: "In", hint: "responses that had it", cell: (row) => count(row.count) },
    { title: "Min", cell: ({ min }) => ms(min) },
    { title: "Max", cell: ({ max }) => ms(max) },
    { title: "One of them", cell: ({ sample }) => words(sample) },
  ];
  return [table("What rate-limited responses said in their headers; a date of retry-after in seconds", columns, rows)];
}
