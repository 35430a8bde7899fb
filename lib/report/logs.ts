import type { LogLooks } from "../observe/logTail.ts";
import type { Report } from "./schema.ts";

/** Maximum number of lines of one log in a report: the first ones, where the trouble began. */
const MAX_LINES = 100;

/** What the gateway's logs said during the run, by log. */
export function logsOf(looks: readonly LogLooks[]): Report["logs"] {
  return sourcesOf(looks).map((source, index) => {
    const own = looks.flatMap(({ logs }) => logs[index] ?? []);
    return {
      source,
      read: own.reduce((sum, { read }) => sum + read, 0),
      matched: own.reduce((sum, { matched }) => sum + matched, 0),
      skipped: own.reduce((sum, { skipped = 0 }) => sum + skipped, 0),
      failed: [...new Set(own.flatMap(({ failed }) => failed ?? []))],
      lines: own.flatMap(({ lines }) => lines).slice(0, MAX_LINES),
    };
  });
}

/** The number of matching lines as series next to the gateway's metrics; a failed poll is a gap. */
export function logSeries(looks: readonly LogLooks[]): Report["metrics"] {
  return sourcesOf(looks).map((source, index) => ({
    name: `log lines that match: ${source}`,
    unit: "per second",
    points: looks.slice(1).map(({ atMs, logs }, before): [number, number | null] => {
      const seconds = (atMs - (looks[before]?.atMs ?? 0)) / 1_000;
      const look = logs[index];
      const isGap = look === undefined || look.failed !== undefined || seconds <= 0;
      return [atMs / 1_000, isGap ? null : Number((look.matched / seconds).toPrecision(4))];
    }),
  }));
}

function sourcesOf(looks: readonly LogLooks[]): string[] {
  return looks[0]?.logs.map(({ source }) => source) ?? [];
}
