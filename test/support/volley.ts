import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Report } from "../../lib/report/schema.ts";

export const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** What a command printed, and how it ended. */
export interface Ended {
  code: number | null;
  stdout: string;
  stderr: string;
  tookMs: number;
}

/** A command that is running. */
export interface Running {
  child: ChildProcess;
  /** Resolves, with what fits, when the command has printed what fits the pattern. */
  printed(pattern: RegExp): Promise<RegExpExecArray>;
  ended: Promise<Ended>;
}

/** Starts `volley` as a person would, by its launcher; `wrapper` is a command that it is started by. */
export function startVolley(
  args: readonly string[],
  env: Record<string, string> = {},
  wrapper: readonly string[] = [],
): Running {
  const beganMs = performance.now();
  const [program = "", ...rest] = [...wrapper, `${ROOT}bin/volley`, ...args];
  const child = spawn(program, rest, { cwd: ROOT, env: { ...process.env, ...env } });
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
  });
  const ended = once(child, "close").then(([code]): Ended => {
    return { code: code as number | null, stdout, stderr, tookMs: performance.now() - beganMs };
  });
  return {
    child,
    ended,
    async printed(pattern) {
      for (;;) {
        const found = pattern.exec(stdout);
        if (found) return found;
        if (child.exitCode !== null) throw new Error(`it ended before it printed ${pattern}:\n${stdout}${stderr}`);
        await Promise.race([once(child.stdout, "data"), ended]);
      }
    },
  };
}

/** Runs `volley` to its end. */
export async function volley(args: readonly string[], env: Record<string, string> = {}): Promise<Ended> {
  return startVolley(args, env).ended;
}

/** The report of a run that was made with `--json`. */
export function reportOf(folder: string, ended: Ended): Report {
  const line = ended.stdout.split("\n").find((each) => each.includes('"event":"report"'));
  if (line === undefined) throw new Error(`no report:\n${ended.stdout}\n${ended.stderr}`);
  const { files } = JSON.parse(line) as { files: { json: string } };
  return JSON.parse(readFileSync(`${folder}/${files.json}`, "utf8")) as Report;
}
