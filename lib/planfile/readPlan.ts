import { dirname, resolve } from "node:path";
import { rawChains } from "../plan/chainInput.ts";
import { readBytes, textOf } from "../plan/planFiles.ts";
import { InputError, show } from "../plan/problems.ts";
import { parsePlanDocument } from "./document.ts";
import { extended, rebased } from "./extend.ts";

/** A raw plan, with the plans that it extends merged in. */
export interface WrittenPlan {
  value: unknown;
  /** The folder that its file names are relative to. */
  folder: string;
  shownAs: string;
  /** The positions of its fields, as `line:column` by JSON path, if the file is YAML. */
  places: ReadonlyMap<string, string>;
}

/** The file descriptor of standard input. */
const STDIN = 0;

/**
 * Reads a file in JSON, JSON with comments, or YAML (standard input for `-`), and the plans that it extends. If it
 * cannot be read, throws an InputError that says what is `expected` there.
 */
export function readPlan(path: string, expected: string, above: readonly string[] = []): WrittenPlan {
  const isStdin = path === "-";
  const shownAs = isStdin ? "standard input" : path;
  const bytes = readBytes(isStdin ? STDIN : path);
  if (typeof bytes === "string") {
    const found = bytes === "ENOENT" ? "no such file" : `a file that cannot be read (${bytes})`;
    throw new InputError(shownAs, [{ where: shownAs, found, expected }]);
  }
  const text = textOf(bytes, shownAs);
  if (typeof text !== "string") throw new InputError(shownAs, [text]);
  const document = parsePlanDocument(text, shownAs);
  if (Array.isArray(document)) throw new InputError(shownAs, document);
  const folder = isStdin ? "." : dirname(path);
  const own = withExactBodies(document.value, document.exact);
  return { value: withBase(own, path, folder, above), folder, shownAs, places: document.places };
}

/** A plan merged over what it extends. */
function withBase(plan: unknown, path: string, folder: string, above: readonly string[]): unknown {
  const { extends: base, ...own } = (plan ?? {}) as Record<string, unknown>;
  if (typeof base !== "string") return plan;
  const basePath = resolve(folder, base);
  const trail = [...above, resolve(path)];
  if (trail.includes(basePath)) {
    const found = `${show(base)}, which extends this plan`;
    throw new InputError(path, [{ where: "$.extends", found, expected: "another plan" }]);
  }
  const from = readPlan(basePath, "a plan to extend, relative to this one", trail);
  return extended(rebased(from.value, from.folder, folder), own);
}

/** Replaces the targets' bodies by those that keep the digits of their numbers as written. */
function withExactBodies(plan: unknown, exact: unknown): unknown {
  for (const [index, chain] of rawChains(plan).entries()) {
    const targets: unknown = chain?.targets;
    if (!Array.isArray(targets)) continue;
    const exactTargets = rawChains(exact)[index]?.targets as { body?: unknown }[];
    for (const [position, target] of targets.entries()) {
      if (target?.body !== undefined) target.body = exactTargets[position]?.body;
    }
  }
  return plan;
}
