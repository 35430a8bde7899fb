import { escapeHtml } from "../report/escape.ts";
import { boundText } from "../report/lowerBound.ts";
import type { ChainSummary, RunSummary } from "../report/runSummary.ts";
import { htmlHead } from "./html.ts";
import { flooredPercent, rate } from "./textFigures.ts";
import { type TrendLine, trendFigure } from "./trend.ts";

/** The colour of each state, matching the report's verdict. */
const TONES: Record<RunSummary["state"], string> = {
  passed: "good",
  "SLO missed": "bad",
  invalid: "doubt",
  running: "doubt",
  unfinished: "doubt",
};

/** Figures with a trend over runs, by chain. */
const TRENDS: [title: string, read: (chain: ChainSummary) => number | null][] = [
  ["Response time p99 of all requests sent, ms", ({ p99Ms }) => p99Ms],
  ["Capacity, requests/s", ({ capacityRps }) => capacityRps],
  ["Cost of a million relays, $", ({ usdPerMillionRelays }) => usdPerMillionRelays],
];

/**
 * All runs as a page without scripts: trends for one plan's runs, a list with verdicts, and a form to compare any two.
 */
export function runsHtml(runs: readonly RunSummary[], asked: string | undefined): string {
  const plans = [...new Set(runs.map(({ plan }) => plan))];
  const plan = asked !== undefined && plans.includes(asked) ? asked : plans[0];
  const title = "Runs";
  return `${htmlHead(title, "", "", { forms: true })}
<body>
<main>
<h1>${title}</h1>
${runs.length === 0 ? "<p>No runs yet.</p>" : `${trends(runs, plans, plan)}\n${list(runs)}`}
</main>
</body>
</html>
`;
}

/** A plan's results over its runs, oldest first. Invalid runs say nothing about the target, and are left out. */
function trends(runs: readonly RunSummary[], plans: readonly string[], plan: string | undefined): string {
  const own = runs.filter((run) => run.plan === plan && /passed|missed/.test(run.state)).toReversed();
  const names = [...new Set(own.flatMap(({ chains }) => chains.map(({ name }) => name)))];
  const titles = own.map(({ startedAt = "", id }) => `${startedAt.slice(0, 16).replace("T", " ")}, ${id}`);
  const figures = TRENDS.map(([title, read]) => {
    const lines = names.map((name): TrendLine => {
      const values = own.map(({ chains }) => chains.find((chain) => chain.name === name));
      return { name, values: values.map((chain) => (chain ? read(chain) : null)) };
    });
    return trendFigure(title, lines, titles);
  }).filter((figure) => figure !== "");
  const options = plans.map((each) => {
    return `<option${each === plan ? " selected" : ""}>${escapeHtml(each)}</option>`;
  });
  const choice = `<form action="/" class="zoom"><label for="plan">Plan</label> <select id="plan" name="plan">${options.join("")}</select> <button>Show</button></form>`;
  const none = '<p class="soft">A trend needs two valid runs of the plan.</p>';
  return `<h2>Trends</h2>
${choice}
${figures.length === 0 ? none : `<div class="plots">${figures.join("\n")}</div>`}`;
}

function list(runs: readonly RunSummary[]): string {
  const head = ["Before", "After", "Run", "Verdict", "Started", "Requests/s", "Success", "p99, ms"];
  const rows = runs.map((run, place) => {
    const hasReport = run.chains.length > 0;
    const radio = (name: string, isChecked: boolean): string =>
      hasReport
        ? `<td class="text"><input type="radio" name="${name}" value="${escapeHtml(run.id)}" aria-label="${name}: ${escapeHtml(run.id)}"${isChecked ? " checked" : ""}></td>`
        : "<td></td>";
    const isOpen = hasReport || run.state === "running";
    const name = isOpen
      ? `<a href="/runs/${encodeURIComponent(run.id)}/">${escapeHtml(run.id)}</a>`
      : escapeHtml(run.id);
    return `<tr>${radio("before", place === 1)}${radio("after", place === 0)}<th scope="row" class="text">${name}</th>
<td class="text ${TONES[run.state]}">${run.state}</td><td class="text">${(run.startedAt ?? "–").slice(0, 19).replace("T", " ")}</td>
<td>${rate(run.achievedRps)}</td><td>${flooredPercent(run.success)}</td><td>${boundText(rate(run.p99Ms), run.p99IsLowerBound === true)}</td></tr>`;
  });
  const heads = head.map((each, place) => `<th scope="col"${place < 5 ? ' class="text"' : ""}>${each}</th>`);
  return `<h2>All runs</h2>
<form action="/compare">
<div class="wide" tabindex="0" role="region" aria-label="All runs"><table>
<thead><tr>${heads.join("")}</tr></thead>
<tbody>
${rows.join("\n")}
</tbody></table></div>
<p class="zoom"><button>Compare</button></p>
</form>`;
}
