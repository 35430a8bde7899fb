import { escapeHtml } from "../report/escape.ts";

/** One line of a trend: a value for each run, null if there is none. */
export interface TrendLine {
  name: string;
  values: (number | null)[];
}

const WIDTH = 480;
const HEIGHT = 200;
const LEFT = 56;
const BOTTOM = 34;
const TOP = 10;
const RIGHT = 12;

/** A figure over runs, oldest first, as SVG without scripts. `titles` are the names of the runs. */
export function trendFigure(title: string, lines: readonly TrendLine[], titles: readonly string[]): string {
  const most = Math.max(0, ...lines.flatMap(({ values }) => values.map((value) => value ?? 0)));
  const drawn = lines.filter(({ values }) => values.some((value) => value !== null));
  if (drawn.length === 0 || titles.length < 2 || most === 0) return "";
  const top = most * 1.1;
  const x = (place: number): number => LEFT + (place / (titles.length - 1)) * (WIDTH - LEFT - RIGHT);
  const y = (value: number): number => HEIGHT - BOTTOM - (value / top) * (HEIGHT - BOTTOM - TOP);
  const grid = [0, 0.5, 1].map((share) => {
    const value = most * share;
    const label = `<text x="${LEFT - 6}" y="${y(value) + 4}" text-anchor="end">${short(value)}</text>`;
    return `<line class="grid" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${y(value)}" y2="${y(value)}"/>${label}`;
  });
  const marks = drawn.map(({ name, values }, index) => {
    const points = values.flatMap((value, place) => (value === null ? [] : [{ value, place }]));
    const path = points.map(({ value, place }) => `${x(place).toFixed(1)},${y(value).toFixed(1)}`).join(" ");
    const dots = points.map(({ value, place }) => {
      const text = escapeHtml(`${name}: ${short(value)}, ${titles[place] ?? ""}`);
      return `<circle class="s${index % 8}" cx="${x(place).toFixed(1)}" cy="${y(value).toFixed(1)}" r="3"><title>${text}</title></circle>`;
    });
    return `<polyline class="s${index % 8}" points="${path}"/>${dots.join("")}`;
  });
  const key = drawn.map(({ name }, index) => `<span class="s${index % 8}">${escapeHtml(name)}</span>`).join(" ");
  const ends = [titles[0], titles.at(-1)].map((each) => escapeHtml((each ?? "").slice(0, 10)));
  return `<figure class="chart trend"><figcaption>${escapeHtml(title)}</figcaption>
<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${escapeHtml(`${title}; the figures are in the table of runs`)}">
${grid.join("")}${marks.join("")}
<text x="${LEFT}" y="${HEIGHT - 10}">${ends[0]}</text><text x="${WIDTH - RIGHT}" y="${HEIGHT - 10}" text-anchor="end">${ends[1]}</text>
</svg><p class="key">${key}</p></figure>`;
}

function short(value: number): string {
  return value.toLocaleString("en-US", { maximumSignificantDigits: 3 });
}
