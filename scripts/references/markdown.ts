/** A Markdown table. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |\n`;
  return `${line(head)}|${"---|".repeat(head.length)}\n${rows.map((row) => line(row.map(cell))).join("")}`;
}

/** Formats text as code in Markdown. */
export function code(text: string): string {
  return `\`${text}\``;
}

/** A bar would end the cell, even in code. */
function cell(text: string): string {
  return text.replaceAll("|", "\\|").replaceAll("\n", " ");
}
