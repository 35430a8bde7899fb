import { tableTools } from "./tableTools.ts";

/* Elements and tables. Text is written as text only: what a plan or a server named can never become markup. */

/** A cell: its text, what it sorts by, and whether it is something to look at. */
export interface Cell {
  text: string;
  value: number | string;
  bad?: boolean;
}

export interface Column<Row> {
  title: string;
  /** What the title means, where it is not plain. */
  hint?: string;
  cell(row: Row): Cell;
}

/** Makes an element with text or other elements in it. */
export function element<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Record<string, string> = {},
  ...children: (Node | string)[]
): HTMLElementTagNameMap[K] {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

export const whole = new Intl.NumberFormat("en");
export const short = new Intl.NumberFormat("en", { maximumSignificantDigits: 3 });

export function count(value: number, bad = false): Cell {
  return { text: whole.format(value), value, bad: bad && value > 0 };
}

export function rate(value: number): Cell {
  return { text: value >= 1_000 ? whole.format(Math.round(value)) : short.format(value), value };
}

export function ms(value: number | null | undefined): Cell {
  if (value === null || value === undefined) return { text: "–", value: -1 };
  return { text: value >= 1_000 ? whole.format(Math.round(value)) : short.format(value), value };
}

export function share(value: number | null): Cell {
  if (value === null) return { text: "–", value: -1 };
  // Rounded down, so that only what is whole says 100 %.
  return { text: `${Math.floor(value * 100_000) / 1_000} %`, value };
}

export function words(value: string, bad = false): Cell {
  return { text: value, value, bad };
}

/** Rows that a table shows at first: a thousand cost a second of a page's opening. */
const ROWS_AT_FIRST = 100;

/** A table that sorts by any of its columns; of many rows the first ones are shown, and the others when asked for. */
export function table<Row>(caption: string, columns: readonly Column<Row>[], rows: readonly Row[]): HTMLElement {
  const body = element("tbody");
  const cells = rows.map((row) => columns.map((column) => column.cell(row)));
  const order = cells.map((_, line) => line);
  let most = ROWS_AT_FIRST;
  let searched = "";
  const lines = (): (readonly Cell[])[] =>
    order.map((line) => cells[line] ?? []).filter((line) => isFound(line, searched));
  const show = (): void => body.replaceChildren(...lines().slice(0, most).map(tableRow));
  show();
  const heads = columns.map(({ title, hint }, index) => {
    const button = element("button", { type: "button", ...(hint !== undefined && { title: hint }) }, title);
    const isText = typeof cells[0]?.[index]?.value === "string";
    const head = element("th", { scope: "col", ...(isText && { class: "text" }) }, button);
    button.addEventListener("click", () => {
      const descending = head.getAttribute("aria-sort") === "ascending";
      for (const each of heads) each.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", descending ? "descending" : "ascending");
      order.sort((a, b) => a - b);
      order.sort((a, b) => compare(cells[a]?.[index]?.value, cells[b]?.[index]?.value) * (descending ? -1 : 1));
      show();
    });
    return head;
  });
  const head = element("thead", {}, element("tr", {}, ...heads));
  // Scrolls sideways on a narrow screen, also by keyboard.
  const attributes = { class: "wide", tabindex: "0", role: "region", "aria-label": caption };
  const place = element("div", attributes, element("table", {}, element("caption", {}, caption), head, body));
  const tools = tableTools({ caption, titles: columns.map(({ title }) => title), lines }, rows.length, (text) => {
    searched = text.toLowerCase();
    show();
  });
  const whole = element("div", { class: "table" }, place, tools);
  if (rows.length > most) {
    const more = element("button", { type: "button" }, `Show all ${new Intl.NumberFormat("en").format(rows.length)}`);
    more.addEventListener("click", () => {
      most = rows.length;
      show();
      more.remove();
    });
    tools.prepend(more);
  }
  return whole;
}

function isFound(line: readonly Cell[], searched: string): boolean {
  return searched === "" || line.some(({ text }) => text.toLowerCase().includes(searched));
}

function tableRow(line: readonly Cell[]): HTMLElement {
  const row = element("tr");
  for (const [index, { text, value, bad }] of line.entries()) {
    const kind = [bad ? "bad" : "", typeof value === "string" ? "text" : ""].join(" ").trim();
    const attributes = { ...(index === 0 && { scope: "row" }), ...(kind !== "" && { class: kind }) };
    row.append(element(index === 0 ? "th" : "td", attributes, text));
  }
  return row;
}

export function compare(a: number | string = 0, b: number | string = 0): number {
  return typeof a === "number" && typeof b === "number" ? a - b : String(a).localeCompare(String(b));
}
