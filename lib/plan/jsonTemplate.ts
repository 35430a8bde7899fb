import type { Placeholder } from "./placeholders.ts";

/** The place of a placeholder in a JSON body. */
export interface JsonPlace {
  /** Whether it is within a string, so that its value is escaped for one. */
  inString: boolean;
  /** Which call of a batch, counted from 0; 0 if the body is not a list. */
  part: number;
  /** The field of the call whose value it is in, such as "params"; undefined if it is in no field's value. */
  field: string | undefined;
  /** Whether it is a bare value by itself, with nothing before or after it that belongs to it. */
  alone: boolean;
}

/** A JSON body with its placeholders, and the place of each. */
export interface JsonTemplate {
  pieces: (string | Placeholder)[];
  places: JsonPlace[];
  /** Elements of the outermost list; 1 if the body is an object. */
  parts: number;
}

/**
 * Finds each placeholder's place in a body that is a JSON object or list once its placeholders are filled in; undefined
 * for any other body. A call's `"id": "{{id}}"` loses the quotes, so that the id is a number; all other text stays.
 */
export function jsonTemplate(pieces: readonly (string | Placeholder)[]): JsonTemplate | undefined {
  const [first] = pieces;
  if (typeof first !== "string" || !/^\s*[{[]/.test(first)) return undefined;
  const text = pieces.map((piece) => (typeof piece === "string" ? piece : "0")).join("");
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  const scanner = new Scanner();
  const own = unquoted(pieces, value);
  const places = own.flatMap((piece, index): JsonPlace[] => {
    if (typeof piece !== "string") return [scanner.place(own[index - 1], own[index + 1])];
    scanner.read(piece);
    return [];
  });
  return { pieces: own.filter((piece) => piece !== ""), places, parts: scanner.parts };
}

/** Removes the quotes from each `"{{id}}"` that is the id of a call in the body; `value` is the parsed body. */
function unquoted(pieces: readonly (string | Placeholder)[], value: unknown): (string | Placeholder)[] {
  const scanner = new Scanner();
  const own = [...pieces];
  for (const [index, piece] of pieces.entries()) {
    if (typeof piece === "string") {
      scanner.read(piece);
      continue;
    }
    const before = pieces[index - 1];
    const after = pieces[index + 1];
    if (piece.kind !== "id" || typeof before !== "string" || typeof after !== "string") continue;
    if (!scanner.isAtId || !/^"\s*[,}]/.test(after)) continue;
    if (!isCall(Array.isArray(value) ? value[scanner.part] : value)) continue;
    own[index - 1] = String(own[index - 1]).slice(0, -1);
    own[index + 1] = after.slice(1);
  }
  return own;
}

function isCall(value: unknown): boolean {
  return typeof value === "object" && value !== null && typeof (value as { method?: unknown }).method === "string";
}

/** Scans JSON piece by piece, only for where strings, lists and a call's fields begin and end. */
class Scanner {
  #depth = 0;
  #inString = false;
  #isEscaped = false;
  /** The string that is being read or was read last. */
  #string = "";
  #isBatch = false;
  #part = 0;
  #elements = 0;
  #field: string | undefined;

  get parts(): number {
    return this.#isBatch ? this.#elements : 1;
  }

  /** Which element of the outermost list is being read. */
  get part(): number {
    return this.#part;
  }

  /** Whether the last character read was the opening quote of a call's id. */
  get isAtId(): boolean {
    const isAtStart = this.#inString && this.#string === "" && !this.#isEscaped;
    return isAtStart && this.#field === "id" && this.#depth === this.#callDepth;
  }

  get #callDepth(): number {
    return this.#isBatch ? 2 : 1;
  }

  place(before: string | Placeholder | undefined, after: string | Placeholder | undefined): JsonPlace {
    if (!this.#inString) this.#beginValue();
    const begins = typeof before === "string" && /[[,:]\s*$/.test(before);
    const alone = begins && typeof after === "string" && /^\s*[,\]}]/.test(after);
    // A string with a placeholder is not empty, and as a field's name it is not known.
    if (this.#inString) this.#string += "{{";
    return { inString: this.#inString, part: this.#part, field: this.#field, alone: alone && !this.#inString };
  }

  read(text: string): void {
    for (const character of text) {
      if (this.#inString) this.#readInString(character);
      else this.#readOutside(character);
    }
  }

  #readInString(character: string): void {
    if (this.#isEscaped) this.#isEscaped = false;
    else if (character === "\\") this.#isEscaped = true;
    else if (character === '"') {
      this.#inString = false;
      return;
    }
    this.#string += character;
  }

  #readOutside(character: string): void {
    switch (character) {
      case '"':
        this.#beginValue();
        this.#inString = true;
        this.#string = "";
        return;
      case "{":
      case "[":
        if (this.#depth === 0) this.#isBatch = character === "[";
        this.#beginValue();
        this.#depth++;
        return;
      case "}":
      case "]":
        this.#depth--;
        if (this.#depth < this.#callDepth) this.#field = undefined;
        return;
      case ",":
        if (this.#depth === this.#callDepth) this.#field = undefined;
        if (this.#depth === 1 && this.#isBatch) this.#part++;
        return;
      case ":":
        if (this.#depth === this.#callDepth) this.#field = this.#string;
        return;
      default:
        if (character > " ") this.#beginValue();
    }
  }

  #beginValue(): void {
    if (this.#depth === 1 && this.#isBatch) this.#elements = this.#part + 1;
  }
}
