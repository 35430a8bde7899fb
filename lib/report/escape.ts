/* One escape for each medium that text from plans, servers and stores goes into; a terminal's is lib/plan/terminal.ts. */

/** Text that cannot become markup, in an element or a quoted attribute. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

/** Text in XML: what stands for markup escaped, what XML does not allow left out. */
export function escapeXml(text: string): string {
  return text
    .replace(/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, "")
    .replace(/[&<>"'\n]/g, (character) => `&#${character.charCodeAt(0)};`);
}

/** A field of CSV (RFC 4180): quoted where it must be, and never one that a spreadsheet would take for a formula. */
export function csvField(value: string | number | null): string {
  if (value === null) return "";
  if (typeof value === "number") return String(value);
  const text = /^\s*[=+\-@]|^[\t\r]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** Text in Markdown, in a cell of a table or outside: no markup, no mention, one line. */
export function escapeMarkdown(text: string): string {
  return text
    .replace(/[&@]/g, (character) => `&#${character.charCodeAt(0)};`)
    .replace(/[\\`*_[\]<>|~]/g, "\\$&")
    .replace(/\s+/g, " ");
}
