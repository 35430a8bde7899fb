import Table from "cli-table3";
import { cleanText } from "../plan/terminal.ts";

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
