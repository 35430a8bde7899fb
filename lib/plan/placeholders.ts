/** A place in a target's text that is filled in for each request. */
export type Placeholder =
  /** A number that no other request of the chain has; the response must carry it as its id. */
  | { kind: "id" }
  | { kind: "address" }
  | { kind: "hex"; digits: number }
  | { kind: "integer"; from: number; to: number }
  /** A block number in hexadecimal, in this range relative to the newest block. */
  | { kind: "block"; from: number; to: number }
  /** A field of a row of the chain's data file. */
  | { kind: "data"; field: string }
  /** The latest value of one of the chain's lookups. */
  | { kind: "lookup"; name: string };

/** A text split at its placeholders. */
export interface Template {
  pieces: (string | Placeholder)[];
  /** Invalid placeholders, as written in the text. */
  unknown: string[];
}

/** The available placeholders, for messages. */
export const PLACEHOLDERS =
  "{{id}}, {{randomAddress}}, {{randomHex 64}}, {{randomInt 1..9}}, {{blockNumber -100..0}}, {{data.field}} or {{lookup.name}}; {{{{ for two braces as they stand";

/** Splits a text at its `{{placeholders}}`. `{{{{` is a literal `{{`. */
export function parseTemplate(text: string): Template {
  const pieces: Template["pieces"] = [];
  const unknown: string[] = [];
  let literal = "";
  let end = 0;
  for (const match of text.matchAll(/\{\{\{\{|\{\{([^{}]*)\}\}/g)) {
    literal += text.slice(end, match.index);
    end = match.index + match[0].length;
    const placeholder = match[1] === undefined ? undefined : parsePlaceholder(match[1].trim());
    if (match[1] === undefined) literal += "{{";
    else if (placeholder) {
      pieces.push(literal, placeholder);
      literal = "";
    } else {
      unknown.push(match[0]);
      literal += match[0];
    }
  }
  pieces.push(literal + text.slice(end));
  return { pieces: pieces.filter((piece) => piece !== ""), unknown };
}

function parsePlaceholder(text: string): Placeholder | undefined {
  if (text === "id") return { kind: "id" };
  if (text === "randomAddress") return { kind: "address" };
  const [, digits] = /^randomHex (\d{1,4})$/.exec(text) ?? [];
  if (digits !== undefined && Number(digits) > 0) return { kind: "hex", digits: Number(digits) };
  const [, integerFrom, integerTo] = /^randomInt (-?\d{1,15})\.\.(-?\d{1,15})$/.exec(text) ?? [];
  if (integerFrom !== undefined) return range("integer", integerFrom, integerTo);
  const [, blockFrom = "0", blockTo = blockFrom] = /^blockNumber(?: (-?\d{1,9})\.\.(-?\d{1,9}))?$/.exec(text) ?? [
    "",
    "",
  ];
  if (/^blockNumber\b/.test(text) && blockFrom !== "") return range("block", blockFrom, blockTo);
  if (text === "blockNumber") return { kind: "block", from: 0, to: 0 };
  const [, lookup] = /^lookup\.([A-Za-z_][\w-]*)$/.exec(text) ?? [];
  if (lookup !== undefined) return { kind: "lookup", name: lookup };
  const [, field] = /^data\.([A-Za-z_][\w-]*)$/.exec(text) ?? [];
  return field === undefined ? undefined : { kind: "data", field };
}

function range(kind: "integer" | "block", from: string, to = from): Placeholder | undefined {
  return Number(from) <= Number(to) ? { kind, from: Number(from), to: Number(to) } : undefined;
}

/**
 * References to secrets in a header's value, or in a URL's path or query: `env://NAME`, or in AWS `secret://name` and
 * `ssm://name`, whose names may contain slashes.
 */
export const SECRET_REFERENCE = /\benv:\/\/[A-Za-z_]\w*|\b(?:secret|ssm):\/\/[\w/.@+=-]+/g;

/** A value that is a reference to a secret and nothing else. */
export const SECRET_VALUE = /^(env|secret|ssm):\/\/\S+$/;
