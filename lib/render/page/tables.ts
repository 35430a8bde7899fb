import type { ReportChain, ReportWorker, Traffic } from "../../report/schema.ts";
import { isFloor, lineName, nothingFound, type SloResult, unitOf } from "../../report/sloLine.ts";
import { usdText } from "../../report/units.ts";
import { blockAgeTable, limitTable, lookupTable, rateLimitTable } from "./answerHeaders.ts";
import { report } from "./data.ts";
import { type Cell, type Column, count, element, ms, rate, share, table, whole, words } from "./elements.ts";

export const ALL = "all chains";

export const trafficColumns: Column<Traffic>[] = [
  { title: "Offered/s", cell: ({ offeredRps }) => rate(offeredRps) },
  { title: "Achieved/s", cell: ({ achievedRps }) => rate(achievedRps) },
  { title: "Success", hint: "valid relays ÷ requests sent", cell: ({ success }) => share(success) },
];

/** Counts of requests: those that were sent, and those that were missed or gave no valid relay. */
export const countColumns: Column<Traffic>[] = [
  { title: "sent", cell: ({ ledger }) => count(ledger.sent) },
  { title: "missed", cell: ({ ledger }) => count(ledger.missed, true) },
  { title: "errors", cell: ({ ledger }) => count(ledger.errors, true) },
  { title: "invalid", cell: ({ ledger }) => count(ledger.invalid, true) },
];

export const latencyColumns: Column<Traffic>[] = [
  ...(["p50", "p90", "p95", "p99", "p999", "max"] as const).map(
    (name): Column<Traffic> => ({
      title: name.replace("p999", "p99.9"),
      hint: "response time in ms, from the instant at which the request was due",
      cell: ({ responseTimeMs }) => ms(responseTimeMs?.[name]),
    }),
  ),
  ...(["p50", "p99"] as const).map(
    (name): Column<Traffic> => ({
      title: `service ${name}`,
      hint: "service time in ms, from the instant at which the request was sent",
      cell: ({ serviceTimeMs }) => ms(serviceTimeMs?.[name]),
    }),
  ),
  ...(["p50", "p99"] as const).map(
    (name): Column<Traffic> => ({
      title: `send lag ${name}`,
      hint: "the generator's own lateness in ms",
      cell: ({ sendLagMs }) => ms(sendLagMs?.[name]),
    }),
  ),
];

const quantiles = { p50: 0.5, p90: 0.9, p95: 0.95, p99: 0.99, p999: 0.999, max: 1 };

/** A percentile of all requests sent; a lower bound where it is one that got no response. */
export function allSent({ responseTimeAllMs, ledger }: Traffic, name: keyof typeof quantiles): Cell {
  const cell = ms(responseTimeAllMs?.[name]);
  const answered = ledger.responses / Math.max(1, ledger.responses + ledger.errors);
  return responseTimeAllMs && quantiles[name] > answered ? { ...cell, text: `≥ ${cell.text}`, bad: true } : cell;
}

/** The SLO line by line: of chains, and of targets and methods that have one of their own. */
export function sloTable(): HTMLElement[] {
  const rows = report.chains.flatMap(({ name, slo, targets, methods = [] }) => [
    ...slo.map((line) => ({ of: name, ...line })),
    ...targets.flatMap((target) => target.slo.map((line) => ({ of: `${name}, ${target.name}`, ...line }))),
    ...methods.flatMap(({ method, slo: own }) => own.map((line) => ({ of: `${name}, ${method}`, ...line }))),
  ]);
  for (const { name: region, chains } of report.regions ?? []) {
    rows.push(...chains.flatMap(({ name, slo }) => slo.map((line) => ({ of: `${name} from ${region}`, ...line }))));
  }
  if (rows.length === 0) return [];
  type Row = (typeof rows)[number];
  const columns: Column<Row>[] = [
    { title: "Of", cell: ({ of }) => words(of) },
    { title: "Line", cell: (row) => words(lineName(row)) },
    { title: "Asked", cell: (row) => words(`${isFloor(row) ? "≥" : "≤"} ${levelText(row, row.limit)}`) },
    {
      title: "Found",
      cell: (row) => (row.found === null ? words(nothingFound(row), true) : words(levelText(row, row.found))),
    },
    { title: "Met", cell: ({ pass }) => words(pass ? "✓" : "✗", !pass) },
  ];
  return [element("h2", {}, "SLO"), table("Percentiles of the response time are of all requests sent", columns, rows)];
}

