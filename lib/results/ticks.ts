import { ticksPrefix } from "../store/keys.ts";
import type { Store } from "../store/store.ts";
import { type Chunk, total } from "./chunk.ts";

/**
 * One worker flush, short enough for a key: Watch lists the keys to read all workers' latest ticks, and never fetches
 * an object.
 */
export interface Tick {
  /** Flush time, in ms since the epoch. */
  atMs: number;
  /** Requests that ended, and how many of them were valid relays. */
  ended: number;
  valid: number;
  /** The chunk that it describes. */
  assignment: string;
  attempt: number;
  sequence: number;
}

const MINUTE_MS = 60_000;

/** A tick's key. Keys sort by time, and each minute has its own folder. */
export function tickKey(chunk: Chunk, startAtMs: number): string {
  let ended = 0;
  let valid = 0;
  for (const series of chunk.series) {
    valid += series.valid;
    ended += series.valid + total(series.invalid) + total(series.errors);
  }
  // A stale response is not a valid relay, although it was counted as one when it arrived.
  valid = Math.max(0, valid - (chunk.stale ?? 0));
  const who = `${chunk.assignment}-${chunk.attempt}-${chunk.sequence}`;
  return `${keyOfTime(chunk.runId, startAtMs + chunk.atMs)}_${who}_${ended}_${valid}`;
}

/** The ticks of a run since an instant, in ms since the epoch. */
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
