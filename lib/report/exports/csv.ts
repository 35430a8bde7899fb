import type { Report } from "../schema.ts";

/** The run second by second and chain by chain, as CSV (RFC 4180). */
export function renderCsv({ chains }: Report): string {
  const head = ["second", "chain", "scheduled", "sent", "missed", "valid", "invalid", "errors"];
  const rows = chains.flatMap(({ name, seconds }) =>
    seconds.map(({ second, scheduled, sent, missed, valid, invalid, errors }) => [
      second,
      name,
      scheduled,
      sent,
      missed,
      valid,
      invalid,
      errors,
    ]),
  );
  rows.sort(([a], [b]) => Number(a) - Number(b));
  return `${[head, ...rows].map((row) => row.map(field).join(",")).join("\r\n")}\r\n`;
}

/** A field: quoted where it must be, and never one that a spreadsheet would take for a formula. */
function field(value: string | number): string {
  if (typeof value === "number") return String(value);
  const text = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
