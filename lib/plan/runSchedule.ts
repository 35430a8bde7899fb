import { type Assignment, type AssignOptions, assign } from "./assign.ts";
import type { Plan } from "./schema.ts";

/** What Plan fixes for a run, besides the plan: `runs/<id>/schedule.json`. */
export interface RunSchedule {
  runId: string;
  /** The instant of the first measured request, in ms since the epoch. */
  startAtMs: number;
  /** When the last request is due, in ms since the epoch. */
  endAtMs: number;
  workers: number;
  segments: number;
  assignments: number;
  /** How many reducers share the workers; one merges their results. */
  parts: number;
}

/** A part of a run's workers, which one reducer merges. */
export interface Part {
  runId: string;
  part: number;
  of: number;
}

/**
 * Most workers that one reducer merges by itself: a thousand take 44 s and 0.5 GB on a whole core (docs/scale.md), and
 * a Lambda's share of a core is several times slower.
 */
const WORKERS_PER_REDUCER = 1_000;

/** The parts in which a run is reduced. */
export function partsOf({ runId, parts }: RunSchedule): Part[] {
  return Array.from({ length: parts }, (_, part) => ({ runId, part, of: parts }));
}

/** Cuts a plan into assignments, and returns them with the run's schedule. */
export function scheduleRun(
  plan: Plan,
  options: AssignOptions & { workersPerReducer?: number | undefined },
): { schedule: RunSchedule; assignments: Assignment[] } {
  const assignments = assign(plan, options);
  const segments = Math.max(...assignments.map(({ segment }) => segment)) + 1;
  const workers = assignments.length / segments;
  return {
    assignments,
    schedule: {
      runId: options.runId,
      startAtMs: options.startAtMs,
      endAtMs: options.startAtMs + plan.durationMs,
      workers,
      segments,
      assignments: assignments.length,
      parts: Math.ceil(workers / (options.workersPerReducer ?? WORKERS_PER_REDUCER)),
    },
  };
}
