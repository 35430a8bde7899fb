import { stripVTControlCharacters } from "node:util";
import { visible } from "./visible.ts";

/**
 * Makes text from plans, servers and stores safe for one line of a terminal. Control sequences are removed and line
 * breaks become blanks; other characters that are not shown become question marks.
 */
export function cleanText(text: string): string {
  return visible(stripVTControlCharacters(text));
}

/** The same for a text of several lines, which keeps its line breaks. */
export function cleanLines(text: string): string {
  return text.split("\n").map(cleanText).join("\n");
}
