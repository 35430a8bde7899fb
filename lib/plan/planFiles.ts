import { isUtf8 } from "node:buffer";
import { readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { type Parsed, type Problem, show } from "./problems.ts";

/** A text file that a plan names. */
export interface TextFile {
  text: string;
  /** Its name in problems. */
  shownAs: string;
  /** The folder that contains it; names inside it are relative to this folder. */
  folder: string;
}

/** Reads the files that a plan names, and collects what is wrong with them. */
export class PlanFiles {
  readonly problems: Problem[] = [];
  readonly #folder: string | undefined;

  /** Names are relative to `folder`. Without one, every file is refused: it might not belong to the plan. */
  constructor(folder: string | undefined) {
    this.#folder = folder;
  }

  /** A file's parsed content; undefined if it cannot be read. `where` is the place in the plan that names it. */
  read<T>(name: string, where: string, parse: (file: TextFile) => Parsed<T>): T | undefined {
    if (this.#folder === undefined) {
      const expected =
        "targets and data in the plan itself: only `volley run PLAN --stack NAME` reads files, and sends what they hold";
      this.problems.push({ where, found: `the file ${show(name)}`, expected });
      return undefined;
    }
    const path = resolve(this.#folder, name);
    const shownAs = relative(process.cwd(), path).startsWith("..") ? path : join(this.#folder, name);
    const bytes = readBytes(path);
    if (typeof bytes === "string") {
      const found = bytes === "ENOENT" ? `no file ${shownAs}` : `${shownAs}, which cannot be read (${bytes})`;
      this.problems.push({ where, found, expected: "a file, relative to the plan" });
      return undefined;
    }
    const text = textOf(bytes, shownAs);
    if (typeof text !== "string") {
      this.problems.push(text);
      return undefined;
    }
    const { value, problems } = parse({ text, shownAs, folder: dirname(path) });
    for (const problem of problems) this.problems.push(problem);
    return value;
  }
}

/** A file's bytes, by its path or descriptor, or the code of the error. */
export function readBytes(path: string | number): Buffer | string {
  try {
    return readFileSync(path);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? (error as Error).name;
  }
}

/** Bytes as text without a byte order mark, or what is wrong with them. */
export function textOf(bytes: Buffer, shownAs: string): string | Problem {
  if (isUtf8(bytes)) return bytes.toString("utf8").replace(/^\uFEFF/, "");
  const lines = bytes.toString("latin1").split("\n");
  const line = lines.findIndex((each) => !isUtf8(Buffer.from(each, "latin1"))) + 1;
  return {
    where: `${shownAs}:${line}`,
    found: "bytes that are not UTF-8",
    expected: "text in UTF-8; put a body of other bytes into a separate file, after @, or into base64",
  };
}
