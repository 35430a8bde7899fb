import { element, short } from "./elements.ts";

/* Charts that are not over time, as SVG: sharp on paper, and readable without a script once they are drawn. */

const CHART_WIDTH = 480;
const CHART_HEIGHT = 240;
const CHART_LEFT = 58;
const CHART_BOTTOM = 40;
const CHART_TOP = 12;
const CHART_RIGHT = 12;

/** One axis: its values' range, and whether equal ratios have equal room. */
export interface ChartAxis {
  label: string;
  from: number;
  to: number;
  isLog?: boolean;
}

/** Where values lie in a chart, and how marks are made in it. */
export interface Place {
  x(value: number): number;
  y(value: number): number;
  mark(tag: string, attributes: Record<string, string | number>, text?: string): void;
}

/** A figure with two axes, in which `draw` puts marks. */
export function chart(
  title: string,
  summary: string,
  axes: { x: ChartAxis; y: ChartAxis },
  draw: (place: Place) => void,
): HTMLElement {
  const svg = svgElement("svg", {
    viewBox: `0 0 ${CHART_WIDTH} ${CHART_HEIGHT}`,
    role: "img",
    "aria-label": `${title}. ${summary}`,
  });
  const x = along(axes.x, CHART_LEFT, CHART_WIDTH - CHART_RIGHT);
  const y = along(axes.y, CHART_HEIGHT - CHART_BOTTOM, CHART_TOP);
  const mark = (tag: string, attributes: Record<string, string | number>, text?: string): void => {
    const made = svgElement(tag, attributes);
    if (text !== undefined) made.textContent = text;
    svg.append(made);
  };
  for (const value of ticks(axes.y)) {
    mark("line", { x1: CHART_LEFT, x2: CHART_WIDTH - CHART_RIGHT, y1: y(value), y2: y(value), class: "grid" });
    mark("text", { x: CHART_LEFT - 6, y: y(value) + 4, "text-anchor": "end" }, short.format(value));
  }
  for (const value of ticks(axes.x)) {
    mark("text", { x: x(value), y: CHART_HEIGHT - CHART_BOTTOM + 16, "text-anchor": "middle" }, short.format(value));
  }
  mark("text", { x: (CHART_LEFT + CHART_WIDTH) / 2, y: CHART_HEIGHT - 6, "text-anchor": "middle" }, axes.x.label);
  mark("text", { x: 4, y: CHART_TOP, class: "unit" }, axes.y.label);
  draw({ x, y, mark });
  return element(
    "figure",
    { class: "chart" },
    element("figcaption", {}, title),
    svg,
    element("p", { class: "soft" }, summary),
  );
}

function svgElement(tag: string, attributes: Record<string, string | number>): SVGElement {
  const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, String(value));
  return made;
}

function along({ from, to, isLog = false }: ChartAxis, first: number, last: number): (value: number) => number {
  const scaled = (value: number): number => (isLog ? Math.log10(Math.max(value, from)) : value);
  const span = scaled(to) - scaled(from) || 1;
  return (value) => first + ((scaled(Math.min(value, to)) - scaled(from)) / span) * (last - first);
}

/** Round values along an axis. */
function ticks({ from, to, isLog = false }: ChartAxis): number[] {
  if (!isLog) {
    const step = niceStep((to - from) / 5);
    return Array.from({ length: 8 }, (_, index) => Math.ceil(from / step) * step + index * step).filter(
      (at) => at <= to,
    );
  }
  const powers = Array.from({ length: 12 }, (_, index) => 10 ** (index - 4));
  const factors = to / from > 200 ? [1] : [1, 2, 5];
  return powers.flatMap((power) => factors.map((factor) => factor * power)).filter((at) => at >= from && at <= to);
}

function niceStep(least: number): number {
  const power = 10 ** Math.floor(Math.log10(Math.max(least, 1e-9)));
  return power * ([1, 2, 5].find((each) => each * power >= least) ?? 10);
}
