import { setTimeout as sleep } from "node:timers/promises";
import type { SFNClient } from "@aws-sdk/client-sfn";
import { repeat } from "../schedule/repeat.ts";
import { ANNOUNCE_MS, FLEET_WAIT_MS } from "../schedule/tempo.ts";
import { reportKey } from "../store/keys.ts";
import type { Store } from "../store/store.ts";
import { type Announcement, announce, type Reservation, reservationOf, reserve } from "./hosts.ts";
import { runTask } from "./runTask.ts";
import type { Leaving } from "./spotNotice.ts";
import { claimTask, type HostTask, unclaimedTasks } from "./tasks.ts";

/** How long a host waits after an error of the store before it asks again, in ms. */
const PAUSE_MS = 2_000;

/** How long a task must have lain unclaimed until a spare takes it, in ms: the run's other hosts come first. */
const SPARE_AFTER_MS = 2_000;

/** How long a reserved host waits for a task of its run, in ms: Plan may still be waiting for other hosts. */
const MAX_QUIET_MS = 2 * FLEET_WAIT_MS;

/** A host's external dependencies. */
export interface HostPorts {
  store: Store;
  client: Pick<SFNClient, "send">;
  /** Runs an assignment's handler; aborting the signal ends it. */
  run(input: unknown, signal: AbortSignal): Promise<unknown>;
  /** Reports what the host does. */
  say(text: string): void;
  /** How often the host asks the store for a reservation or a task, in ms. */
  pollMs: number;
  /** Resolves when the host is about to be taken away: it takes no more tasks, and gives back what it cannot finish. */
  leaving?: Promise<Leaving>;
}

/** Which host it is. */
export interface HostIdentity {
  name: string;
  /** The only run that the host works for, without a reservation; by default it works for whichever run reserves it. */
  runId?: string;
}

/**
 * A host of the fleet: waits until a run reserves it, then takes the run's tasks from the store, one at a time. Ends
 * when the signal aborts, or before the host is taken away. Retries after errors of the store.
 */
export async function serveRuns(identity: HostIdentity, ports: HostPorts, signal: AbortSignal): Promise<void> {
  const host = new Host(identity, ports, signal);
  await host.serve(identity.runId);
}

/** The run that a spare looks after. */
interface Watched {
  reservation: Reservation;
  untilMs: number;
  /** When each unclaimed task was first seen. */
  seenMs: Map<string, number>;
}

class Host {
  readonly #name: string;
  readonly #ports: HostPorts;
  readonly #signal: AbortSignal;
  #state: Omit<Announcement, "name" | "atMs"> = {};
  #freeSinceMs = 0;
  #watched: Watched | undefined;
  #isLeaving = false;

  constructor({ name }: HostIdentity, ports: HostPorts, signal: AbortSignal) {
    this.#name = name;
    this.#ports = ports;
    this.#signal = signal;
    void ports.leaving?.then(() => {
      this.#isLeaving = true;
    });
  }

