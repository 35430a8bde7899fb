import { faultOf } from "../answers/classes.ts";
import { cleanText } from "../plan/terminal.ts";
import type { Report } from "../report/schema.ts";
import { renderTable } from "../report/table.ts";
import { number, percent } from "./textFigures.ts";

export function failureTable({ chains }: Report, width: number): string {
  const rows = chains.flatMap((chain) =>
    (["missed", "errors", "invalid", "answers"] as const).flatMap((kind) =>
      Object.entries(chain[kind] ?? {}).map(([name, count]) => [
        chain.name,
        { missed: "missed", errors: "error", invalid: "invalid", answers: "relay" }[kind],
        name,
        kind === "missed" ? "generator" : faultOf(name),
        number(count),
        percent(count / chain.ledger.scheduled),
      ]),
    ),
  );
  const head = ["chain", "what", "class", { title: "whose", drop: 1 }, "count", "of scheduled"];
  return rows.length === 0 ? "" : renderTable(head, rows, width);
}

/** Samples beyond this number are only in the HTML report. */
const MAX_SAMPLES = 12;

/** Maximum length of a sample in a line of the terminal. */
const SAMPLE_WIDTH = 90;

export function sampleTable({ chains }: Report, width: number): string {
  const rows = chains.flatMap(({ name, samples = [] }) =>
    samples.map(({ class: of, status, code, message, begins }) => {
      const text = cleanText(message ?? begins);
      const shown = text.length > SAMPLE_WIDTH ? `${text.slice(0, SAMPLE_WIDTH)}…` : text;
      return [name, of, String(status), code === undefined ? "" : String(code), shown];
    }),
  );
  if (rows.length === 0) return "";
  const shown = renderTable(["chain", "class", "HTTP", "code", "one of them"], rows.slice(0, MAX_SAMPLES), width);
  return rows.length > MAX_SAMPLES ? `${shown}\nand ${rows.length - MAX_SAMPLES} more` : shown;
}

/** Lines shown per log in a terminal. */
const SHOWN_LINES = 5;

export function logText({ source, read, matched, skipped, failed, lines }: Report["logs"][number]): string {
  const shown = lines
    .slice(0, SHOWN_LINES)
    .map(({ atMs, text }) => `  ${(atMs / 1_000).toFixed(1)} s  ${cleanText(text)}`);
  const more = matched > shown.length ? [`  and ${number(matched - shown.length)} more`] : [];
  const unread = skipped > 0 ? [`  at least ${number(skipped)} more lines were not looked at`] : [];
  const gaps = failed.map((why) => `  could not be read at times: ${cleanText(why)}`);
  const head = `log ${cleanText(source)}: ${number(matched)} of ${number(read)} new lines match`;
  return [head, ...shown, ...more, ...unread, ...gaps].join("\n");
}
