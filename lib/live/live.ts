import { formatDuration } from "../plan/duration.ts";
import { percent } from "../render/textFigures.ts";
import { renderTable, wrapText } from "../report/table.ts";
import type { ChainProgress } from "./progress.ts";

/** A run's position in time, in ms from its start instant; negative before it. */
export interface LiveTime {
  nowMs: number;
  durationMs: number;
}

/** The live view of a run: a time bar and a line for each chain, redrawn in a terminal. */
export function renderLive(chains: readonly ChainProgress[], time: LiveTime, width: number, note = ""): string {
  const rows = chains.map((chain) => [
    chain.name,
    chain.sent.toLocaleString("en-US"),
    rate(chain.achievedRps),
    rate(chain.offeredRps),
    percent(chain.success),
    latency(chain.p50Ms),
    latency(chain.p99Ms),
    failures(chain),
  ]);
  const head = [
    "chain",
    { title: "sent", drop: 2 },
    "achieved/s",
    { title: "offered/s", drop: 3 },
    "success",
    { title: "p50 ms", drop: 1 },
    "p99 ms",
    "not relays",
  ];
  const clock = `${bar(time, Math.min(40, width - 40))} ${clockText(time)}`;
  return [renderTable(head, rows, width), "", wrapText(clock, width), wrapText(note, width)].join("\n").trimEnd();
}

/** The same in one line, for output that cannot be redrawn. */
export function renderLiveLine(chains: readonly ChainProgress[], time: LiveTime): string {
  const parts = chains.map(
    (chain) =>
      `${chain.name} ${rate(chain.achievedRps)}/${rate(chain.offeredRps)} rps, ${percent(chain.success)} ok, ` +
      `p50 ${latency(chain.p50Ms)} p99 ${latency(chain.p99Ms)} ms`,
  );
  return `${clockText(time)}: ${parts.join("; ")}`;
}

function clockText({ nowMs, durationMs }: LiveTime): string {
  if (nowMs < 0) return `starting in ${formatDuration(-nowMs)}`;
  if (nowMs >= durationMs) return "waiting for the last responses";
  const left = formatDuration(Math.ceil((durationMs - nowMs) / 1_000) * 1_000);
  return `${formatDuration(Math.floor(nowMs / 1_000) * 1_000)} of ${formatDuration(durationMs)}, ${left} left`;
}

function bar({ nowMs, durationMs }: LiveTime, width: number): string {
  const cells = Math.max(10, width);
  const full = Math.round(cells * Math.min(1, Math.max(0, nowMs / durationMs)));
  return `${"█".repeat(full)}${"░".repeat(cells - full)}`;
}

function failures({ invalid, errors, missed }: ChainProgress): string {
  const parts = [
    [invalid, "invalid"],
    [errors, "errors"],
    [missed, "missed"],
  ] as const;
  return (
    parts
      .filter(([count]) => count > 0)
      .map(([count, what]) => `${count} ${what}`)
      .join(", ") || "–"
  );
}

function rate(rps: number | null): string {
  return rps === null ? "–" : Math.round(rps).toLocaleString("en-US");
}

function latency(ms: number | null): string {
  return ms === null ? "–" : ms.toFixed(1);
}
