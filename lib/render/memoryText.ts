import { DEFAULT_SETTING, type Estimate } from "../plan/estimate.ts";
import { PRICES } from "../plan/prices.ts";
import { keepsTo, type MemorySize, sizeOf, type Wire, type WorkerMemory } from "../plan/workerMemory.ts";
import { renderTable, wrapText } from "../report/table.ts";
import { rateText, usdText } from "../report/units.ts";

const WIRES: Record<Wire, string> = {
  http: "over HTTP",
  tls: "over TLS",
  reconnecting: "with a new connection for each",
};

/** The memory that workers need in Lambda, and what each size that was measured costs and how accurate it is. */
export function renderMemory(memory: WorkerMemory, estimate: Estimate, width: number): string {
  const text = wrapText(`${loadText(memory)}. ${adviceOf(memory)}`, width);
  if (memory.sizes.length === 0) return text;
  const rows = memory.sizes.map((size) => [mbText(size.mb), lagText(size), usdText(usdAt(size.mb, estimate))]);
  return `${text}\n${renderTable(["memory, MB", "send lag p99", "run"], rows, width)}`;
}

/** The most that one worker sends, and over what. */
export function loadText({ rps, wire }: WorkerMemory): string {
  return `A worker sends up to ${rateText(rps)} requests/s ${WIRES[wire]}`;
}

/** A size's expected send lag. */
export function lagText({ lagP99Ms }: MemorySize): string {
  return lagP99Ms === null ? "not all sent" : `${lagP99Ms.toFixed(2)} ms`;
}

function adviceOf(memory: WorkerMemory): string {
  const { limitMs, neededMb, sizes } = memory;
  if (sizes.length === 0) return "Warning: no memory was measured at this rate. Lower perWorkerRps.";
  const limit = `A run is valid if the p99 of its send lag is at most ${limitMs} ms`;
  if (neededMb === null) return `Warning: ${lowerFirst(limit)}, for which no memory is enough. Lower perWorkerRps.`;
  const deployed = sizeOf(memory, DEFAULT_SETTING.workerMb);
  if (deployed && keepsTo(deployed, limitMs)) return `${limit}: ${mbText(neededMb)} MB is enough.`;
  return (
    `Warning: ${lowerFirst(limit)}, for which the default of ${mbText(DEFAULT_SETTING.workerMb)} MB is not enough. ` +
    `Deploy with -c workerMemoryMb=${neededMb}, or lower perWorkerRps.`
  );
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}

function mbText(mb: number): string {
  return mb.toLocaleString("en-US");
}

/** What a run costs with another size than the default. */
function usdAt(mb: number, { usd, workerGbSeconds }: Estimate): number {
  return usd + workerGbSeconds * (mb / DEFAULT_SETTING.workerMb - 1) * PRICES.lambdaGbSecond;
}
