import { readFileSync } from "node:fs";
import { Instrumenter } from "@stryker-mutator/instrumenter";

/** A change to a source that a test should see. */
export interface Mutant {
  /** Its number among the file's mutants, as the instrumented source knows it. */
  id: string;
  /** Stryker's name of the kind of change. */
  kind: string;
  /** From 1. */
  line: number;
  column: number;
  /** What stands in the source, and what replaces it; long texts are cut. */
  original: string;
  replacement: string;
}

/** A source in which each mutant can be switched on while it runs, and the mutants. */
export interface Instrumented {
  source: string;
  mutants: Mutant[];
}

const silent = () => {};
const LOGGER = {
  ...{ isTraceEnabled: () => false, isDebugEnabled: () => false, isInfoEnabled: () => false },
  ...{ isWarnEnabled: () => false, isErrorEnabled: () => false, isFatalEnabled: () => false },
  ...{ trace: silent, debug: silent, info: silent, warn: silent, error: silent, fatal: silent },
};

/** Makes the mutants of a TypeScript file by Stryker's instrumenter. */
export async function instrument(file: string): Promise<Instrumented> {
  const content = readFileSync(file, "utf8");
  const lines = content.split("\n");
  const { files, mutants } = await new Instrumenter(LOGGER).instrument([{ name: file, content, mutate: true }], {
    plugins: null,
    excludedMutations: [],
    ignorers: [],
    noHeader: false,
  });
  return {
    source: files[0]?.content ?? content,
    mutants: mutants.map(({ id, mutatorName, location: { start, end }, replacement }) => ({
      id,
      kind: mutatorName,
      line: start.line + 1,
      column: start.column + 1,
      original: shortened(textBetween(lines, start, end)),
      replacement: shortened(replacement),
    })),
  };
}

interface Place {
  line: number;
  column: number;
}

/** The text from one place to another, both counted from 0. */
function textBetween(lines: readonly string[], start: Place, end: Place): string {
  const within = lines.slice(start.line, end.line + 1);
  within[within.length - 1] = (within.at(-1) ?? "").slice(0, end.column);
  within[0] = (within[0] ?? "").slice(start.column);
  return within.join("\n");
}

function shortened(text: string): string {
  const line = text.replace(/\s+/g, " ");
  return line.length > 70 ? `${line.slice(0, 67)}...` : line;
}
