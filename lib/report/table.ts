import Table from "cli-table3";
import stringWidth from "string-width";
import wrapAnsi from "wrap-ansi";
import { cleanText } from "../plan/terminal.ts";

/** Columns separated by two spaces, with a line under the header. */
const PLAIN = {
  top: "",
  "top-mid": "",
  "top-left": "",
  "top-right": "",
  bottom: "",
  "bottom-mid": "",
  "bottom-left": "",
  "bottom-right": "",
  left: "",
  "left-mid": "",
  mid: "─",
  "mid-mid": "──",
  right: "",
  "right-mid": "",
  middle: "  ",
};

/** The width of a report written to a file, or when the terminal's width is unknown. */
export const TEXT_COLUMNS = 120;

/** Spaces between two columns. */
const GAP = 2;

/** A text column, such as a message, shrinks to this width before any column is dropped. */
const TEXT_WIDTH = 24;

/** The minimum width of a column. */
const MIN_WIDTH = 6;

/** A table's column: its title, and whether it may be dropped. */
export interface Column {
  title: string;
  /** If the table is too wide, columns with the highest number are dropped first; columns without a number stay. */
  drop?: number;
}

interface Fitted {
  /** The indexes of the visible columns, with their widths. */
  places: number[];
  widths: number[];
}

/**
 * A table for terminals and text files. The first column and long texts are left-aligned, the others right-aligned. If
 * it is wider than `width`, titles and long texts wrap first, then columns are dropped, then every cell wraps.
 */
export function renderTable(
  head: readonly (string | Column)[],
  rows: readonly (readonly string[])[],
  width = Number.POSITIVE_INFINITY,
): string {
  const columns = head.map((each) => (typeof each === "string" ? { title: each } : each));
  const cells = rows.map((row) => row.map(cleanText));
  const { places, widths } = fit(columns, cells, width);
  const wrapped = (row: readonly string[]): string[] =>
    places.map((place, index) => wrapAnsi(row[place] ?? "", widths[index] ?? 1, { hard: true }));
  const grid = new Table({
    head: wrapped(columns.map(({ title }) => title)),
    colAligns: places.map((place) => (place === 0 || isText(cells, place) ? "left" : "right")),
    style: { head: [], border: [], compact: true, "padding-left": 0, "padding-right": 0 },
    chars: PLAIN,
  });
  grid.push(...cells.map(wrapped));
  return grid
    .toString()
    .split("\n")
    .map((line) => line.trimEnd())
    .join("\n");
}

/** Whether a column holds sentences, which are left-aligned. */
function isText(rows: readonly string[][], place: number): boolean {
  return rows.some((row) => stringWidth(row[place] ?? "") > TEXT_WIDTH);
}

/** Which columns fit into a width, and how wide each is. */
function fit(columns: readonly Column[], rows: readonly string[][], width: number): Fitted {
  const body = columns.map((_, place) => Math.max(1, ...rows.map((row) => stringWidth(row[place] ?? ""))));
  const natural = columns.map(({ title }, place) => Math.max(body[place] ?? 1, stringWidth(title)));
  const narrow = columns.map(({ title }, place) => {
    const word = Math.max(...title.split(" ").map((each) => stringWidth(each)));
    const own = body[place] ?? 1;
    return Math.max(word, Math.min(own, TEXT_WIDTH));
  });
  const all = columns.map((_, place) => place);
  const sum = (places: readonly number[], of: readonly number[]): number =>
    places.reduce((total, place) => total + (of[place] ?? 0), GAP * (places.length - 1));
  if (sum(all, natural) <= width) return { places: all, widths: natural };

  let places = all;
  const dropped = all
    .filter((place) => columns[place]?.drop !== undefined)
    .sort((a, b) => (columns[b]?.drop ?? 0) - (columns[a]?.drop ?? 0));
  for (const place of dropped) {
    if (sum(places, narrow) <= width) break;
    places = places.filter((each) => each !== place);
  }
  return { places, widths: spread(places, natural, narrow, width) };
}

/** Widths of the remaining columns, as close to their natural widths as the total allows. */
function spread(places: readonly number[], natural: readonly number[], narrow: readonly number[], width: number) {
  const widths = places.map((place) => natural[place] ?? 1);
  const least = places.map((place) => narrow[place] ?? 1);
  let over = widths.reduce((total, each) => total + each, GAP * (places.length - 1)) - width;
  // The widest column shrinks first, as long as its words fit; if that is not enough, words break.
  for (const floor of [least, least.map(() => MIN_WIDTH)]) {
    while (over > 0) {
      const spare = widths.map((each, index) => (each > (floor[index] ?? 1) ? each : 0));
      const widest = spare.indexOf(Math.max(...spare));
      if ((spare[widest] ?? 0) === 0) break;
      widths[widest] = (widths[widest] ?? 1) - 1;
      over--;
    }
  }
  return widths;
}

/** Wraps text to a width: words wrap, longer ones break, and each line after the first starts with `indent`. */
export function wrapText(text: string, width: number, indent = "  "): string {
  if (!Number.isFinite(width)) return text;
  return text
    .split("\n")
    .map((line) => {
      const before = /^ */.exec(line)?.[0] ?? "";
      const hanging = before + indent;
      const room = Math.max(1, width - stringWidth(hanging));
      const [first = "", ...rest] = wrapAnsi(line.slice(before.length), room, { hard: true }).split("\n");
      return [before + first, ...rest.map((each) => hanging + each)].join("\n");
    })
    .join("\n");
}
