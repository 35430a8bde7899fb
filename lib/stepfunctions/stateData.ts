import { find, type Json, place, read, type Scope } from "./paths.ts";
import { StateError } from "./stateError.ts";
import type { ChoiceState, Test, WaitState } from "./stateSchema.ts";

/** Maximum size in bytes of a state's input or output, and of a Map's combined results, as JSON in UTF-8. */
const MAX_DATA_BYTES = 262_144;

export type Context = Record<string, Json>;

/** Returns a state's input or output unchanged. Throws a StateError if it is larger than Step Functions allows. */
export function sized(data: Json, state: string): Json {
  if (Buffer.byteLength(JSON.stringify(data) ?? "") <= MAX_DATA_BYTES) return data;
  const cause = `The state/task '${state}' returned a result with a size exceeding the maximum number of bytes service limit.`;
  throw new StateError("States.DataLimitExceeded", cause);
}

export function nameOf(context: Context): string {
  return String((context.State as { Name?: string } | undefined)?.Name);
}

export function step(state: { Next?: string | undefined }, output: Json): { output: Json; next?: string } {
  return { output, ...(state.Next !== undefined && { next: state.Next }) };
}

export function resultInto(path: string | null, input: Json, result: Json): Json {
  return path === null ? input : place(path, input, result);
}

export function outputOf(path: string | null, output: Json, context: Context): Json {
  return path === null ? {} : read(path, { input: output, context });
}

export function waitMs(state: WaitState, scope: Scope): number {
  if (state.Seconds !== undefined) return state.Seconds * 1_000;
  if (state.SecondsPath !== undefined) return Number(read(state.SecondsPath, scope)) * 1_000;
  const timestamp = state.Timestamp ?? String(read(state.TimestampPath ?? "$", scope));
  const atMs = Date.parse(timestamp);
  if (Number.isNaN(atMs)) throw new StateError("States.Runtime", `not a timestamp: ${timestamp}`);
  return Math.max(0, atMs - Date.now());
}

export function choose(state: ChoiceState, scope: Scope): string {
  const rule = state.Choices.find((each) => holds(each as Test, scope));
  const next = rule?.Next ?? state.Default;
  if (next === undefined) throw new StateError("States.NoChoiceMatched", "no choice holds, and there is no Default");
  return next;
}

function holds(test: Test, scope: Scope): boolean {
  if ("And" in test) return test.And.every((each) => holds(each, scope));
  if ("Or" in test) return test.Or.some((each) => holds(each, scope));
  if ("Not" in test) return !holds(test.Not, scope);
  if (test.IsPresent !== undefined) return (find(test.Variable, scope) !== undefined) === test.IsPresent;
  const value = read(test.Variable, scope);
  if (test.BooleanEquals !== undefined) return value === test.BooleanEquals;
  if (test.StringEquals !== undefined) return value === test.StringEquals;
  if (typeof value !== "number") return false;
  if (test.NumericEquals !== undefined) return value === test.NumericEquals;
  if (test.NumericLessThan !== undefined) return value < Number(test.NumericLessThan);
  if (test.NumericLessThanEquals !== undefined) return value <= Number(test.NumericLessThanEquals);
  if (test.NumericGreaterThan !== undefined) return value > Number(test.NumericGreaterThan);
  return value >= Number(test.NumericGreaterThanEquals);
}
