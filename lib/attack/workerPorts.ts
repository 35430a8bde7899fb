import type { Assignment } from "../plan/assign.ts";
import type { DeployedHosts } from "../plan/hosts.ts";
import type { Plan } from "../plan/schema.ts";
import type { Chunk } from "../results/chunk.ts";
import type { Clock } from "../store/clock.ts";
import type { WatchdogOptions } from "./watchdog.ts";

/**
 * Why a worker is to stop; a later attempt that takes over says from when on it sends, in ms since the epoch. One whose
 * runner has gone books nothing of what is left: whoever resumes the run sends it.
 */
export type StopRequest = { reason: "aborted" } | { reason: "superseded"; joinsAtMs: number } | { reason: "orphaned" };

/** What a worker needs from outside. */
export interface WorkerPorts {
  clock: Clock;
  /** Writes a chunk. A chunk that cannot be written is offered again at the next flush, before the next one. */
  emit(chunk: Chunk): Promise<void>;
  /** Whether the worker is to stop, and why. */
  stopRequested(): Promise<StopRequest | undefined>;
  /** Where the watchdog writes why it ended this process, and when it does. */
  watchdog?: Omit<WatchdogOptions, "name">;
  /** Resolves when the worker is told to stop, without being asked. */
  told?: Promise<StopRequest>;
  /** The value of a reference to a secret, such as `env://TOKEN`. Rejects where there is none. */
  secret?(reference: string): Promise<string>;
  /** What the deployment allows, where the worker is part of one: the plan may have been changed since it was checked. */
  deployed?: DeployedHosts;
}

/** One invocation for an assignment. */
export interface AttackInput {
  plan: Plan;
  assignment: Assignment;
  /** 1 for the first invocation, one more for each that follows. */
  attempt: number;
  /** The host of the fleet that runs it. */
  host?: string;
  /** The number of a chain's first request by the chain's name, where it is not 0. */
  firstNumbers?: Record<string, number>;
  /** When a later attempt begins to send, in ms since the epoch: by then the earlier one has seen it and stopped. */
  joinsAtMs?: number;
}
