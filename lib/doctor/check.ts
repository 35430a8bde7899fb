import { wrapText } from "../report/table.ts";

/** The result of checking one part of a deployment. */
export interface Check {
  /** What was checked, in one or two words. */
  subject: string;
  level: "ok" | "warn" | "fail";
  /** What was seen. */
  evidence: string;
  /** What to do about it; missing if all is well. */
  remedy?: string;
}

/** The width of a line's first columns: the level and the subject. */
const HEAD = 24;

const COLOURS: Record<Check["level"], string> = { ok: "\u001b[32m", warn: "\u001b[33m", fail: "\u001b[31m" };

/** Formats checks for a terminal, one below the other, and counts those that are not ok. */
export function renderChecks(checks: readonly Check[], { colour = false, columns = 100 } = {}): string {
  const lines = checks.flatMap(({ subject, level, evidence, remedy }) => {
    const word = level.padEnd(6);
    const head = `${colour ? `${COLOURS[level]}${word}\u001b[0m` : word}${subject.padEnd(HEAD - 7)} `;
    const text = [evidence, ...(remedy === undefined ? [] : [`→ ${remedy}`])]
      .map((each) => wrapText(each, Math.max(40, columns - HEAD)))
      .join("\n");
    return [`${head}${text.replaceAll("\n", `\n${" ".repeat(HEAD)}`)}`];
  });
  const count = (level: Check["level"]): number => checks.filter((check) => check.level === level).length;
  return `${lines.join("\n")}\n\n${count("ok")} ok, ${count("warn")} to look at, ${count("fail")} failed\n`;
}

/** Runs a check that may throw: returns its results, or its error with the remedy. */
export async function checked(subject: string, remedy: string, look: () => Promise<Check | Check[]>): Promise<Check[]> {
  try {
    return [await look()].flat();
  } catch (error) {
    const { name, message } = error as Error;
    return [{ subject, level: "fail", evidence: `${name}: ${message}`, remedy }];
  }
}
