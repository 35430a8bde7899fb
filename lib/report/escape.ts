/*
 * One escape function per medium that text from plans, servers and stores goes into; the terminal's is
 * lib/plan/terminal.ts.
 */

/** Escapes text for HTML, for element content or a quoted attribute. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

/** Escapes text for XML: escapes markup characters, and removes characters that XML does not allow. */
export function escapeXml(text: string): string {
  return text
    .replace(/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, "")
    .replace(/[&<>"'\n]/g, (character) => `&#${character.charCodeAt(0)};`);
}

/** A CSV field (RFC 4180): quoted if necessary, and never parsed as a formula by a spreadsheet. */
export function csvField(value: string | number | null): string {
  if (value === null) return "";
  if (typeof value === "number") return String(value);
  const text = /^\s*[=+\-@]|^[\t\r]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** Escapes text for Markdown, inside or outside a table cell: no markup, no mentions, one line. */
export function escapeMarkdown(text: string): string {
  return text
    .replace(/[&@]/g, (character) => `&#${character.charCodeAt(0)};`)
    .replace(/[\\`*_[\]<>|~]/g, "\\$&")
    .replace(/\s+/g, " ");
}
