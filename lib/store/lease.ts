import { randomUUID } from "node:crypto";
import { leaseKey } from "./keys.ts";
import type { Store } from "./store.ts";

/** Most attempts that an assignment can have: its invocations are retried a few times at most. */
const MAX_ATTEMPTS = 100;

/**
 * Takes the next attempt at an assignment: the first free number. The holder of an earlier attempt finds this lease and
 * stops, so two invocations never send the same requests for long. `joinsAtMs` in the lease is when this attempt starts
 * to send, in ms since the epoch. Throws after MAX_ATTEMPTS attempts.
 */
export async function takeLease(store: Store, runId: string, assignment: string, joinsAtMs: number): Promise<number> {
  for (let attempt = 1; attempt <= MAX_ATTEMPTS; attempt++) {
    const lease = JSON.stringify({ joinsAtMs, takenAt: new Date().toISOString(), by: randomUUID() });
    if (await store.putIfAbsent(leaseKey(runId, assignment, attempt), lease)) return attempt;
  }
  throw new Error(`assignment ${assignment} was tried ${MAX_ATTEMPTS} times`);
}
