/** What Node's JSON has but TypeScript's declarations still lack (ECMAScript's "JSON.parse source text access"). */
interface SourceTextJson {
  parse(text: string, reviver: (key: string, value: unknown, context: { source?: string }) => unknown): unknown;
  rawJSON(text: string): object;
  isRawJSON(value: unknown): boolean;
}

const SOURCE_TEXT_JSON = JSON as unknown as SourceTextJson;

/**
 * Parses JSON without losing a digit: each number becomes an object that `JSON.stringify` writes as it was written.
 * Numbers above 2^53 are ids and wei that must arrive as they are in the plan. Throws a SyntaxError if the text is not
 * JSON.
 */
export function parseExactJson(text: string): unknown {
  return SOURCE_TEXT_JSON.parse(text, (_, value, { source }) =>
    typeof value === "number" && source !== undefined ? SOURCE_TEXT_JSON.rawJSON(source) : value,
  );
}

/** Whether a value is one of the numbers that `parseExactJson` returns. */
export function isExactNumber(value: unknown): boolean {
  return SOURCE_TEXT_JSON.isRawJSON(value);
}

/** A number that `JSON.stringify` writes as this text. Throws a SyntaxError if the text is not a JSON number. */
export function exactNumber(text: string): object {
  return SOURCE_TEXT_JSON.rawJSON(text);
}
