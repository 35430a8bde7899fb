import type { GeneratorPoint, Report, ReportChain } from "../../report/schema.ts";
import { report } from "./data.ts";
import { distribution } from "./distribution.ts";
import { element, ms, rate } from "./elements.ts";
import { heatMap } from "./heat.ts";
import { link, linked } from "./links.ts";
import { colour, currentView, type Line, plot, SECONDS, seriesColour, showView, type View } from "./plots.ts";
import { ALL } from "./tables.ts";

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
  return plot(["Rate, all chains", summary], x, lines, { x: SECONDS, y: "requests/s" });
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
  return plot(["Valid relays by chain", `${summary}.`], x, lines, { x: SECONDS, y: "relays/s" });
}

/** Response time over the run; the percentiles of each interval stand at its middle. */
function latencyPlot(of: Pick<ReportChain, "intervals" | "responseTimeMs">, name: string): HTMLElement {
  const x = of.intervals.map(({ fromMs, toMs }) => (fromMs + toMs) / 2_000);
  const lines = (["max", "p99", "p90", "p50"] as const).map(
    (key, index): Line => ({ label: key, values: of.intervals.map((each) => each[key]), colour: seriesColour(index) }),
  );
  const summary = `Median ${ms(of.responseTimeMs?.p50).text} ms, 99th percentile ${ms(of.responseTimeMs?.p99).text} ms.`;
  return plot([`Response time, ${name}`, summary], x, lines, { x: SECONDS, y: "ms", logY: true });
}

const PERCENTILES = ["p50", "p90", "p99", "max"] as const;

/** One percentile of each chain over the run. */
function chainLatencyPlot(percentile: (typeof PERCENTILES)[number]): HTMLElement {
  const x = [...new Set(report.chains.flatMap(({ intervals }) => intervals.map(middle)))].sort((a, b) => a - b);
  const lines = report.chains.map(({ name, intervals }, index): Line => {
    const values = new Map(intervals.map((each) => [middle(each), each[percentile]]));
    return { label: name, values: x.map((at) => values.get(at) ?? null), colour: seriesColour(index) };
  });
  const summary = report.chains.map(
    ({ name, responseTimeMs }) => `${name} ${ms(responseTimeMs?.[percentile]).text} ms`,
  );
  const scale = { x: SECONDS, y: "ms", logY: true };
  return plot([`Response time by chain, ${percentile}`, `${summary.join(", ")}.`], x, lines, scale);
}

function middle({ fromMs, toMs }: ReportChain["intervals"][number]): number {
  return (fromMs + toMs) / 2_000;
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
  return plot(["Response time by percentile", "The figures are in the table of chains."], x, lines, {
    x: "percentile",
    y: "ms",
    logY: true,
    xSplits: splits,
    xValues: (values) => values.map(percent),
  });
}

/** Most classes of failures with a line of their own. */
const MAX_CLASSES = 7;

/** Requests that were no relay, by class and second. */
function failurePlot(): HTMLElement | undefined {
  const { seconds, errors, invalid } = report.total;
  const classes = Object.entries({ ...errors, ...invalid }).sort(([, a], [, b]) => b - a);
  if (!seconds.some((each) => each.classes) || classes.length === 0) return undefined;
  const lines = classes.slice(0, MAX_CLASSES).map(
    ([name], index): Line => ({
      label: name,
      values: seconds.map((each) => each.classes?.[name] ?? 0),
      colour: seriesColour(index),
    }),
  );
  const x = seconds.map(({ second }) => second);
  const summary = classes.map(([name, count]) => `${name} ${count}`).join(", ");
  const figure = plot(["Failures by class", `${summary}.`], x, lines, { x: SECONDS, y: "requests/s" });
  figure.append(...failureSamples(classes.map(([name]) => name)));
  return figure;
}

/** One response of each class of failure, below their plot. */
function failureSamples(classes: readonly string[]): HTMLElement[] {
  const samples = report.chains.flatMap(({ name, samples: own = [] }) => own.map((each) => ({ chain: name, ...each })));
  const items = classes.flatMap((name) => {
    const found = samples.find((each) => each.class === name);
    if (!found) return [];
    const { chain, status, message, begins } = found;
    return [element("li", {}, element("strong", {}, name), ` ${chain}, HTTP ${status}: ${message ?? begins}`)];
  });
  if (items.length === 0) return [];
  return [element("details", {}, element("summary", {}, "One response of each"), element("ul", {}, ...items))];
}

/** The generator's requests in flight and connections, and its hosts' sockets. */
function generatorPlots(): HTMLElement[] {
  const { all } = report.generator;
  if (all.length < 2) return [];
  const x = all.map(({ atMs }) => atMs / 1_000);
  const line = (label: string, key: keyof GeneratorPoint, index: number): Line => ({
    label,
    values: all.map((point) => point[key]),
    colour: seriesColour(index),
  });
  const flight = [line("in flight", "inFlight", 0), line("connections", "connections", 2), line("opened", "opened", 1)];
  const made = [plot(["Requests in flight and connections, all workers", ""], x, flight, { x: SECONDS, y: "" })];
  if (all.some(({ established }) => established !== null)) {
    const sockets = [
      line("ESTAB", "established", 2),
      line("TIME-WAIT", "timeWait", 1),
      line("retransmits", "retransmits", 5),
    ];
    made.push(plot(["TCP connections of the host with most", ""], x, sockets, { x: SECONDS, y: "" }));
    const ports = [line("ports left", "portsLeft", 0)];
    made.push(plot(["Ephemeral ports of the host with fewest left", ""], x, ports, { x: SECONDS, y: "" }));
  }
  return made;
}

