import { PathError } from "./paths.ts";

/** A failure in Step Functions' terms: an error name, with a cause. */
export class StateError extends Error {
  override readonly name: string;

  constructor(name: string, cause: string) {
    super(cause);
    this.name = name;
  }
}

export function asStateError(error: unknown): StateError {
  if (error instanceof StateError) return error;
  if (error instanceof PathError) return new StateError(error.name, error.message);
  if (error instanceof Error && error.name === "TimeoutError") return new StateError("States.Timeout", error.message);
  return new StateError("States.TaskFailed", error instanceof Error ? error.message : String(error));
}

/**
 * Step Functions' rule for `ErrorEquals`: names, `States.TaskFailed` for all but timeouts, `States.ALL` for nearly all.
 */
export function matches(names: readonly string[], error: string): boolean {
  return names.some(
    (name) =>
      name === error ||
      (name === "States.ALL" && error !== "States.DataLimitExceeded" && error !== "States.Runtime") ||
      (name === "States.Timeout" && error === "States.HeartbeatTimeout") ||
      (name === "States.TaskFailed" && !/^States\.(Timeout|HeartbeatTimeout|Runtime|DataLimitExceeded)$/.test(error)),
  );
}
