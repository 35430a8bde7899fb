import { stripVTControlCharacters } from "node:util";
import Table from "cli-table3";

/** Columns with spaces between them and a line under the head. */
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
  "mid-mid": "─",
  right: "",
  "right-mid": "",
  middle: " ",
};

/** A table for terminals and text files: the first column to the left, the others to the right. */
export function renderTable(head: string[], rows: string[][]): string {
  const grid = new Table({
    head,
    colAligns: head.map((_, column) => (column === 0 ? "left" : "right")),
    style: { head: [], border: [], compact: true },
    chars: PLAIN,
  });
  grid.push(...rows.map((row) => row.map(cleanText)));
  return grid
    .toString()
    .split("\n")
    .map((line) => line.trimEnd())
    .join("\n");
}

/** Text from plans and servers, without what a terminal would obey. */
export function cleanText(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is taken out
  return stripVTControlCharacters(text).replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, "?");
}
