import type { Verdict } from "./jsonrpc.ts";

/** One response of a class: its beginning, without what may be secret. */
export interface Sample {
  /** The class that it counted as. */
  class: string;
  /** Its HTTP status. */
  status: number;
  /** The code of its JSON-RPC error. */
  code?: number;
  /** What the error says. */
  message?: string;
  /** How its body begins. */
  begins: string;
}

/** Most samples of a chain, and of one class: a class may have several codes. */
const MAX_SAMPLES = 64;
const MAX_OF_CLASS = 4;

/** How much of a text is shown, in characters, and how much of it is searched for secrets, in bytes. */
const SHOWN = 200;
const LOOKED_AT = 4_096;

/** The first response of each class and code, up to the limits above. */
export class Samples {
  readonly #kept = new Map<string, Sample>();

  /** Keeps a response if it is the first of its kind. */
  see({ name, error }: Verdict, status: number, body: Buffer, secrets: readonly string[]): void {
    if (!this.#wants(name, error?.code)) return;
    this.add({
      class: name,
      status,
      ...(error?.code !== undefined && { code: error.code }),
      ...(error?.message && { message: redact(error.message, secrets) }),
      begins: redact(body.toString("utf8", 0, LOOKED_AT), secrets, body.length > LOOKED_AT),
    });
  }

  /** Keeps a sample if it is the first of its kind. */
  add(sample: Sample): void {
    if (this.#wants(sample.class, sample.code)) this.#kept.set(keyOf(sample.class, sample.code), sample);
  }

  #wants(name: string, code: number | undefined): boolean {
    if (this.#kept.size >= MAX_SAMPLES || this.#kept.has(keyOf(name, code))) return false;
    let ofClass = 0;
    for (const each of this.#kept.values()) if (each.class === name) ofClass++;
    return ofClass < MAX_OF_CLASS;
  }

  get list(): Sample[] {
    return [...this.#kept.values()];
  }
}

function keyOf(name: string, code: number | undefined): string {
  return `${name} ${code ?? ""}`;
}

/**
 * The beginning of a text, without secrets and without whatever looks like a key or is named like one; control
 * characters become blanks. If the text continues after what is searched (`goesOn`), the cut may split a secret, so the
 * length of the longest secret is left out at the end.
 */
export function redact(text: string, secrets: readonly string[], goesOn = false): string {
  let shown = text;
  for (const secret of secrets) if (secret.length > 3) shown = shown.replaceAll(secret, "…");
  shown = shown
    .replaceAll(/[\p{C}\s]+/gu, " ")
    .replaceAll(/\b(0x[0-9a-f]{8})[0-9a-f]+/gi, "$1…")
    .replaceAll(/(?:bearer|basic) +[\w.~+/=-]+/gi, "…")
    .replaceAll(/\/\/[^/ @]+@/g, "//…@")
    .replaceAll(NAMED_SECRET, "$1…")
    .replaceAll(/[\w+=-]{16,}/g, (word) => (/\d/.test(word) ? `${word.slice(0, 4)}…` : word));
  if (goesOn) shown = shown.slice(0, -Math.max(20, ...secrets.map(({ length }) => length)));
  return shown.length > SHOWN ? `${shown.slice(0, SHOWN)}…` : shown.trim();
}

/** A name that marks what follows as secret, up to the end of its value. */
const NAMED_SECRET =
  /((?:api[-_ ]?key|app[-_ ]?key|project[-_ ]?id|access[-_ ]?key|token|secret|password|passwd|authorization|cookie)["']? ?[:=] ?["']?)[^\s"',&}]+/gi;
