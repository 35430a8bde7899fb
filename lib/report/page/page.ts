import type uPlotType from "uplot";
import type { Report, ReportChain, ReportWorker, Traffic } from "../schema.ts";

/* The report's page, in the browser. It writes text only: what a plan or a server named can never become markup. */

declare const uPlot: typeof uPlotType;

/** A cell: its text, what it sorts by, and whether it is something to look at. */
interface Cell {
  text: string;
  value: number | string;
  bad?: boolean;
}

interface Column<Row> {
  title: string;
  /** What the title means, where it is not plain. */
  hint?: string;
  cell(row: Row): Cell;
}

const report = JSON.parse(document.getElementById("data")?.textContent ?? "") as Report;
const root = document.getElementById("report") as HTMLElement;
const plots: uPlotType[] = [];

/** Makes an element with text or other elements in it. */
function element<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Record<string, string> = {},
  ...children: (Node | string)[]
): HTMLElementTagNameMap[K] {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

const whole = new Intl.NumberFormat("en");
const short = new Intl.NumberFormat("en", { maximumSignificantDigits: 3 });

function count(value: number, bad = false): Cell {
  return { text: whole.format(value), value, bad: bad && value > 0 };
}

function rate(value: number): Cell {
  return { text: value >= 1_000 ? whole.format(Math.round(value)) : short.format(value), value };
}

function ms(value: number | null | undefined): Cell {
  if (value === null || value === undefined) return { text: "–", value: -1 };
  return { text: value >= 1_000 ? whole.format(Math.round(value)) : short.format(value), value };
}

function share(value: number | null): Cell {
  if (value === null) return { text: "–", value: -1 };
  // Rounded down, so that only what is whole says 100 %.
  return { text: `${Math.floor(value * 100_000) / 1_000} %`, value };
}

function words(value: string, bad = false): Cell {
  return { text: value, value, bad };
}

/** A table that sorts by any of its columns. */
function table<Row>(caption: string, columns: readonly Column<Row>[], rows: readonly Row[]): HTMLElement {
  const body = element("tbody");
  const cells = rows.map((row) => columns.map((column) => column.cell(row)));
  const lines = cells.map((line) => {
    const [first, ...others] = line.map(({ text, value, bad }, index) => {
      const attributes: Record<string, string> = {};
      if (index === 0) attributes.scope = "row";
      const kind = [bad ? "bad" : "", typeof value === "string" ? "text" : ""].join(" ").trim();
      if (kind !== "") attributes.class = kind;
      return element(index === 0 ? "th" : "td", attributes, text);
    });
    return element("tr", {}, ...(first ? [first, ...others] : []));
  });
  body.append(...lines);
  const heads = columns.map(({ title, hint }, index) => {
    const button = element("button", { type: "button", ...(hint !== undefined && { title: hint }) }, title);
    const isText = typeof cells[0]?.[index]?.value === "string";
    const head = element("th", { scope: "col", ...(isText && { class: "text" }) }, button);
    button.addEventListener("click", () => {
      const descending = head.getAttribute("aria-sort") === "ascending";
      for (const each of heads) each.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", descending ? "descending" : "ascending");
      const order = lines.map((_, line) => line);
      order.sort((a, b) => compare(cells[a]?.[index]?.value, cells[b]?.[index]?.value) * (descending ? -1 : 1));
      body.append(...order.flatMap((line) => lines[line] ?? []));
    });
    return head;
  });
  const head = element("thead", {}, element("tr", {}, ...heads));
  // Scrolls sideways on a narrow screen, also by keyboard.
  const attributes = { class: "wide", tabindex: "0", role: "region", "aria-label": caption };
  return element("div", attributes, element("table", {}, element("caption", {}, caption), head, body));
}

function compare(a: number | string = 0, b: number | string = 0): number {
  return typeof a === "number" && typeof b === "number" ? a - b : String(a).localeCompare(String(b));
}

function header(): HTMLElement[] {
  const { run, verdict, total, startSkewMs } = report;
  const began = new Date(run.startedAt).toLocaleString("en", { dateStyle: "long", timeStyle: "long" });
  const [state, title] = !verdict.valid
    ? ["doubt", `Invalid run${verdict.pass ? "" : ", and the SLO was missed"}`]
    : verdict.pass
      ? ["good", "Valid run, SLO met"]
      : ["bad", "Valid run, SLO missed"];
  const banner = element("section", { class: `verdict ${state}` }, element("strong", {}, title));
  if (verdict.reasons.length > 0) {
    banner.append(element("ul", {}, ...verdict.reasons.map((reason) => element("li", {}, reason))));
  } else {
    banner.append(
      element("p", {}, "The generator kept to the schedule, every request is accounted for, each chain met the SLO."),
    );
  }
  const figures: [string, string][] = [
    ["Offered", `${rate(total.offeredRps).text} /s`],
    ["Achieved", `${rate(total.achievedRps).text} /s`],
    ["Success", share(total.success).text],
    ["Response p50", `${ms(total.responseTimeMs?.p50).text} ms`],
    ["Response p99", `${ms(total.responseTimeMs?.p99).text} ms`],
    ["Send lag p99", `${ms(total.sendLagMs?.p99).text} ms`],
    ["Start skew", `${ms(startSkewMs).text} ms`],
  ];
  const measured = `${run.measuredMs / 1_000} s measured`;
  const workers = `${run.workers} ${run.workers === 1 ? "worker" : "workers"}`;
  return [
    element("h1", {}, run.name),
    element("p", { class: "soft" }, `${run.id} · ${began} · ${measured} · ${workers} · ${run.target}`),
    banner,
    element(
      "dl",
      { class: "figures" },
      ...figures.map(([name, value]) => element("div", {}, element("dt", {}, name), element("dd", {}, value))),
    ),
  ];
}

const ALL = "all chains";

const trafficColumns: Column<Traffic>[] = [
  { title: "Offered/s", cell: ({ offeredRps }) => rate(offeredRps) },
  { title: "Achieved/s", cell: ({ achievedRps }) => rate(achievedRps) },
  { title: "Success", hint: "valid relays ÷ requests sent", cell: ({ success }) => share(success) },
];

const latencyColumns: Column<Traffic>[] = [
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

type Named = Traffic & { name: string; truth?: ReportChain["truth"] };

function chainTables(): HTMLElement[] {
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

function outcomeTable(): HTMLElement[] {
  const kinds = ["missed", "errors", "invalid", "statuses"] as const;
  const titles = { missed: "not sent", errors: "no response", invalid: "invalid response", statuses: "HTTP status" };
  const classes = kinds.flatMap((kind) =>
    Object.keys(report.total[kind]).map((key) => ({ kind, key, count: report.total[kind][key] ?? 0 })),
  );
  if (classes.length === 0) return [];
  const perChain = report.chains.map(
    (chain): Column<(typeof classes)[number]> => ({
      title: chain.name,
      cell: ({ kind, key }) => count(chain[kind][key] ?? 0, kind !== "statuses"),
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
        { title: ALL, cell: ({ kind, count: sum }) => count(sum, kind !== "statuses") },
      ],
      classes,
    ),
  ];
}

function workerTable(): HTMLElement[] {
  const columns: Column<ReportWorker>[] = [
    { title: "Worker", cell: ({ id }) => words(id) },
    { title: "Chains", cell: ({ chains }) => words(chains.join(", ")) },
    ...trafficColumns,
    { title: "sent", cell: ({ ledger }) => count(ledger.sent) },
    { title: "missed", cell: ({ ledger }) => count(ledger.missed, true) },
    { title: "errors", cell: ({ ledger }) => count(ledger.errors, true) },
    { title: "invalid", cell: ({ ledger }) => count(ledger.invalid, true) },
    ...latencyColumns,
    { title: "Start skew", hint: "ms", cell: ({ startSkewMs }) => ms(startSkewMs) },
    { title: "CPU", hint: "CPU time ÷ time passed", cell: ({ health }) => share(health.cpu) },
    { title: "Memory, MB", cell: ({ health }) => count(Math.round(health.residentMb)) },
    { title: "Connections", hint: "most at a flush", cell: ({ health }) => count(health.connections) },
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

/** A colour of the page's, as it is now. */
function colour(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}

function seriesColour(index: number): string {
  return colour(`c${index % 8}`);
}

interface Line {
  label: string;
  values: (number | null)[];
  colour: string;
  dash?: number[];
}

/** How a plot's axes read. */
interface Scale {
  x: string;
  y: string;
  logY?: boolean;
  xValues?(values: number[]): string[];
  xSplits?: number[];
}

function plot(title: string, summary: string, x: number[], lines: readonly Line[], scale: Scale): HTMLElement {
  const place = element("div", { role: "img", "aria-label": `${title}. ${summary}` });
  const axis = {
    stroke: colour("soft"),
    grid: { stroke: colour("line"), width: 1 },
    ticks: { stroke: colour("line") },
  };
  const options: uPlotType.Options = {
    width: 480,
    height: 240,
    scales: {
      x: { time: false, ...(scale.xSplits && { range: [scale.xSplits[0] ?? 0, scale.xSplits.at(-1) ?? 1] }) },
      y: scale.logY ? { distr: 3 } : { range: (_, __, max) => [0, max > 0 ? max * 1.08 : 1] },
    },
    cursor: { sync: { key: scale.x } },
    axes: [
      {
        ...axis,
        label: scale.x,
        ...(scale.xSplits && { splits: () => scale.xSplits ?? [] }),
        ...(scale.xValues && { values: (_, values) => scale.xValues?.(values) ?? [] }),
      },
      {
        ...axis,
        label: scale.y,
        size: 62,
        values: (_, values) => values.map((value) => (value === null ? "" : short.format(value))),
      },
    ],
    series: [
      { label: scale.x, ...(scale.xValues && { value: (_, value) => scale.xValues?.([value])[0] ?? "" }) },
      ...lines.map(({ label, colour: stroke, dash }) => ({
        label: safe(label),
        stroke,
        width: 2,
        ...(dash && { dash }),
        points: { show: x.length < 3 },
        value: (_: uPlotType, value: number | null) => (value === null ? "–" : short.format(value)),
      })),
    ],
  };
  const figure = element("figure", {}, element("figcaption", {}, title), place);
  // Its width is known only once it stands in the page.
  requestAnimationFrame(() => {
    const made = new uPlot({ ...options, width: place.clientWidth }, [x, ...lines.map(({ values }) => values)], place);
    plots.push(made);
    new ResizeObserver(() => made.setSize({ width: place.clientWidth, height: 240 })).observe(place);
  });
  return figure;
}

/** The plot library writes labels as markup; names of chains are letters, digits and a few signs, and nothing else. */
function safe(label: string): string {
  return label.replaceAll('"', "").replace(/[^\w .,%+=-]/g, "?");
}

function ratePlot(): HTMLElement {
  const { seconds } = report.total;
  const lines: Line[] = [
    { label: "offered", values: seconds.map(({ scheduled }) => scheduled), colour: colour("c7"), dash: [6, 4] },
    { label: "sent", values: seconds.map(({ sent }) => sent), colour: colour("c0") },
    { label: "valid", values: seconds.map(({ valid }) => valid), colour: colour("c2") },
    { label: "failed", values: seconds.map(({ errors, invalid }) => errors + invalid), colour: colour("c5") },
  ];
  const x = seconds.map(({ second }) => second);
  const { offeredRps, achievedRps } = report.total;
  const summary = `${rate(achievedRps).text} of ${rate(offeredRps).text} requests per second were sent.`;
  return plot("Rate, all chains", summary, x, lines, { x: "seconds", y: "requests/s" });
}

function chainRatePlot(): HTMLElement {
  const x = report.total.seconds.map(({ second }) => second);
  const lines = report.chains.map(
    ({ name, seconds }, index): Line => ({
      label: name,
      values: seconds.map(({ valid }) => valid),
      colour: seriesColour(index),
    }),
  );
  const summary = report.chains
    .map(({ name, achievedRps }) => `${name} ${rate(achievedRps).text} per second`)
    .join(", ");
  return plot("Valid relays by chain", `${summary}.`, x, lines, { x: "seconds", y: "relays/s" });
}

/** Response time over the run; the percentiles of each interval stand at its middle. */
function latencyPlot(of: Pick<ReportChain, "intervals" | "responseTimeMs">, name: string): HTMLElement {
  const x = of.intervals.map(({ fromMs, toMs }) => (fromMs + toMs) / 2_000);
  const lines = (["max", "p99", "p90", "p50"] as const).map(
    (key, index): Line => ({ label: key, values: of.intervals.map((each) => each[key]), colour: seriesColour(index) }),
  );
  const summary = `Median ${ms(of.responseTimeMs?.p50).text} ms, 99th percentile ${ms(of.responseTimeMs?.p99).text} ms.`;
  return plot(`Response time, ${name}`, summary, x, lines, { x: "seconds", y: "ms", logY: true });
}

/** Response time by percentile, with as much room between 99 and 99.9 % as between 90 and 99 %. */
function percentilePlot(): HTMLElement {
  const nines = (percentile: number): number => -Math.log10(1 - percentile / 100);
  const curves = report.chains.map(({ percentiles }) => {
    return percentiles
      .filter(([percentile]) => percentile < 100)
      .map(([percentile, value]) => [nines(percentile), value]);
  });
  const x = [...new Set(curves.flatMap((curve) => curve.map(([place]) => place ?? 0)))].sort((a, b) => a - b);
  const lines = report.chains.map(({ name }, index): Line => {
    const values = new Map(curves[index]?.map(([place, value]) => [place, value ?? null]));
    return { label: name, values: x.map((place) => values.get(place) ?? null), colour: seriesColour(index) };
  });
  const most = Math.max(1, Math.ceil(x.at(-1) ?? 1));
  const splits = [0, nines(50), ...Array.from({ length: most }, (_, index) => index + 1)];
  const percent = (place: number): string =>
    `${Number((100 * (1 - 10 ** -place)).toFixed(Math.max(1, Math.ceil(place) - 1)))}`;
  return plot("Response time by percentile", "The figures are in the table of chains.", x, lines, {
    x: "percentile",
    y: "ms",
    logY: true,
    xSplits: splits,
    xValues: (values) => values.map(percent),
  });
}

function plotSection(): HTMLElement[] {
  const place = element("div", { class: "plots" });
  const choice = element("select", { id: "chain" }, element("option", { value: "" }, ALL));
  for (const { name } of report.chains) choice.append(element("option", { value: name }, name));
  const chosen = (): HTMLElement => {
    const chain = report.chains.find(({ name }) => name === choice.value);
    return chain ? latencyPlot(chain, chain.name) : latencyPlot(report.total, ALL);
  };
  let latency = chosen();
  choice.addEventListener("change", () => {
    const next = chosen();
    latency.replaceWith(next);
    latency = next;
  });
  const label = element("label", { for: "chain" }, "Response time of ");
  place.append(ratePlot(), chainRatePlot(), latency, percentilePlot());
  return [element("h2", {}, "Over time"), element("p", {}, label, choice), place];
}

type ChainCapacity = NonNullable<Report["capacity"]>["chains"][number];

/** What each chain can carry, what a relay costs, and what the target takes: the questions that a run is made for. */
function capacitySection(): HTMLElement[] {
  const { capacity } = report;
  if (!capacity) return [];
  const name: Column<ChainCapacity> = { title: "Chain", cell: (row) => words(row.name) };
  const sections: HTMLElement[] = [element("h2", {}, "Capacity and cost")];
  if (capacity.trials.length > 0) {
    const columns: Column<ChainCapacity>[] = [
      name,
      { title: "Alone, /s", hint: "the highest rate that met the SLO", cell: (row) => ms(row.capacityRps) },
      { title: "between", cell: ({ interval }) => ms(interval?.[0]) },
      { title: "and", cell: ({ interval }) => ms(interval?.[1]) },
      { title: "All at once, /s", cell: ({ together }) => ms(together?.capacityRps) },
      { title: "of alone", hint: "interference", cell: ({ together }) => share(together?.ratio ?? null) },
      { title: "Trials", cell: ({ trials }) => count(trials) },
      { title: "Used up first", cell: ({ bottleneck }) => words(bottleneck?.resource ?? "not seen") },
      { title: "Evidence", cell: ({ bottleneck, endedBy }) => words(bottleneck?.evidence ?? endedBy[0] ?? "") },
    ];
    if (capacity.chains.some(({ truth }) => truth)) {
      columns.push({ title: "Truth, /s", hint: "the stand-in's own", cell: ({ truth }) => ms(truth?.capacityRps) });
    }
    sections.push(table("What each chain can carry, in requests per second", columns, capacity.chains));
    const trialColumns: Column<(typeof capacity.trials)[number]>[] = [
      { title: "Trial", cell: ({ number }) => count(number) },
      { title: "Scope", cell: ({ scope }) => words(scope) },
      { title: "Offered, /s", cell: ({ rps }) => rate(sumOf(rps)) },
      { title: "Served, /s", cell: ({ servedRps }) => rate(sumOf(servedRps)) },
      { title: "SLO", cell: ({ met, valid }) => words(valid ? (met ? "met" : "missed") : "tells nothing", !met) },
      { title: "Why", cell: ({ reasons }) => words(reasons[0] ?? "") },
    ];
    const trials = table("Trials", trialColumns, capacity.trials);
    sections.push(element("details", {}, element("summary", {}, `${capacity.trials.length} trials`), trials));
  }
  const counters = [...new Set(capacity.chains.flatMap(({ perRelay }) => Object.keys(perRelay)))];
  if (counters.length > 0) {
    const costs = counters.map(
      (counter): Column<ChainCapacity> => ({ title: counter, cell: ({ perRelay }) => ms(perRelay[counter]) }),
    );
    const usd: Column<ChainCapacity> = {
      title: "$ a million",
      hint: "by the plan's unit prices",
      cell: ({ usdPerMillionRelays }) => ms(usdPerMillionRelays),
    };
    sections.push(table("What a valid relay costs the gateway", [name, ...costs, usd], capacity.chains));
  }
  sections.push(element("dl", { class: "words" }, ...scalingEntries(capacity)));
  return sections;
}

function scalingEntries({ scaling, generator, unidentified, trials }: NonNullable<Report["capacity"]>): HTMLElement[] {
  const entries: [string, string][] = [];
  if (scaling) {
    const { currentRps, targetRps, headroom, rpsPerInstance, instancesNeeded, usdPerMonth, workersNeeded } = scaling;
    // A run without a search shows a rate that was carried, and not the highest one.
    const least = trials.length === 0 ? "at least " : "";
    const spare = `${Math.round(headroom * 100)} % to spare`;
    entries.push(
      [
        "Current capacity",
        `${least}${rate(currentRps).text} requests/s in all, ${rate(rpsPerInstance).text} an instance`,
      ],
      ["Target capacity", `${rate(targetRps).text} requests/s, ${spare}; ${workersNeeded} workers load it`],
      ["Instances needed", whole.format(instancesNeeded)],
      ["Cost a month", usdPerMonth === null ? "no price in the plan" : `$${whole.format(Math.round(usdPerMonth))}`],
    );
  }
  const each = generator.usdPerMillionRelays;
  const million = each === null ? "" : `, $${short.format(each)} a million relays`;
  entries.push(["This load in Lambda", `$${short.format(generator.usd)}${million}`]);
  if (unidentified.length > 0) entries.push(["Not told apart by chain", unidentified.join(", ")]);
  return entries.flatMap(([title, text]) => [element("dt", {}, title), element("dd", {}, text)]);
}

function sumOf(rates: Record<string, number>): number {
  return Object.values(rates).reduce((sum, value) => sum + value, 0);
}

/** Most plots of the gateway's metrics: one for each name. */
const MOST_METRIC_PLOTS = 12;

function metricPlots(): HTMLElement[] {
  const groups = new Map<string, Report["metrics"]>();
  for (const metric of report.metrics) {
    const [name = ""] = metric.name.split("{");
    groups.set(name, [...(groups.get(name) ?? []), metric]);
  }
  if (groups.size === 0) return [];
  const place = element("div", { class: "plots" });
  for (const [name, group] of [...groups].slice(0, MOST_METRIC_PLOTS)) {
    const shown = group.slice(0, 8);
    const x = shown[0]?.points.map(([at]) => at) ?? [];
    const lines = shown.map((metric, index): Line => {
      const values = new Map(metric.points);
      const label = /\{(.*)\}$/.exec(metric.name)?.[1] ?? "value";
      return { label, values: x.map((at) => values.get(at) ?? null), colour: seriesColour(index) };
    });
    place.append(plot(name, `${group.length} series.`, x, lines, { x: "seconds", y: shown[0]?.unit ?? "" }));
  }
  return [element("h2", {}, "The gateway's own metrics"), place];
}

function logs(): HTMLElement[] {
  return report.logs.flatMap(({ source, read, matched, failed, lines }) => {
    const rows = lines.map(({ atMs, text }) => element("li", {}, `${short.format(atMs / 1_000)} s  ${text}`));
    const gaps = failed.map((why) => element("p", {}, `Could not be read at times: ${why}`));
    return [
      element("h2", {}, `Log: ${source}`),
      element("p", {}, `${whole.format(matched)} of ${whole.format(read)} new lines match the plan's pattern.`),
      ...gaps,
      ...(rows.length > 0 ? [element("ol", { class: "log" }, ...rows)] : []),
    ];
  });
}

function glossary(): HTMLElement[] {
  const meanings: [string, string][] = [
    ["response time", "finished − due: what a user would have felt, the generator's and the server's queues included"],
    ["service time", "finished − sent"],
    ["send lag", "sent − due: the generator's own lateness"],
    ["start skew", "how late a worker's first request was sent"],
    ["relay", "a valid JSON-RPC response: HTTP 2xx, the id matched, no error, a result"],
    ["missed", "scheduled and not sent: late, too many in flight, aborted, or lost with a worker"],
    ["valid run", "the generator itself was in order, so that the figures tell about the target"],
  ];
  const entries = meanings.flatMap(([word, meaning]) => [element("dt", {}, word), element("dd", {}, meaning)]);
  return [element("h2", {}, "Words"), element("dl", { class: "words" }, ...entries)];
}

function findings(): HTMLElement[] {
  if (report.findings.length === 0) return [];
  const items = report.findings.map((finding) => element("li", {}, finding));
  return [element("h2", {}, "Missing or doubtful in the results"), element("ul", {}, ...items)];
}

function draw(): void {
  for (const made of plots.splice(0)) made.destroy();
  root.replaceChildren(
    ...header(),
    ...chainTables(),
    ...outcomeTable(),
    ...plotSection(),
    ...capacitySection(),
    ...metricPlots(),
    ...logs(),
    ...workerTable(),
    ...findings(),
    ...glossary(),
  );
}

draw();
// Plots are drawn in the colours of the moment.
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
