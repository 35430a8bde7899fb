import { randomUUID } from "node:crypto";
import { readFileSync, readlinkSync } from "node:fs";
import { hostname } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { type Repetition, repeat } from "../schedule/repeat.ts";
import { runnerKey, runnersPrefix } from "./keys.ts";
import { readJson, type Store } from "./store.ts";

/** How often a runner renews its lease, in ms. */
const RENEW_MS = 1_000;

/** A lease that is not renewed for this long has expired, in ms. */
const SILENT_MS = 4_000;

/** A runner's lease as it is stored: who holds it, and how often it was renewed. */
interface Lease {
  by: string;
  pid: number;
  /** The machine and its boot: on another one, the same pid is a different process. */
  machine: string;
  renewed: number;
  hasEnded: boolean;
}

/** Who runs a run: nobody yet, a live runner, one that ended with its report, or one that died. */
export type RunnerState = "none" | "alive" | "ended" | "dead";

/**
 * What became of the runner that last had a run. May take some seconds: it waits for a live runner to renew its lease.
 */
export async function runnerState(store: Store, runId: string): Promise<RunnerState> {
  const key = (await store.list(runnersPrefix(runId))).at(-1);
  const found = key === undefined ? undefined : await readJson<Lease>(store, key);
  if (key === undefined || !found) return "none";
  if (found.hasEnded) return "ended";
  if (found.machine === thisMachine() && !isThere(found.pid)) return "dead";
  await sleep(SILENT_MS);
  const later = await readJson<Lease>(store, key);
  if (later?.hasEnded) return "ended";
  return later?.renewed === found.renewed ? "dead" : "alive";
}

/** The lease that gives a run to one runner at a time. If two try to take it at once, exactly one gets it. */
export class RunnerLease {
  /** Rejects when another runner has taken the run. */
  readonly lost: Promise<never>;
  readonly #store: Store;
  readonly #runId: string;
  readonly #number: number;
  readonly #lease: Lease = {
    by: randomUUID(),
    pid: process.pid,
    machine: thisMachine(),
    renewed: 0,
    hasEnded: false,
  };
  #renewal: Repetition | undefined;
  #lose: (error: Error) => void = () => {};

  private constructor(store: Store, runId: string, number: number) {
    this.#store = store;
    this.#runId = runId;
    this.#number = number;
    this.lost = new Promise<never>((_, failed) => {
      this.#lose = failed;
    });
    // The holder of the lease may no longer be listening.
    this.lost.catch(() => {});
  }

  /** Takes the lease after its last holder. Rejects if another runner takes it at the same time. */
  static async take(store: Store, runId: string): Promise<RunnerLease> {
    const number = (await store.list(runnersPrefix(runId))).length + 1;
    const lease = new RunnerLease(store, runId, number);
    if (!(await store.putIfAbsent(runnerKey(runId, number), JSON.stringify(lease.#lease)))) {
      throw new Error(`another runner has just taken ${runId}`);
    }
    // Only now: a renewal writes over what is there, which may be the lease of the one that was faster.
    lease.#renewal = repeat(RENEW_MS, () => lease.#renew());
    return lease;
  }

  /** Both requests at once: in a slow store, two in turn could take longer than a lease may be silent. */
  async #renew(): Promise<void> {
    this.#lease.renewed++;
    const [next] = await Promise.all([this.#store.get(runnerKey(this.#runId, this.#number + 1)), this.#put()]);
    if (next === undefined) return;
    this.release();
    this.#lose(new Error(`another runner has taken ${this.#runId}: this one was silent for too long`));
  }

  #put(): Promise<void> {
    return this.#store.put(runnerKey(this.#runId, this.#number), JSON.stringify(this.#lease));
  }

  /** Records that the run is over and has its report. */
  async end(): Promise<void> {
    await this.#renewal?.end();
    this.#lease.hasEnded = true;
    await this.#put();
  }

  /** Lets the lease expire, because this runner failed: another one may continue the run. */
  release(): void {
    void this.#renewal?.end();
  }
}

function isThere(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

/** This machine, boot and PID namespace, within which a pid identifies one process. */
function thisMachine(): string {
  try {
    const boot = readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
    return [hostname(), boot, readlinkSync("/proc/self/ns/pid")].join(" ");
  } catch {
    return hostname();
  }
}
