import { stripVTControlCharacters } from "node:util";

/**
 * Makes text from plans, servers and stores safe for one line of a terminal. Control sequences are removed and line
 * breaks become blanks; other control characters, and those that change the writing direction, become question marks.
 */
export function cleanText(text: string): string {
  return (
    stripVTControlCharacters(text)
      .replace(/[\t\n\r\u2028\u2029]+/g, " ")
      // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is taken out
      .replace(/[\u0000-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, "?")
  );
}

/** The same for a text of several lines, which keeps its line breaks. */
export function cleanLines(text: string): string {
  return text.split("\n").map(cleanText).join("\n");
}
