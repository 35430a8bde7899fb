import type { Report } from "../../report/schema.ts";
import { nodeSection } from "./answerHeaders.ts";
import { answers } from "./answers.ts";
import { capacitySection } from "./capacity.ts";
import { computeUnitsSection } from "./computeUnits.ts";
import { replaceReport, report } from "./data.ts";
import { element, ms, rate, share, short, table, whole, words } from "./elements.ts";
import { contents, followAddress } from "./links.ts";
import { loadCharts } from "./load.ts";
import { metricPlots, plotSection } from "./overTime.ts";
import { clearPlots } from "./plots.ts";
import { regionSection } from "./regions.ts";
import { subscriptionSection } from "./subscriptions.ts";
import {
  allSent,
  chainTables,
  methodTable,
  outcomeTable,
  sloTable,
  steadyTable,
  targetTable,
  trafficTables,
  workerTable,
} from "./tables.ts";
import { placed } from "./whenPlaced.ts";

/* The report's page, in the browser. After a change `npm run page` bundles it into page.js, which lib/render/html.ts reads. */

const root = document.getElementById("report") as HTMLElement;

function header(): HTMLElement[] {
  const { run, verdict, total, startSkewMs } = report;
  const began = new Date(run.startedAt).toLocaleString("en", { dateStyle: "long", timeStyle: "long" });
  const { live } = run;
  const [state, title] = live
    ? ["doubt", `Running: ${Math.max(0, Math.round(live.atMs / 1_000))} of ${run.durationMs / 1_000} s`]
    : !verdict.valid
      ? ["doubt", `Invalid run${verdict.pass ? "" : ", and the SLO was missed"}`]
      : verdict.pass
        ? ["good", "Valid run, SLO met"]
        : ["bad", "Valid run, SLO missed"];
  const banner = element("section", { class: `verdict ${state}` }, element("strong", {}, title));
  if (live) {
    banner.append(element("p", {}, "What the workers have flushed so far. The verdict comes with the end."));
  } else if (verdict.reasons.length > 0) {
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
    ...(total.ledger.errors > 0 ? [["Of all sent p99", `${allSent(total, "p99").text} ms`] as [string, string]] : []),
    ["Send lag p99", `${ms(total.sendLagMs?.p99).text} ms`],
    ["Start skew", `${ms(startSkewMs).text} ms`],
  ];
  const measured = `${run.measuredMs / 1_000} s measured`;
  const workers = `${run.workers} ${run.workers === 1 ? "worker" : "workers"}`;
  return [
    element("h1", {}, run.name),
    element(
      "p",
      { class: "soft" },
      `${run.id} · ${began} · ${measured} · ${workers} · ${run.target} · Volley ${run.volley}`,
    ),
    downloads(),
    banner,
    ...(live ? [] : [answers()]),
    element(
      "dl",
      { class: "figures" },
      ...figures.map(([name, value]) => element("div", {}, element("dt", {}, name), element("dd", {}, value))),
    ),
  ];
}

/** The report as data, to be kept. */
function downloads(): HTMLElement {
  const address = URL.createObjectURL(new Blob([JSON.stringify(report, null, 2)], { type: "application/json" }));
  const name = `${report.run.id.replace(/[^\w.-]+/g, "-")}.json`;
  return element("p", { class: "downloads" }, element("a", { href: address, download: name }, "Download report.json"));
}

/** What stood in the way, each with what tells it and what to do. */
function hints(): HTMLElement[] {
  if (report.hints.length === 0) return [];
  const items = report.hints.flatMap(({ what, evidence, remedy }) => [
    element("dt", {}, what),
    element("dd", {}, `${evidence}.`, element("br"), element("strong", {}, `${remedy}.`)),
  ]);
  return [element("h2", {}, "What limited the run"), element("dl", { class: "hints" }, ...items)];
}

function events(): HTMLElement[] {
  if (report.events.length === 0) return [];
  const seconds = (fromMs: number) => ({ text: short.format(fromMs / 1_000), value: fromMs });
  const columns = [
    { title: "from, s", cell: ({ fromMs }: Event) => seconds(fromMs) },
    { title: "to", cell: ({ toMs }: Event) => seconds(toMs) },
    { title: "Chain", cell: ({ chain }: Event) => words(chain) },
    { title: "What", cell: ({ text }: Event) => words(text) },
  ];
  return [element("h2", {}, "What changed when"), table("Out of the run's ordinary", columns, report.events)];
}

type Event = Report["events"][number];

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
    [
      "all requests sent",
      "responses, and those without one: they rank above every response, and count as the plan's timeout at least",
    ],
    ["service time", "finished − sent"],
    ["send lag", "sent − due: the generator's own lateness"],
    ["start skew", "how late a worker's first request was sent"],
    ["relay", "a valid JSON-RPC response: HTTP 2xx, the id matched, no error, a result"],
    ["missed", "scheduled and not sent: late, too many in flight, aborted, or lost with a worker"],
    ["valid run", "the generator kept to the schedule, so that the figures describe the target"],
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
  clearPlots();
  const head = header();
  const sections = [
    ...hints(),
    ...events(),
    ...chainTables(),
    ...computeUnitsSection(),
    ...sloTable(),
    ...regionSection(),
    ...subscriptionSection(),
    ...plotSection(),
    ...loadCharts(),
    ...outcomeTable(),
    ...methodTable(),
    ...targetTable(),
    ...nodeSection(),
    ...capacitySection(),
    ...steadyTable(),
    ...trafficTables(),
    ...metricPlots(),
    ...logs(),
    ...workerTable(),
    ...findings(),
    ...glossary(),
  ];
  root.replaceChildren(...head, contents(sections), ...sections);
  placed();
  followAddress();
}

draw();
// Plots are drawn in the colours of the moment; paper is light.
for (const media of ["(prefers-color-scheme: dark)", "print"]) matchMedia(media).addEventListener("change", draw);

// A run that goes on sends its later reports, the last of them without `live`.
if (report.run.live) {
  const source = new EventSource("events");
  source.onmessage = ({ data }) => {
    replaceReport(JSON.parse(data));
    if (!report.run.live) source.close();
    draw();
  };
}