/** An SLO line's limit, or what was found for it. */
export function levelText(line: SloResult, value: number): string {
  switch (unitOf(line)) {
    case "share":
      return share(value).text;
    case "rate":
      return rate(value).text;
    case "usd":
      return usdText(value);
    case "ms":
      return `${ms(value).text} ms`;
  }
}

export type Named = Traffic & { name: string; truth?: ReportChain["truth"] };

export function chainTables(): HTMLElement[] {
  const all: Named[] = [...report.chains, { ...report.total, name: ALL }];
  const name: Column<Named> = { title: "Chain", cell: (row) => words(row.name) };
  const entries = ["scheduled", "sent", "missed", "responses", "errors", "unfinished", "valid", "invalid"] as const;
  const ledger: Column<Named>[] = entries
    .filter((key) => key !== "unfinished" || report.total.ledger.unfinished > 0)
    .map((key) => ({
      title: key,
      cell: (row) => count(row.ledger[key], key === "missed" || key === "errors" || key === "invalid"),
    }));
  if (report.chains.some(({ truth }) => truth)) {
    ledger.push({
      title: "gateway counted",
      hint: "what the stand-in gateway itself counted",
      cell: ({ truth }) => (truth ? count(truth.requests) : words("")),
    });
  }
  const failing = all.filter((row) => row.ledger.errors > 0);
  const allColumns: Column<Named>[] = [
    name,
    ...(["p50", "p90", "p95", "p99", "p999", "max"] as const).map(
      (percentile): Column<Named> => ({
        title: percentile.replace("p999", "p99.9"),
        cell: (row) => allSent(row, percentile),
      }),
    ),
  ];
  return [
    element("h2", {}, "Chains"),
    table("Rate and response time in ms", [name, ...trafficColumns, ...latencyColumns], all),
    ...(failing.length > 0
      ? [table("Response time of all requests sent, those without a response included, in ms", allColumns, failing)]
      : []),
    element("h2", {}, "Ledger"),
    table(
      "scheduled = sent + missed; sent = responses + errors (+ in flight at an abort); responses = valid + invalid",
      [name, ...ledger],
      all,
    ),
  ];
}

export function outcomeTable(): HTMLElement[] {
  const kinds = ["missed", "errors", "invalid", "answers", "statuses"] as const;
  const titles = {
    missed: "not sent",
    errors: "no response",
    invalid: "invalid response",
    answers: "answer of the node",
    statuses: "HTTP status",
  };
  const isBad = (kind: (typeof kinds)[number]): boolean => kind !== "statuses" && kind !== "answers";
  const classes = kinds.flatMap((kind) =>
    Object.entries(report.total[kind] ?? {}).map(([key, sum]) => ({ kind, key, count: sum })),
  );
  if (classes.length === 0) return [];
  const perChain = report.chains.map(
    (chain): Column<(typeof classes)[number]> => ({
      title: chain.name,
      cell: ({ kind, key }) => count(chain[kind]?.[key] ?? 0, isBad(kind)),
    }),
  );
  return [
    element("h2", {}, "Outcomes"),
    table(
      "Requests by status and by class of what went wrong",
      [
        { title: "What", cell: ({ kind }) => words(titles[kind]) },
        { title: "Class", cell: ({ key }) => words(key) },
        ...perChain,
        { title: ALL, cell: ({ kind, count: sum }) => count(sum, isBad(kind)) },
      ],
      classes,
    ),
    ...sampleTable(),
    ...rateLimitTable(),
    ...limitTable(),
    ...lookupTable(),
    ...blockAgeTable(),
  ];
}

/** One response of each class and code, by its beginning. */
function sampleTable(): HTMLElement[] {
  const rows = report.chains.flatMap(({ name, samples = [] }) => samples.map((sample) => ({ chain: name, ...sample })));
  if (rows.length === 0) return [];
  type Row = (typeof rows)[number];
  const columns: Column<Row>[] = [
    { title: "Chain", cell: ({ chain }) => words(chain) },
    { title: "Class", cell: (row) => words(row.class) },
    { title: "HTTP", cell: ({ status }) => words(String(status)) },
    { title: "Code", cell: ({ code }) => words(code === undefined ? "" : String(code)) },
    { title: "Message", cell: ({ message }) => words(message ?? "") },
    { title: "Its body begins", cell: ({ begins }) => words(begins) },
  ];
  return [table("One response of each class, without what may be secret", columns, rows)];
}

