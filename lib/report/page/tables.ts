import type { ReportChain, ReportWorker, Traffic } from "../schema.ts";
import { report } from "./data.ts";
import { type Column, count, element, ms, rate, share, table, words } from "./elements.ts";

export const ALL = "all chains";

export const trafficColumns: Column<Traffic>[] = [
  { title: "Offered/s", cell: ({ offeredRps }) => rate(offeredRps) },
  { title: "Achieved/s", cell: ({ achievedRps }) => rate(achievedRps) },
  { title: "Success", hint: "valid relays ÷ requests sent", cell: ({ success }) => share(success) },
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

export type Named = Traffic & { name: string; truth?: ReportChain["truth"] };

export function chainTables(): HTMLElement[] {
  const all: Named[] = [...report.chains, { ...report.total, name: ALL }];
  const name: Column<Named> = { title: "Chain", cell: (row) => words(row.name) };
  const ledger: Column<Named>[] = (
    ["scheduled", "sent", "missed", "responses", "errors", "valid", "invalid"] as const
  ).map((key) => ({
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
  return [
    element("h2", {}, "Chains"),
    table("Rate and response time in ms", [name, ...trafficColumns, ...latencyColumns], all),
    element("h2", {}, "Ledger"),
    table("scheduled = sent + missed; sent = responses + errors; responses = valid + invalid", [name, ...ledger], all),
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
    { title: "Calls", cell: ({ method }) => words(method) },
    { title: "sent", cell: ({ sent }) => count(sent) },
    { title: "Success", cell: ({ valid, sent }) => share(sent === 0 ? null : valid / sent) },
    { title: "errors", cell: ({ errors }) => count(errors, true) },
    { title: "invalid", cell: ({ invalid }) => count(invalid, true) },
    ...(["p50", "p90", "p99", "max"] as const).map(
      (name): Column<Row> => ({ title: name, cell: ({ responseTimeMs }) => ms(responseTimeMs?.[name]) }),
    ),
  ];
  return [element("h2", {}, "Targets"), table("Each target's own figures; response time in ms", columns, rows)];
}

/** The steady state beside the whole: what the run's beginning adds to the figures. */
export function steadyTable(): HTMLElement[] {
  const rows = [...report.chains, { ...report.total, name: ALL }].flatMap(({ name, steady, responseTimeMs }) =>
    "why" in steady ? [] : [{ name, steady, whole: responseTimeMs }],
  );
  const { run, coolDownMs } = report;
  const warmup = run.warmupMs > 0 ? `${run.warmupMs / 1_000} s of warm-up before it, in no figure` : "no warm-up";
  const phases = `Measured ${run.measuredMs / 1_000} s; ${warmup}; ${ms(coolDownMs).text} ms from the end to the last response.`;
  if (rows.length === 0) {
    const why = "why" in report.total.steady ? report.total.steady.why : "";
    return [element("h2", {}, "Phases"), element("p", {}, `${phases} No steady state is told: ${why}.`)];
  }
  type Row = (typeof rows)[number];
  const columns: Column<Row>[] = [
    { title: "Chain", cell: ({ name }) => words(name) },
    { title: "steady from, s", cell: ({ steady }) => count(steady.fromMs / 1_000) },
    { title: "Success", cell: ({ steady }) => share(steady.success) },
    ...(["p50", "p90", "p99"] as const).flatMap((name): Column<Row>[] => [
      { title: name, cell: ({ steady }) => ms(steady.responseTimeMs?.[name]) },
      { title: `whole run ${name}`, cell: ({ whole }) => ms(whole?.[name]) },
    ]),
  ];
  const caption =
    "The steady state begins where leaving out more of the beginning would not make the mean surer (MSER)";
  return [element("h2", {}, "Phases"), element("p", {}, phases), table(caption, columns, rows)];
}

export function workerTable(): HTMLElement[] {
  const columns: Column<ReportWorker>[] = [
    { title: "Worker", cell: ({ id }) => words(id) },
    { title: "Chains", cell: ({ chains }) => words(chains.join(", ")) },
    ...(report.run.mode === "fleet" ? [hostColumn] : []),
    ...trafficColumns,
    { title: "sent", cell: ({ ledger }) => count(ledger.sent) },
    { title: "missed", cell: ({ ledger }) => count(ledger.missed, true) },
    { title: "errors", cell: ({ ledger }) => count(ledger.errors, true) },
    { title: "invalid", cell: ({ ledger }) => count(ledger.invalid, true) },
    ...latencyColumns,
    { title: "Start skew", hint: "ms", cell: ({ startSkewMs }) => ms(startSkewMs) },
    {
      title: "Clock",
      hint: "its clock − the store's in ms, and within what that is known; corrected where it was surely wrong",
      cell: ({ clock }) =>
        clock
          ? {
              text: `${ms(clock.errorMs).text} ± ${ms(clock.boundMs).text}`,
              value: clock.errorMs,
              bad: clock.corrected,
            }
          : ms(null),
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
