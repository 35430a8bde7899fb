import { ticksPrefix } from "../store/keys.ts";
import type { Store } from "../store/store.ts";
import { type Chunk, total } from "./chunk.ts";

/**
 * How one flush of a worker went, in as little as a key holds: Watch reads all workers' latest ones by one list, and
 * never an object.
 */
export interface Tick {
  /** When it was flushed, in ms since the epoch. */
  atMs: number;
  /** Requests that ended, and those of them that were valid relays. */
  ended: number;
  valid: number;
  /** Which chunk it tells of. */
  assignment: string;
  attempt: number;
  sequence: number;
}

const MINUTE_MS = 60_000;

/** A tick's key. Keys are in the order of their times, and a minute's lie in a folder of their own. */
export function tickKey(chunk: Chunk, startAtMs: number): string {
  let ended = 0;
  let valid = 0;
  for (const series of chunk.series) {
    valid += series.valid;
    ended += series.valid + total(series.invalid) + total(series.errors);
  }
  // A stale answer is no valid relay, though it was counted as one when it came.
  valid = Math.max(0, valid - (chunk.stale ?? 0));
  const who = `${chunk.assignment}-${chunk.attempt}-${chunk.sequence}`;
  return `${keyOfTime(chunk.runId, startAtMs + chunk.atMs)}_${who}_${ended}_${valid}`;
}

/** The ticks of a run from an instant on, in ms since the epoch. */
export async function ticksSince(store: Store, runId: string, atMs: number): Promise<Tick[]> {
  const prefix = ticksPrefix(runId);
  const keys = await store.list(prefix, { startAfter: keyOfTime(runId, atMs) });
  return keys.flatMap((key) => parseTick(key.slice(prefix.length)) ?? []);
}

function keyOfTime(runId: string, atMs: number): string {
  const whole = Math.round(atMs);
  const minute = Math.floor(whole / MINUTE_MS);
  return `${ticksPrefix(runId)}${minute}/${String(whole - minute * MINUTE_MS).padStart(5, "0")}`;
}

function parseTick(name: string): Tick | undefined {
  const match = /^(\d+)\/(\d{5})_([^_]+)-(\d+)-(\d+)_(\d+)_(\d+)$/.exec(name);
  if (!match) return undefined;
  const [assignment = ""] = match.splice(3, 1);
  const [minute = 0, ms = 0, attempt = 0, sequence = 0, ended = 0, valid = 0] = match.slice(1).map(Number);
  return { atMs: minute * MINUTE_MS + ms, ended, valid, assignment, attempt, sequence };
}