const hostColumn: Column<ReportWorker> = { title: "Hosts", cell: ({ hosts }) => words(hosts.join(", ")) };

/** Each chain's targets, where it has several. */
export function targetTable(): HTMLElement[] {
  const rows = report.chains.flatMap(({ name, targets }) => targets.map((target) => ({ chain: name, ...target })));
  if (rows.length === 0) return [];
  type Row = (typeof rows)[number];
  const columns: Column<Row>[] = [
    { title: "Chain", cell: ({ chain }) => words(chain) },
    { title: "Target", cell: ({ name }) => words(name) },
    { title: "sent", cell: ({ sent }) => count(sent) },
    { title: "Success", cell: ({ success }) => share(success) },
    { title: "errors", cell: ({ errors }) => count(errors, true) },
    { title: "invalid", cell: ({ invalid }) => count(invalid, true) },
    ...(["p50", "p90", "p99", "max"] as const).map(
      (name): Column<Row> => ({ title: name, cell: ({ responseTimeMs }) => ms(responseTimeMs?.[name]) }),
    ),
  ];
  return [element("h2", {}, "Targets"), table("Each target's own figures; response time in ms", columns, rows)];
}

/** Each method's figures, over all targets of a chain that call it. */
export function methodTable(): HTMLElement[] {
  const rows = report.chains.flatMap(({ name, methods = [] }) => methods.map((each) => ({ chain: name, ...each })));
  if (rows.length === 0) return [];
  type Row = (typeof rows)[number];
  const columns: Column<Row>[] = [
    { title: "Chain", cell: ({ chain }) => words(chain) },
    { title: "Method", cell: ({ method }) => words(method) },
    { title: "sent", cell: ({ sent }) => count(sent) },
    { title: "Success", cell: ({ success }) => share(success) },
    { title: "errors", cell: ({ errors }) => count(errors, true) },
    { title: "invalid", cell: ({ invalid }) => count(invalid, true) },
    ...(["p50", "p90", "p95", "p99", "p999", "max"] as const).map(
      (name): Column<Row> => ({
        title: name.replace("p999", "p99.9"),
        cell: ({ responseTimeMs }) => ms(responseTimeMs?.[name]),
      }),
    ),
  ];
  return [element("h2", {}, "Methods"), table("Each method's figures; response time in ms", columns, rows)];
}

/** Bytes of each chain's bodies, and the parts of a request's time, where the plan asks for them. */
export function trafficTables(): HTMLElement[] {
  const all: Named[] = [...report.chains, { ...report.total, name: ALL }];
  const seconds = Math.max(1, report.run.measuredMs / 1_000);
  const name: Column<Named> = { title: "Chain", cell: (row) => words(row.name) };
  const columns: Column<Named>[] = [
    name,
    { title: "sent, bytes", cell: ({ bytesSent }) => count(bytesSent) },
    { title: "received", cell: ({ bytesReceived }) => count(bytesReceived) },
    { title: "decoded", hint: "after gzip, deflate, br or zstd", cell: ({ bytesDecoded }) => count(bytesDecoded) },
    {
      title: "received a response",
      cell: ({ bytesReceived, ledger }) => count(Math.round(bytesReceived / Math.max(1, ledger.responses))),
    },
    { title: "received, kB/s", cell: ({ bytesReceived }) => ms(bytesReceived / 1_000 / seconds) },
  ];
  const opened = report.generator.all.reduce((sum, point) => sum + point.opened, 0);
  const most = Math.max(0, ...report.generator.all.map(({ connections }) => connections));
  const each = report.total.ledger.sent / Math.max(1, opened);
  const connections =
    `${whole.format(opened)} connections were opened during the run, at most ${whole.format(most)} were open at once; ` +
    (opened === 0 ? "no request waited for one." : `${whole.format(Math.round(each))} requests for each opened.`);
  const timings = all.flatMap((row) =>
    Object.entries(row.timingsMs).map(([part, latency]) => ({ chain: row.name, part, latency })),
  );
  type Timing = (typeof timings)[number];
  const timingColumns: Column<Timing>[] = [
    { title: "Chain", cell: ({ chain }) => words(chain) },
    { title: "Part", cell: ({ part }) => words(part) },
    ...(["p50", "p90", "p99", "max"] as const).map(
      (percentile): Column<Timing> => ({ title: percentile, cell: ({ latency }) => ms(latency?.[percentile]) }),
    ),
  ];
  return [
    element("h2", {}, "Connections and bytes"),
    element("p", {}, connections),
    table("Bytes of bodies", columns, all),
    ...(timings.length > 0 ? [table("Parts of the time, in ms", timingColumns, timings)] : []),
  ];
}

