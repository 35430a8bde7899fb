import { report } from "./data.ts";
import { type Column, count, element, ms, rate, share, table, words } from "./elements.ts";

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

/** The shape of each chain's rate limit, if the plan looks for it. */
export function limitTable(): HTMLElement[] {
  const rows = report.chains.flatMap(({ name, limit }) => (limit ? [{ chain: name, ...limit }] : []));
  if (rows.length === 0) return [];
  const columns: Column<(typeof rows)[number]>[] = [
    { title: "Chain", cell: ({ chain }) => words(chain) },
    { title: "Shape", hint: "shut: nothing came through after the burst", cell: ({ shape }) => words(shape) },
    { title: "Requests/s", hint: "in the long run", cell: ({ rps }) => ms(rps) },
    { title: "from", cell: ({ rpsInterval }) => ms(rpsInterval?.[0]) },
    { title: "to", cell: ({ rpsInterval }) => ms(rpsInterval?.[1]) },
    { title: "Burst", hint: "at once after a pause; of windows, in one window", cell: ({ burst }) => ms(burst) },
    { title: "Window, ms", cell: ({ windowMs }) => ms(windowMs) },
  ];
  return [table("The shape of the rate limit", columns, rows)];
}

/** The calls whose results filled in requests. */
export function lookupTable(): HTMLElement[] {
  const rows = report.chains.flatMap(({ name, lookups = [] }) => lookups.map((each) => ({ chain: name, ...each })));
  if (rows.length === 0) return [];
  const columns: Column<(typeof rows)[number]>[] = [
    { title: "Chain", cell: ({ chain }) => words(chain) },
    { title: "Lookup", cell: ({ name }) => words(name) },
    { title: "Calls", hint: "beside the requests", cell: ({ calls }) => count(calls) },
    { title: "New values", cell: ({ values }) => count(values) },
    { title: "Failed", hint: "the latest value stayed", cell: ({ failed }) => count(failed, true) },
  ];
  return [table("Lookups: calls whose results filled in requests", columns, rows)];
}

/** Responses by the age of the block asked for. */
export function blockAgeTable(): HTMLElement[] {
  const rows = report.chains.flatMap(({ name, blockAges = [] }) => blockAges.map((each) => ({ chain: name, ...each })));
  if (rows.length === 0) return [];
  type Row = (typeof rows)[number];
  const columns: Column<Row>[] = [
    { title: "Chain", cell: ({ chain }) => words(chain) },
    { title: "Block", cell: ({ age }) => words(age === "recent" ? "of the newest 128" : "older") },
    { title: "Responses", cell: ({ responses }) => count(responses) },
    { title: "Success", cell: ({ success }) => share(success) },
    ...(["p50", "p90", "p99", "max"] as const).map(
      (name): Column<Row> => ({ title: name, cell: ({ responseTimeMs }) => ms(responseTimeMs?.[name]) }),
    ),
  ];
  return [table("By the age of the block asked for; response time in ms", columns, rows)];
}

/** Which nodes answered, and how even and how sticky the balancer is. */
export function nodeSection(): HTMLElement[] {
  const chains = report.chains.flatMap(({ name, nodes }) => (nodes ? [{ chain: name, ...nodes }] : []));
  if (chains.length === 0) return [];
  const rows = chains.flatMap(({ chain, list }) => list.map((node) => ({ chain, ...node })));
  type Row = (typeof rows)[number];
  const columns: Column<Row>[] = [
    { title: "Chain", cell: ({ chain }) => words(chain) },
    { title: "Node", cell: ({ name }) => words(name) },
    { title: "Responses", cell: ({ responses }) => count(responses) },
    { title: "Share", cell: (row) => share(row.share) },
    { title: "Success", cell: ({ success }) => share(success) },
    ...(["p50", "p90", "p99", "max"] as const).map(
      (name): Column<Row> => ({ title: name, cell: ({ responseTimeMs }) => ms(responseTimeMs?.[name]) }),
    ),
  ];
  type Balance = (typeof chains)[number];
  const balance: Column<Balance>[] = [
    { title: "Chain", cell: ({ chain }) => words(chain) },
    {
      title: "Busiest ÷ mean",
      hint: "1 if all nodes answer the same number",
      cell: ({ imbalance }) => rate(imbalance),
    },
    {
      title: "Sticky",
      hint: "responses from the node before, on the same connection",
      cell: ({ sticky }) => share(sticky),
    },
    { title: "by chance", hint: "if each node were drawn by its share", cell: (row) => share(row.stickyByChance) },
  ];
  return [
    element("h2", {}, "Nodes"),
    table("Which node answered, by the plan's header; response time in ms", columns, rows),
    table("How the balancer spreads requests", balance, chains),
  ];
}
