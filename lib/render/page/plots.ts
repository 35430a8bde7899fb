import type uPlotType from "uplot";
import { element, short } from "./elements.ts";
import { whenPlaced } from "./whenPlaced.ts";

declare const uPlot: typeof uPlotType;

/** The plots that are drawn, and those of them that are over time. */
const plots: uPlotType[] = [];
const timePlots = new Set<uPlotType>();

/** What plots over time have as the name of their horizontal axis. */
export const SECONDS = "seconds";

/** A stretch of the run, in seconds. */
export interface View {
  from: number;
  to: number;
}

let view: View | undefined;
let isApplying = false;
const followers: (() => void)[] = [];

/** The part of the run that all plots over time show; undefined for the whole. */
export function currentView(): View | undefined {
  return view;
}

/** Shows a part of the run in all plots over time. */
export function showView(next: View | undefined): void {
  view = next;
  isApplying = true;
  for (const each of timePlots) applyView(each);
  isApplying = false;
  for (const follow of followers) follow();
}

/** Calls back whenever another part of the run is shown. */
export function onView(follow: () => void): void {
  followers.push(follow);
}

function applyView(made: uPlotType): void {
  const x = made.data[0];
  made.setScale("x", { min: view?.from ?? x[0] ?? 0, max: view?.to ?? x.at(-1) ?? 1 });
}

/** Takes all plots away, before they are drawn anew. */
export function clearPlots(): void {
  for (const made of plots.splice(0)) made.destroy();
  timePlots.clear();
  followers.splice(0);
}

/** A colour of the page's, as it is now. */
export function colour(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}

export function seriesColour(index: number): string {
  return colour(`c${index % 8}`);
}

export interface Line {
  label: string;
  values: (number | null)[];
  colour: string;
  dash?: number[];
}

/** How a plot's axes read. */
export interface Scale {
  x: string;
  y: string;
  logY?: boolean;
  xValues?(values: number[]): string[];
  xSplits?: number[];
}

/** A figure of lines over x; a screen reader says its title and summary. */
export function plot(
  [title, summary]: [title: string, summary: string],
  x: number[],
  lines: readonly Line[],
  scale: Scale,
): HTMLElement {
  const caption = element("figcaption", {}, title);
  // A logarithmic axis has no place for 0, and the library none for a plot without anything.
  const drawn = lines.map(({ values }) => (scale.logY ? values.map((value) => (value === 0 ? null : value)) : values));
  if (x.length < 2 || drawn.every((values) => values.every((value) => value === null))) {
    return element("figure", {}, caption, element("p", { class: "soft" }, "Too little was measured for a plot."));
  }
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
    hooks: { setScale: [(made, key) => key === "x" && scale.x === SECONDS && followZoom(made)] },
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
  const figure = element("figure", {}, caption, place);
  // Its width is known only once it stands in the page.
  whenPlaced(() => {
    const made = new uPlot({ ...options, width: place.clientWidth }, [x, ...drawn], place);
    plots.push(made);
    if (scale.x === SECONDS) {
      if (view) applyView(made);
      timePlots.add(made);
    }
    new ResizeObserver(() => made.setSize({ width: place.clientWidth, height: 240 })).observe(place);
  });
  return figure;
}

/** The plot library writes labels as markup; names of chains are letters, digits and a few signs, and nothing else. */
export function safe(label: string): string {
  return label.replaceAll('"', "").replace(/[^\w .,%+=-]/g, "?");
}

/** A plot was zoomed by dragging, or back by a double click: the others follow. */
function followZoom(made: uPlotType): void {
  const { min, max } = made.scales.x ?? {};
  if (isApplying || !timePlots.has(made) || min === undefined || max === undefined) return;
  const x = made.data[0];
  const isWhole = min <= (x[0] ?? 0) && max >= (x.at(-1) ?? 0);
  showView(isWhole ? undefined : { from: min, to: max });
}
