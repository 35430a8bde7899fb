import { visible } from "../plan/visible.ts";

/*
 * One escape function per medium that text from plans, servers and stores goes into; the terminal's is
 * lib/plan/terminal.ts.
 */

/** Escapes text for HTML, for element content or a quoted attribute. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

/** Escapes text for XML: escapes markup characters, and replaces characters that XML or a terminal does not take. */
export function escapeXml(text: string): string {
  return text
    .split("\n")
    .map(visible)
    .join("\n")
    .replace(/[\ufffe\uffff]/g, "?")
    .replace(/[&<>"'\n]/g, (character) => `&#${character.charCodeAt(0)};`);
}

/** A CSV field (RFC 4180) of one line: quoted if necessary, and never parsed as a formula by a spreadsheet. */
export function csvField(value: string | number | null): string {
  if (value === null) return "";
  if (typeof value === "number") return String(value);
  const clean = visible(value);
  // Some spreadsheets take the wide forms of these signs for the same.
  const text = /^\s*[=+\-@＝＋－＠]/.test(clean) ? `'${clean}` : clean;
  return /[",]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** Escapes text for Markdown, inside or outside a table cell: no markup, no mentions, one line. */
export function escapeMarkdown(text: string): string {
  return visible(text)
    .replace(/[&@]/g, (character) => `&#${character.charCodeAt(0)};`)
    .replace(/[\\`*_[\]<>|~]/g, "\\$&")
    .replace(/\s+/g, " ");
}
