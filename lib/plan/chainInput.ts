import type { Accept, Check } from "./chainSchema.ts";
import type { PlanFiles } from "./planFiles.ts";
import { jsonPath } from "./problems.ts";
import { parseRequestLog, parseRows, type RequestLog } from "./records.ts";
import type { Chain, Target } from "./schema.ts";
import type { Slo } from "./sloSchema.ts";
import { parseTargets } from "./targets.ts";

/** A chain as written, in a plan that may have mistakes anywhere. */
export type RawChain = Record<string, unknown> | null | undefined;

/** What a chain reads: targets from the plan itself or from files, a request log, rows of data. */
export interface ChainInput {
  targets: Target[];
  replayed?: RequestLog;
  data?: Record<string, string>[];
}

/** The chains of a plan that may have mistakes anywhere. */
export function rawChains(raw: unknown): RawChain[] {
  const chains = (raw as { chains?: unknown } | null | undefined)?.chains;
  return Array.isArray(chains) ? chains : [];
}

/** Reads everything that a chain names; `files` collects the problems. */
export function readChain(chain: RawChain, index: number, files: PlanFiles): ChainInput {
  const read = <T>(
    name: unknown,
    at: readonly PropertyKey[],
    parse: Parameters<typeof files.read<T>>[2],
  ): T | undefined =>
    typeof name === "string" && name !== "" ? files.read(name, jsonPath(["chains", index, ...at]), parse) : undefined;
  const listed = chain?.targets;
  const entries = Array.isArray(listed) ? listed : [listed];
  const targets = entries.flatMap((entry: unknown, position): Target[] => {
    if (typeof entry === "object" && entry !== null) return [inlineTarget(entry as RawTarget)];
    return read(entry, ["targets", ...(Array.isArray(listed) ? [position] : [])], parseTargets) ?? [];
  });
  const replay = chain?.replay as { file?: unknown } | null | undefined;
  const replayed = read(replay?.file, ["replay", "file"], parseRequestLog);
  const data = read(chain?.data, ["data"], parseRows);
  return { targets, ...(replayed && { replayed }), ...(data && { data }) };
}

interface RawTarget {
  name?: string;
  method?: string;
  url?: string;
  headers?: Record<string, string | string[]> | null;
  body?: unknown;
  weight?: number;
  checks?: Check[];
  accept?: Accept;
  expect?: Target["expect"];
  slo?: Slo;
}

function inlineTarget(raw: RawTarget): Target {
  const { method = "POST", url = "", body, weight = 1, checks, accept, name, expect, slo } = raw;
  const isText = typeof body === "string" || body === undefined;
  const headers = Object.entries(raw.headers ?? {}).flatMap(([header, values]) =>
    [values].flat().map((value): [string, string] => [header, value]),
  );
  const hasType = headers.some(([header]) => header.toLowerCase() === "content-type");
  return {
    ...(name !== undefined && { name }),
    method,
    url,
    headers: isText || hasType ? headers : [...headers, ["Content-Type", "application/json"]],
    ...(body !== undefined && { body: isText ? body : JSON.stringify(body) }),
    weight,
    ...(checks !== undefined && { checks }),
    ...(accept !== undefined && { accept }),
    ...(expect !== undefined && { expect }),
    ...(slo !== undefined && { slo }),
  };
}

/** The part of a request log that falls into the duration, sped up by a factor, with its mean rate. */
export function within(log: RequestLog, factor: number, durationMs: number): Pick<Chain, "rps" | "targets" | "replay"> {
  const replay = log.atMs.map((ms) => ms / factor).filter((ms) => ms < durationMs);
  return { rps: replay.length / (durationMs / 1_000), targets: log.targets.slice(0, replay.length), replay };
}
