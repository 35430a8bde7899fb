import { type Assignment, assignedRps } from "../plan/assign.ts";
import type { ClockError } from "../store/clockError.ts";
import type { Attempt } from "./attempts.ts";
import type { Health, Ledger, Outcome, Summary } from "./chunk.ts";
import { addLedgers } from "./ledger.ts";
import { SeriesSum } from "./seriesSum.ts";

/** One worker in the measurement, over all its segments and chains. */
export interface WorkerResult {
  worker: number;
  /** Where it ran, if the plan has regions. */
  region?: string;
  chains: string[];
  rps: number;
  ledger: Ledger;
  sum: SeriesSum;
  /** The outcome of each attempt; `lost` if it wrote no summary. */
  outcomes: (Outcome | "lost")[];
  startSkewMs: number | null;
  readyMs: number | null;
  health: Health[];
  clock: ClockError | null;
  /** The fleet hosts that ran it, in order. */
  hosts: string[];
}

/** A worker's figures: its assignments are added one after the other. */
export class WorkerSum {
  /** What it measured, over all its chains. */
  readonly series = new SeriesSum();
  /** The ledger of each part that it measured. */
  readonly ledgers: Ledger[] = [];
  readonly #outcomes: (Outcome | "lost")[] = [];
  readonly #hosts = new Set<string>();
  readonly #health: Health[] = [];
  readonly #first: Assignment;
  /** From the first summary of its first segment. */
  #beginning: Pick<Summary, "startSkewMs" | "readyMs" | "clock"> | undefined;

  /** `first` is the worker's first assignment. */
  constructor(first: Assignment) {
    this.#first = first;
  }

  /** Adds how the attempts at one of its assignments began and ended, where they ran, and their health. */
  addAttempts(assignment: Assignment, attempts: readonly Attempt[]): void {
    if (assignment === this.#first) this.#beginning = beginningOf(attempts);
    if (attempts.length === 0) this.#outcomes.push("lost");
    for (const { outcome, host, health } of attempts) {
      this.#outcomes.push(outcome);
      if (host !== undefined) this.#hosts.add(host);
      this.#health.push(...health);
    }
  }

  /** The worker's result. */
  result(): WorkerResult {
    const { worker, region, shares } = this.#first;
    const { startSkewMs = null, readyMs = null, clock = null } = this.#beginning ?? {};
    return {
      worker,
      ...(region !== undefined && { region }),
      chains: shares.map(({ chain }) => chain),
      rps: assignedRps(this.#first),
      ledger: addLedgers(this.ledgers),
      sum: this.series,
      outcomes: this.#outcomes,
      startSkewMs,
      readyMs,
      clock,
      hosts: [...this.#hosts],
      health: this.#health,
    };
  }
}

function beginningOf(attempts: readonly Attempt[]): Pick<Summary, "startSkewMs" | "readyMs" | "clock"> | undefined {
  const summary = attempts.find((attempt) => attempt.summary)?.summary;
  if (!summary) return undefined;
  const { startSkewMs, readyMs, clock } = summary;
  return { startSkewMs, readyMs, ...(clock && { clock }) };
}