  get #isOver(): boolean {
    return this.#isLeaving || this.#signal.aborted;
  }

  async serve(runId: string | undefined): Promise<void> {
    const announcing = repeat(ANNOUNCE_MS, () => this.#tell());
    try {
      while (!this.#isOver) {
        if (runId === undefined) await this.#serveNext();
        else await this.#serveRun(runId);
      }
    } finally {
      await announcing.end();
      await announce(this.#ports.store, { name: this.#name, atMs: null }).catch(() => {});
    }
  }

  /** Waits for a reservation and serves its run, or becomes its spare. */
  async #serveNext(): Promise<void> {
    this.#freeSinceMs = Math.max(Date.now(), this.#freeSinceMs + 1);
    await this.#become({ freeSinceMs: this.#freeSinceMs });
    while (!this.#isOver) {
      const reservation = await this.#ask((store) => reservationOf(store, this.#name, this.#freeSinceMs));
      if (reservation?.isReleased) return;
      if (reservation?.role === "worker") return this.#serveRun(reservation.runId, reservation);
      if (reservation) {
        const untilMs = performance.now() + reservation.lastsMs;
        this.#watched = { reservation, untilMs, seenMs: new Map() };
        this.#ports.say(`spare of ${reservation.runId}`);
        return;
      }
      if (this.#watched && (await this.#standIn(this.#watched))) return;
      await this.#pause(this.#ports.pollMs);
    }
  }

  /** As a spare, takes a task that no host of its run takes; returns whether it did. */
  async #standIn(watched: Watched): Promise<boolean> {
    const { reservation, untilMs, seenMs } = watched;
    const nowMs = performance.now();
    if (nowMs > untilMs) this.#watched = undefined;
    const unclaimed = (await this.#ask((store) => unclaimedTasks(store, reservation.runId))) ?? [];
    for (const key of unclaimed) if (!seenMs.has(key)) seenMs.set(key, nowMs);
    const key = unclaimed.find((each) => nowMs - (seenMs.get(each) ?? nowMs) >= SPARE_AFTER_MS);
    if (key === undefined) return false;
    const task = await this.#ask((store) => claimTask(store, key, this.#name));
    if (!task) return false;
    // Another run may have reserved this host meanwhile; the task's heartbeats then never begin, and it is tried again.
    const own: Reservation = { ...reservation, role: "worker" };
    const isOurs = await this.#ask((store) => reserve(store, this.#name, this.#freeSinceMs, own));
    if (!isOurs) return false;
    await this.#become({ runId: reservation.runId });
    await this.#run(task);
    return true;
  }

  /** Takes a run's tasks until the host is not needed any more; without a reservation, for ever. */
  async #serveRun(runId: string, reservation?: Reservation): Promise<void> {
    this.#watched = undefined;
    await this.#become({ runId });
    let quietSinceMs = performance.now();
    while (!this.#isOver) {
      if (await this.#takeTask(runId)) {
        if (reservation && !reservation.hasTrials) return;
        quietSinceMs = performance.now();
        continue;
      }
      const isQuiet = performance.now() - quietSinceMs > MAX_QUIET_MS;
      if (reservation && (isQuiet || (await this.#isDone(reservation)))) return;
      await this.#pause(this.#ports.pollMs);
    }
  }

  async #takeTask(runId: string): Promise<boolean> {
    for (const key of (await this.#ask((store) => unclaimedTasks(store, runId))) ?? []) {
      const task = await this.#ask((store) => claimTask(store, key, this.#name));
      if (task && (await this.#run(task))) return true;
    }
    return false;
  }

  async #run(task: HostTask): Promise<boolean> {
    return runTask(task, this.#ports, { name: this.#name, signal: this.#signal });
  }

  /** Whether a reserved host was released, or its search has its report. */
  async #isDone({ runId, hasTrials }: Reservation): Promise<boolean> {
    const isDone = await this.#ask(async (store) => {
      if (hasTrials && (await store.list(reportKey(runId, "json"))).length > 0) return true;
      return (await reservationOf(store, this.#name, this.#freeSinceMs))?.isReleased === true;
    });
    return isDone === true;
  }

  /** Asks the store; undefined if it fails, after a pause. */
  async #ask<T>(question: (store: Store) => Promise<T>): Promise<T | undefined> {
    try {
      return await question(this.#ports.store);
    } catch (error) {
      this.#ports.say(`the store failed: ${(error as Error).message}`);
      await this.#pause(PAUSE_MS);
      return undefined;
    }
  }

  async #become(state: Omit<Announcement, "name" | "atMs">): Promise<void> {
    this.#state = state;
    const what = state.runId === undefined ? "free" : `works for ${state.runId}`;
    this.#ports.say(what);
    await this.#tell();
  }

  async #tell(): Promise<void> {
    await announce(this.#ports.store, { name: this.#name, atMs: Date.now(), ...this.#state }).catch(() => {});
  }

  async #pause(ms: number): Promise<void> {
    await sleep(ms, undefined, { signal: this.#signal }).catch(() => {});
  }
}
