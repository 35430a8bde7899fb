import { csvField, escapeMarkdown } from "../../report/escape.ts";
import { type Cell, element } from "./elements.ts";

/** What a table's tools work on: its titles, and the lines that are shown, in their order. */
export interface Shown {
  caption: string;
  titles: readonly string[];
  lines(): (readonly Cell[])[];
}

/** Tables with at least as many rows can be searched. */
const ROWS_WORTH_A_SEARCH = 8;

/** Buttons that copy a table, and a field that searches it. */
export function tableTools(shown: Shown, rows: number, search: (text: string) => void): HTMLElement {
  const tools = element("div", { class: "tools", role: "group", "aria-label": `Tools of the table: ${shown.caption}` });
  if (rows >= ROWS_WORTH_A_SEARCH) {
    const field = element("input", {
      type: "search",
      placeholder: "Search",
      "aria-label": `Search in: ${shown.caption}`,
    });
    field.addEventListener("input", () => search(field.value));
    tools.append(field);
  }
  for (const [name, render] of [
    ["Markdown", markdownOf],
    ["CSV", csvOf],
  ] as const) {
    const button = element("button", { type: "button" }, `Copy as ${name}`);
    button.addEventListener("click", async () => {
      const isDone = await copy(render(shown));
      button.textContent = isDone ? "Copied" : "Not copied";
      setTimeout(() => {
        button.textContent = `Copy as ${name}`;
      }, 1_500);
    });
    tools.append(button);
  }
  return tools;
}

function markdownOf({ titles, lines }: Shown): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  const texts = lines().map((cells) => line(cells.map(({ text }) => escapeMarkdown(text))));
  return `${[line(titles.map(escapeMarkdown)), line(titles.map((_, place) => (place === 0 ? "---" : "---:"))), ...texts].join("\n")}\n`;
}

/** Lines as CSV, figures as the report has them. */
function csvOf({ titles, lines }: Shown): string {
  // A figure that was not measured is none.
  const plain = ({ text, value }: Cell): string | number | null => (text === "–" ? null : value);
  const texts = lines().map((cells) => cells.map((cell) => csvField(plain(cell))).join(","));
  return `${[titles.map(csvField).join(","), ...texts].join("\r\n")}\r\n`;
}

/** Copies text, also from a page that was opened as a file. */
async function copy(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const place = element("textarea", { "aria-hidden": "true" });
    place.value = text;
    document.body.append(place);
    place.select();
    const isDone = document.execCommand("copy");
    place.remove();
    return isDone;
  }
}
