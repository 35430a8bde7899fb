import { closeSync, openSync, readSync } from "node:fs";

/** Maximum bytes read: the values needed come earlier in each of these files. */
const MAX_BYTES = 16 * 1024;

/**
 * A /proc file that is opened once and read repeatedly: it stays readable when the process has no file descriptors
 * left. Reads as empty if it cannot be opened.
 */
export class ProcFile {
  #file: number | undefined;
  readonly #buffer = Buffer.allocUnsafeSlow(MAX_BYTES);

  constructor(path: string) {
    this.#file = opened(path);
  }

  /** Its current text; empty if it cannot be read. */
  read(): string {
    if (this.#file === undefined) return "";
    try {
      return this.#buffer.toString("latin1", 0, readSync(this.#file, this.#buffer, 0, MAX_BYTES, 0));
    } catch {
      return "";
    }
  }

  close(): void {
    if (this.#file !== undefined) closeSync(this.#file);
    this.#file = undefined;
  }
}

function opened(path: string): number | undefined {
  try {
    return openSync(path, "r");
  } catch {
    return undefined;
  }
}
