import { closeSync, openSync, readSync } from "node:fs";

/** Most bytes that are read: what is asked for stands further up in each of these files. */
const MAX_BYTES = 16 * 1024;

/**
 * A file of /proc that is opened once and read again and again: a process that has no file left can still read it. Where
 * it cannot be opened it reads as empty.
 */
export class ProcFile {
  #file: number | undefined;
  readonly #buffer = Buffer.allocUnsafeSlow(MAX_BYTES);

  constructor(path: string) {
    this.#file = opened(path);
  }

  /** What it says now; empty where it cannot be read. */
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
