import type { ReportChain } from "../../report/schema.ts";
import { element, short } from "./elements.ts";
import { colour, currentView, onView } from "./plots.ts";
import { whenPlaced } from "./whenPlaced.ts";

const HEIGHT = 240;
const LEFT = 62;
const BOTTOM = 34;
const LABELS = 6;

/** How response times spread over the run: the stronger its colour, the more responses took so long then. */
export function heatMap({ heat, intervals }: Chain, name: string): HTMLElement {
  const title = `Response time over the run, ${name}`;
  const canvas = element("canvas", {
    role: "img",
    "aria-label": `${title}. Its percentiles are in the plot beside it.`,
  });
  const hint = element("p", { class: "soft" }, "ms by seconds; the stronger the colour, the more responses");
  const figure = element("figure", {}, element("figcaption", {}, title), canvas, hint);
  const draw = (): void => drawHeat(canvas, heat, intervals);
  whenPlaced(draw);
  onView(draw);
  new ResizeObserver(draw).observe(figure);
  return figure;
}

type Chain = Pick<ReportChain, "heat" | "intervals">;

/** Where seconds lie on the map. */
interface Axis {
  from: number;
  to: number;
  place(seconds: number): number;
}

function drawHeat(canvas: HTMLCanvasElement, heat: ReportChain["heat"], intervals: ReportChain["intervals"]): void {
  const width = canvas.parentElement ? canvas.parentElement.clientWidth - 24 : 0;
  const context = canvas.getContext("2d");
  if (!context || width <= LEFT || heat.edgesMs.length < 2) return;
  const ratio = window.devicePixelRatio || 1;
  canvas.width = width * ratio;
  canvas.height = HEIGHT * ratio;
  canvas.style.width = `${width}px`;
  canvas.style.height = `${HEIGHT}px`;
  context.scale(ratio, ratio);
  const from = currentView()?.from ?? (intervals[0]?.fromMs ?? 0) / 1_000;
  const to = currentView()?.to ?? (intervals.at(-1)?.toMs ?? 1_000) / 1_000;
  const place = (seconds: number): number => LEFT + ((seconds - from) / (to - from)) * (width - LEFT);
  context.save();
  context.beginPath();
  context.rect(LEFT, 0, width - LEFT, HEIGHT - BOTTOM);
  context.clip();
  drawCells(context, { heat, intervals }, { from, to, place });
  context.restore();
  drawLabels(context, heat, { from, to, place });
}

function drawCells(context: CanvasRenderingContext2D, { heat, intervals }: Chain, { place }: Axis): void {
  const high = (HEIGHT - BOTTOM) / (heat.edgesMs.length - 1);
  const most = Math.log1p(Math.max(1, ...heat.counts.flat()));
  context.fillStyle = colour("c0");
  for (const [column, { fromMs, toMs }] of intervals.entries()) {
    const [left, right] = [place(fromMs / 1_000), place(toMs / 1_000)];
    for (const [row, count] of (heat.counts[column] ?? []).entries()) {
      if (count === 0) continue;
      context.globalAlpha = 0.08 + (0.92 * Math.log1p(count)) / most;
      context.fillRect(left, HEIGHT - BOTTOM - (row + 1) * high, Math.max(1, right - left), Math.ceil(high));
    }
  }
}

function drawLabels(context: CanvasRenderingContext2D, { edgesMs }: ReportChain["heat"], axis: Axis): void {
  const rows = edgesMs.length - 1;
  const high = (HEIGHT - BOTTOM) / rows;
  context.fillStyle = colour("soft");
  context.font = "12px system-ui, sans-serif";
  context.textAlign = "right";
  context.textBaseline = "middle";
  const each = Math.max(1, Math.round(rows / LABELS));
  for (let row = 0; row <= rows; row += each) {
    context.fillText(short.format(edgesMs[row] ?? 0), LEFT - 6, Math.max(7, HEIGHT - BOTTOM - row * high));
  }
  context.textBaseline = "top";
  context.textAlign = "center";
  const step = roundStep((axis.to - axis.from) / LABELS);
  for (let seconds = Math.ceil(axis.from / step) * step; seconds <= axis.to; seconds += step) {
    const place = Math.min(axis.place(axis.to) - 10, Math.max(LEFT + 4, axis.place(seconds)));
    context.fillText(short.format(seconds), place, HEIGHT - BOTTOM + 6);
  }
}

/** 1, 2 or 5 times a power of ten, at least as much as asked. */
function roundStep(least: number): number {
  const power = 10 ** Math.floor(Math.log10(least));
  return power * ([1, 2, 5].find((each) => each * power >= least) ?? 10);
}
