import { stripVTControlCharacters } from "node:util";

/**
 * Text from plans, servers and stores as it may stand in a line of a terminal: without control sequences, line breaks as
 * blanks, and other control characters, and those that turn the direction of writing, as question marks.
 */
export function cleanText(text: string): string {
  return (
    stripVTControlCharacters(text)
      .replace(/[\t\n\r\u2028\u2029]+/g, " ")
      // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is taken out
      .replace(/[\u0000-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, "?")
  );
}

/** The same for a text of several lines, whose line breaks stay. */
export function cleanLines(text: string): string {
  return text.split("\n").map(cleanText).join("\n");
}