/** The steady state beside the whole: what the run's beginning adds to the figures. */
export function steadyTable(): HTMLElement[] {
  const rows = [...report.chains, { ...report.total, name: ALL }].flatMap(({ name, steady, responseTimeMs }) =>
    "why" in steady ? [] : [{ name, steady, overall: responseTimeMs }],
  );
  const { run, coolDownMs } = report;
  const warmup = run.warmupMs > 0 ? `${run.warmupMs / 1_000} s of warm-up before it, in no figure` : "no warm-up";
  const phases = `Measured ${run.measuredMs / 1_000} s; ${warmup}; ${ms(coolDownMs).text} ms from the end to the last response.`;
  if (rows.length === 0) {
    const why = "why" in report.total.steady ? report.total.steady.why : "";
    return [element("h2", {}, "Phases"), element("p", {}, `${phases} No steady state was found: ${why}.`)];
  }
  type Row = (typeof rows)[number];
  const columns: Column<Row>[] = [
    { title: "Chain", cell: ({ name }) => words(name) },
    { title: "steady from, s", cell: ({ steady }) => count(steady.fromMs / 1_000) },
    { title: "Success", cell: ({ steady }) => share(steady.success) },
    ...(["p50", "p90", "p99"] as const).flatMap((name): Column<Row>[] => [
      { title: name, cell: ({ steady }) => ms(steady.responseTimeMs?.[name]) },
      { title: `whole run ${name}`, cell: ({ overall }) => ms(overall?.[name]) },
    ]),
  ];
  const caption =
    "The steady state begins where leaving out more of the beginning would not make the mean surer (MSER)";
  return [element("h2", {}, "Phases"), element("p", {}, phases), table(caption, columns, rows)];
}

const regionColumn: Column<ReportWorker> = { title: "Region", cell: ({ region = "" }) => words(region) };

/** A clock's error and its bound, in ms. */
export function clockCell(clock: { errorMs: number; boundMs: number; corrected: boolean | number } | null): Cell {
  if (!clock) return ms(null);
  const text = `${ms(clock.errorMs).text} ± ${ms(clock.boundMs).text}`;
  return { text, value: clock.errorMs, bad: Boolean(clock.corrected) };
}

export function workerTable(): HTMLElement[] {
  const columns: Column<ReportWorker>[] = [
    { title: "Worker", cell: ({ id }) => words(id) },
    ...(report.regions ? [regionColumn] : []),
    { title: "Chains", cell: ({ chains }) => words(chains.join(", ")) },
    ...(report.run.mode === "fleet" ? [hostColumn] : []),
    ...trafficColumns,
    ...countColumns,
    ...latencyColumns,
    { title: "Start skew", hint: "ms", cell: ({ startSkewMs }) => ms(startSkewMs) },
    {
      title: "Clock",
      hint: "its clock − the store's in ms, and within what that is known; corrected where it was surely wrong",
      cell: ({ clock }) => clockCell(clock),
    },
    { title: "CPU", hint: "CPU time ÷ time passed", cell: ({ health }) => share(health.cpu) },
    { title: "Memory, MB", cell: ({ health }) => count(Math.round(health.residentMb)) },
    { title: "Connections", hint: "most at a flush", cell: ({ health }) => count(health.connections) },
    {
      title: "Stands out by",
      hint: "far from the workers that send the same chains: beyond 3.5 scaled median deviations",
      cell: ({ outlier }) => words(outlier.join("; "), outlier.length > 0),
    },
    {
      title: "Ended",
      cell: ({ outcomes }) =>
        words(
          outcomes.join(", "),
          outcomes.some((outcome) => outcome !== "completed"),
        ),
    },
  ];
  return [element("h2", {}, "Workers"), table("Each worker's own figures; times in ms", columns, report.workers)];
}
