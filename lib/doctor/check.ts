import { wrapText } from "../report/table.ts";

/** What looking at one part of a deployment showed. */
export interface Check {
  /** What was looked at, in one or two words. */
  subject: string;
  level: "ok" | "warn" | "fail";
  /** What was seen. */
  evidence: string;
  /** What to do about it; none where all is well. */
  remedy?: string;
}

/** The width of a line's head: the level, and the subject. */
const HEAD = 24;

const COLOURS: Record<Check["level"], string> = { ok: "\u001b[32m", warn: "\u001b[33m", fail: "\u001b[31m" };

/** Checks for a terminal, one below the other, and how many were not ok. */
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

/** A check of something that can fail: what it gave, or its error with what to do. */
export async function checked(subject: string, remedy: string, look: () => Promise<Check | Check[]>): Promise<Check[]> {
  try {
    return [await look()].flat();
  } catch (error) {
    const { name, message } = error as Error;
    return [{ subject, level: "fail", evidence: `${name}: ${message}`, remedy }];
  }
}