/** What a button does to the part of the run that is shown. */
const ZOOMS: [title: string, change: (view: View, whole: View) => View | undefined][] = [
  ["Closer", ({ from, to }) => ({ from: from + (to - from) / 4, to: to - (to - from) / 4 })],
  ["Wider", ({ from, to }) => ({ from: from - (to - from) / 2, to: to + (to - from) / 2 })],
  ["Earlier", ({ from, to }) => ({ from: from - (to - from) / 2, to: to - (to - from) / 2 })],
  ["Later", ({ from, to }) => ({ from: from + (to - from) / 2, to: to + (to - from) / 2 })],
  ["Whole run", () => undefined],
];

function zoomButtons(): HTMLElement {
  const whole: View = { from: 0, to: report.run.measuredMs / 1_000 };
  const buttons = ZOOMS.map(([title, change]) => {
    const button = element("button", { type: "button" }, title);
    button.addEventListener("click", () => {
      const next = change(currentView() ?? whole, whole);
      const isWhole = !next || (next.from <= whole.from && next.to >= whole.to);
      showView(isWhole ? undefined : { from: Math.max(whole.from, next.from), to: Math.min(whole.to, next.to) });
    });
    return button;
  });
  return element(
    "div",
    { class: "zoom", role: "group", "aria-label": "Part of the run that the plots show" },
    ...buttons,
  );
}

/** A choice that is kept in the address, and whose figures are drawn anew when it changes. */
function choiceOf(name: string, title: string, options: readonly string[], draw: (chosen: string) => HTMLElement[]) {
  const select = element("select", { id: name });
  for (const each of options) select.append(element("option", { value: each }, each));
  const asked = linked(name) ?? "";
  select.value = options.includes(asked) ? asked : (options[0] ?? "");
  let figures = draw(select.value);
  select.addEventListener("change", () => {
    link(name, select.value);
    const next = draw(select.value);
    for (const [index, each] of figures.entries()) each.replaceWith(next[index] ?? "");
    figures = next;
  });
  return { label: element("label", { for: name }, `${title} `), select, figures };
}

export function plotSection(): HTMLElement[] {
  const names = [ALL, ...report.chains.map(({ name }) => name)];
  const chain = choiceOf("chain", "Response time of", names, (chosen) => {
    const found = report.chains.find(({ name }) => name === chosen);
    const [of, name] = found ? [found, found.name] : [report.total, ALL];
    const none = element("figure", {}, element("figcaption", {}, "Too little was measured for a distribution."));
    return [latencyPlot(of, name), heatMap(of, name), distribution(of, name) ?? none];
  });
  const percentile = choiceOf("percentile", "By chain", ["p99", "p50", "p90", "max"], (chosen) => {
    return [chainLatencyPlot(PERCENTILES.find((each) => each === chosen) ?? "p99")];
  });
  const place = element("div", { class: "plots" });
  const failures = failurePlot();
  place.append(ratePlot(), chainRatePlot(), ...chain.figures, percentilePlot(), ...percentile.figures);
  place.append(...(failures ? [failures] : []), ...generatorPlots());
  const hint = element("p", { class: "soft" }, "Drag over a plot to see a part of the run in all of them.");
  const choices = element("p", {}, chain.label, chain.select, " ", percentile.label, percentile.select);
  return [element("h2", {}, "Over time"), choices, zoomButtons(), hint, place];
}

/** Most plots of the gateway's metrics: one for each name. */
const MAX_METRIC_PLOTS = 12;

export function metricPlots(): HTMLElement[] {
  const groups = new Map<string, Report["metrics"]>();
  for (const metric of report.metrics) {
    const [name = ""] = metric.name.split("{");
    groups.set(name, [...(groups.get(name) ?? []), metric]);
  }
  if (groups.size === 0) return [];
  const place = element("div", { class: "plots" });
  for (const [name, group] of [...groups].slice(0, MAX_METRIC_PLOTS)) {
    const shown = group.slice(0, 8);
    const x = shown[0]?.points.map(([at]) => at) ?? [];
    const lines = shown.map((metric, index): Line => {
      const values = new Map(metric.points);
      const label = /\{(.*)\}$/.exec(metric.name)?.[1] ?? "value";
      return { label, values: x.map((at) => values.get(at) ?? null), colour: seriesColour(index) };
    });
    place.append(plot([name, `${group.length} series.`], x, lines, { x: SECONDS, y: shown[0]?.unit ?? "" }));
  }
  return [element("h2", {}, "The gateway's own metrics"), place];
}
