import { CLAIM_NAME, chunksPrefix, failuresPrefix, lostPrefix, summariesPrefix, tasksPrefix } from "../store/keys.ts";
import type { Store } from "../store/store.ts";
import { checkPart } from "./checkPart.ts";
import type { Chunk, Health, Outcome, Series, Summary } from "./chunk.ts";
import type { Finding } from "./findings.ts";

/** Maximum characters kept of a worker's error message. */
const MAX_ERROR_LENGTH = 500;

/** What one attempt at an assignment wrote: its summary, or its chunks if there is no summary. */
export interface Attempt {
  host: string | undefined;
  outcome: Outcome | "lost";
  summary?: Summary;
  series: Series[];
  health: Health[];
}

/** The keys by assignment and attempt: the summary's key and the chunks' keys. */
export type RunIndex = Map<string, Map<string, { summary?: string; chunks: string[] }>>;

/** Lists the objects that a run's attempts wrote. */
export async function indexRun(store: Store, runId: string): Promise<RunIndex> {
  const index: RunIndex = new Map();
  const entry = (assignment: string, attempt: string): { summary?: string; chunks: string[] } => {
    const attempts = index.get(assignment) ?? new Map();
    index.set(assignment, attempts);
    const found = attempts.get(attempt) ?? { chunks: [] };
    attempts.set(attempt, found);
    return found;
  };
  const [summaries, chunks] = await Promise.all([store.list(summariesPrefix(runId)), store.list(chunksPrefix(runId))]);
  for (const key of summaries) {
    const [assignment = "", file = ""] = key.slice(summariesPrefix(runId).length).split("/");
    entry(assignment, file.replace(".json", "")).summary = key;
  }
  for (const key of chunks) {
    const [assignment = "", attempt = ""] = key.slice(chunksPrefix(runId).length).split("/");
    entry(assignment, attempt).chunks.push(key);
  }
  return index;
}

/** The errors of failed workers that could still write them to the store. */
export async function readFailures(store: Store, runId: string, own: ReadonlySet<string>): Promise<Finding[]> {
  const prefix = failuresPrefix(runId);
  const findings: Finding[] = [];
  for (const key of await store.list(prefix)) {
    const [assignment = ""] = key.slice(prefix.length).split("/");
    if (!own.has(assignment)) continue;
    const error = await store.get(key);
    if (error !== undefined) findings.push({ kind: "failed", assignment, error: error.slice(0, MAX_ERROR_LENGTH) });
  }
  return findings;
}

/** The assignments that no host of the fleet took, or that none took over from a host that was lost. */
export async function readLost(store: Store, runId: string, own: ReadonlySet<string>): Promise<Finding[]> {
  const lost = (await store.list(lostPrefix(runId)))
    .map((key) => key.slice(lostPrefix(runId).length).replace(".json", ""))
    .filter((assignment) => own.has(assignment));
  if (lost.length === 0) return [];
  const claims = (await store.list(tasksPrefix(runId))).filter((key) => key.endsWith(CLAIM_NAME));
  const claimed = new Set(claims.map((key) => key.slice(tasksPrefix(runId).length).split("/")[0]));
  return lost.map((assignment) => ({ kind: "no-host", assignment, hadHost: claimed.has(assignment) }));
}

/** What reads an object: a store, or `fetchAhead`'s result. */
export type Getter = Pick<Store, "get">;

/**
 * Begins to fetch what the attempts at assignments wrote: all summaries at once, and an attempt's chunks one after the
 * other if it has no summary. The result hands out each text once, and gets any other object from the store. Texts wait
 * here to be parsed one by one: a parsed summary is thousands of small objects, which the garbage collector copies for
 * as long as they live.
 */
export function fetchAhead(store: Store, index: RunIndex, assignments: readonly string[]): Getter {
  const ahead = new Map<string, Promise<string | undefined>>();
  for (const { summary, chunks } of assignments.flatMap((id) => [...(index.get(id)?.values() ?? [])])) {
    let before: Promise<unknown> = Promise.resolve();
    for (const key of summary === undefined ? chunks : [summary]) {
      const text = before.then(() => store.get(key));
      ahead.set(key, text);
      // A failure is for the caller that asks for this text.
      before = text.catch(() => {});
    }
  }
  return {
    get(key) {
      const text = ahead.get(key) ?? store.get(key);
      ahead.delete(key);
      return text;
    },
  };
}

/** Reads what the attempts at an assignment wrote. The findings name each object that cannot be read. */
export async function readAttempts(
  store: Getter,
  index: RunIndex,
  assignment: string,
): Promise<{ attempts: Attempt[]; findings: Finding[] }> {
  const attempts: Attempt[] = [];
  const findings: Finding[] = [];
  for (const [attempt, { summary: key, chunks }] of index.get(assignment) ?? []) {
    const summary = key && (await readPart<Summary>(store, key, "summary", findings));
    if (summary) {
      if (summary.outcome === "orphaned") {
        const { host, atMs } = summary;
        findings.push({ kind: "orphaned", assignment, attempt, atMs, ...(host !== undefined && { host }) });
      }
      attempts.push({
        host: summary.host,
        outcome: summary.outcome,
        summary,
        series: summary.series,
        health: summary.health,
      });
      continue;
    }
    const read: Chunk[] = [];
    for (const chunkKey of chunks) {
      const chunk = await readPart<Chunk>(store, chunkKey, "chunk", findings);
      if (chunk) read.push(chunk);
    }
    const host = read.find((chunk) => chunk.host !== undefined)?.host;
    findings.push({
      kind: "no-summary",
      assignment,
      attempt,
      ...(host !== undefined && { host }),
      chunks: read.length,
    });
    attempts.push({
      host,
      outcome: "lost",
      series: read.flatMap(({ series }) => series),
      health: read.map(({ health }) => health),
    });
  }
  for (const { frozenMs, atMs } of attempts.flatMap(({ health }) => health)) {
    if (frozenMs !== undefined) findings.push({ kind: "frozen", assignment, frozenMs, atMs });
  }
  return { attempts, findings };
}

async function readPart<T extends Chunk | Summary>(
  store: Getter,
  key: string,
  kind: "chunk" | "summary",
  findings: Finding[],
): Promise<T | undefined> {
  try {
    const part = JSON.parse((await store.get(key)) ?? "") as T;
    checkPart(part, kind);
    return part;
  } catch (error) {
    findings.push({ kind: "unreadable", key, why: (error as Error).message });
    return undefined;
  }
}
