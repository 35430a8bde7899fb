import type { Assignment } from "../plan/assign.ts";
import type { DeployedHosts } from "../plan/hosts.ts";
import type { Plan } from "../plan/schema.ts";
import type { Chunk } from "../results/chunk.ts";
import type { Clock } from "../store/clock.ts";
import type { WatchdogOptions } from "./watchdog.ts";

/**
 * Why a worker must stop. If a later attempt takes over, `joinsAtMs` is when that one starts sending, in ms since the
 * epoch. A worker whose runner has gone does not book its remaining requests: whoever resumes the run sends them.
 */
export type StopRequest = { reason: "aborted" } | { reason: "superseded"; joinsAtMs: number } | { reason: "orphaned" };

/** A worker's dependencies. */
export interface WorkerPorts {
  clock: Clock;
  /** Writes a chunk. If this fails, the chunk is passed again at the next flush, before the next chunk. */
  emit(chunk: Chunk): Promise<void>;
  /** Whether the worker must stop, and why. */
  stopRequested(): Promise<StopRequest | undefined>;
  /** Where the watchdog writes why it killed this process, and when it does so. */
  watchdog?: Omit<WatchdogOptions, "name">;
  /** Resolves when the worker receives a stop request, without polling. */
  told?: Promise<StopRequest>;
  /** The value of a reference to a secret, such as `env://TOKEN`. Rejects if there is none. */
  secret?(reference: string): Promise<string>;
  /** What the deployment allows, if the worker is part of one: the plan may have changed since it was checked. */
  deployed?: DeployedHosts;
}

/** One invocation for an assignment. */
export interface AttackInput {
  plan: Plan;
  assignment: Assignment;
  /** 1 for the first invocation, incremented for each later one. */
  attempt: number;
  /** The fleet host that runs it. */
  host?: string;
  /** The number of a chain's first request, by chain name, if it is not 0. */
  firstNumbers?: Record<string, number>;
  /** When a later attempt starts sending, in ms since the epoch: by then the earlier one has noticed it and stopped. */
  joinsAtMs?: number;
}
