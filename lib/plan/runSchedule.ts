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
}

/** Cuts a plan into assignments and says what came of it. */
export function scheduleRun(plan: Plan, options: AssignOptions): { schedule: RunSchedule; assignments: Assignment[] } {
  const assignments = assign(plan, options);
  const segments = Math.max(...assignments.map(({ segment }) => segment)) + 1;
  return {
    assignments,
    schedule: {
      runId: options.runId,
      startAtMs: options.startAtMs,
      endAtMs: options.startAtMs + plan.durationMs,
      workers: assignments.length / segments,
      segments,
      assignments: assignments.length,
    },
  };
}
