import { setTimeout as sleep } from "node:timers/promises";
import { type Json, read, type Scope } from "./paths.ts";
import { type Context, choose, nameOf, outputOf, resultInto, sized, step, waitMs } from "./stateData.ts";
import { asStateError, matches, StateError } from "./stateError.ts";
import type { Definition, Machine, MapState, ParallelState, State, TaskState } from "./stateSchema.ts";
import { callTask, type TaskPorts } from "./task.ts";
import { fill } from "./templates.ts";

/** An execution whose history is full: it ends, even if its states would catch the error. */
class HistoryFull extends StateError {
  constructor() {
    super("States.Runtime", `The execution reached the maximum number of history events (${MAX_EVENTS}).`);
  }
}

/** An event of an execution, in Step Functions' terms. */
export interface HistoryEvent {
  atMs: number;
  type: string;
  /** The path of states to where it happened, outermost first. */
  path: string;
  detail?: string;
}

/** The interpreter's external dependencies. */
export interface InterpreterPorts extends TaskPorts {
  /** Reads an object for an ItemReader. */
  readObject(bucket: string, key: string): Promise<string | undefined>;
  onEvent?(event: HistoryEvent): void;
  /** A number in [0, 1), for the jitter of retries. */
  random?(): number;
}

/** How an execution ended. */
export type ExecutionResult =
  | { status: "SUCCEEDED"; output: Json }
  | { status: "FAILED"; error: string; cause: string };

/** Maximum number of events in an execution's history, including the final one. */
export const MAX_EVENTS = 25_000;

/** Valid names of an execution. */
const EXECUTION_NAME = /^[^\s<>{}[\]?*"#%\\^|~`$&,;:/\p{Cc}]{1,80}$/u;

/**
 * Maximum number of concurrent items of a Map, whatever the definition says: Step Functions' limit for child
 * executions.
 */
const MAX_CHILDREN = 10_000;

/**
 * Executes a definition accepted by `loadDefinition`, as Step Functions would. `executionName` is `$$.Execution.Name`.
 */
export async function execute(
  definition: Definition,
  input: Json,
  executionName: string,
  ports: InterpreterPorts,
): Promise<ExecutionResult> {
  const context = { Execution: { Name: executionName, Input: input, StartTime: new Date().toISOString() } };
  const timeout = definition.TimeoutSeconds;
  const ended = new AbortController();
  const signals = [ended.signal];
  if (timeout) signals.push(AbortSignal.timeout(timeout * 1_000));
  const tell = (type: string): void => ports.onEvent?.({ atMs: Date.now(), type, path: "" });
  if (!EXECUTION_NAME.test(executionName)) {
    return { status: "FAILED", error: "InvalidName", cause: `Invalid Name: '${executionName}'` };
  }
  tell("ExecutionStarted");
  try {
    const run = new Execution(ports, AbortSignal.any(signals));
    const output = await run.machine(definition, input, context, "");
    tell("ExecutionSucceeded");
    return { status: "SUCCEEDED", output };
  } catch (error) {
    const { name, message } = asStateError(error);
    tell("ExecutionFailed");
    return { status: "FAILED", error: name, cause: message };
  } finally {
    ended.abort();
  }
}

class Execution {
  readonly #ports: InterpreterPorts;
  readonly #signal: AbortSignal;
  readonly #random: () => number;
  /** The number of events in the history; each item of a Map has a separate history. */
  readonly #history: { events: number };

  constructor(ports: InterpreterPorts, signal: AbortSignal, history = { events: 1 }) {
    this.#ports = ports;
    this.#signal = signal;
    this.#history = history;
    this.#random = ports.random ?? Math.random;
  }

  /** Runs a machine from its first state to its end; resolves to its output. */
  async machine(machine: Machine, input: Json, context: Context, path: string): Promise<Json> {
    let name = machine.StartAt;
    let data = sized(input, name);
    for (;;) {
      this.#signal.throwIfAborted();
      const state = machine.States[name] as State;
      const here = `${path}/${name}`;
      this.#event(`${state.Type}StateEntered`, here);
      const step = await this.#state(state, data, { ...context, State: { Name: name } }, here);
      this.#event(`${state.Type}StateExited`, here);
      data = sized(step.output, name);
      if (step.next === undefined) return data;
      name = step.next;
    }
  }

  #event(type: string, path: string, detail?: string): void {
    // The last event is reserved for the end of the execution.
    if (++this.#history.events >= MAX_EVENTS) throw new HistoryFull();
    this.#ports.onEvent?.({ atMs: Date.now(), type, path, ...(detail !== undefined && { detail }) });
  }

  async #state(state: State, raw: Json, context: Context, path: string): Promise<{ output: Json; next?: string }> {
    const scope: Scope = { input: raw, context };
    if (state.Type === "Fail") {
      const error = state.ErrorPath ? String(read(state.ErrorPath, scope)) : (state.Error ?? "");
      const cause = state.CausePath ? String(read(state.CausePath, scope)) : (state.Cause ?? "");
      throw new StateError(error, cause);
    }
    const input = state.InputPath === null ? {} : read(state.InputPath, scope);
    if (state.Type === "Choice") {
      const next = choose(state, { input, context });
      return { output: outputOf(state.OutputPath, input, context), next };
    }
    if (state.Type === "Succeed") return { output: outputOf(state.OutputPath, input, context) };
    if (state.Type === "Wait") {
      await sleep(waitMs(state, { input, context }), undefined, { signal: this.#signal });
      return step(state, outputOf(state.OutputPath, input, context));
    }
    if (state.Type === "Pass") {
      const result = state.Result ?? (state.Parameters ? fill(state.Parameters, { input, context }) : input);
      return step(state, outputOf(state.OutputPath, resultInto(state.ResultPath, input, result as Json), context));
    }
    return this.#withHandling(state, input, context, path);
  }

  /** Runs a Task, Parallel or Map, with its Retry and Catch. */
  async #withHandling(
    state: TaskState | ParallelState | MapState,
    input: Json,
    context: Context,
    path: string,
  ): Promise<{ output: Json; next?: string }> {
    const attempts = state.Retry.map(() => 0);
    for (let retryCount = 0; ; retryCount++) {
      const here = { ...context, State: { ...(context.State as Context), RetryCount: retryCount } };
      try {
        const raw = sized(await this.#work(state, input, here, path), nameOf(here));
        const result = state.ResultSelector ? fill(state.ResultSelector, { input: raw, context: here }) : raw;
        const output = outputOf(state.OutputPath, resultInto(state.ResultPath, input, result), here);
        return step(state, sized(output, nameOf(here)));
      } catch (thrown) {
        if (this.#signal.aborted || thrown instanceof HistoryFull) throw thrown;
        const error = asStateError(thrown);
        const index = state.Retry.findIndex((retrier) => matches(retrier.ErrorEquals, error.name));
        const retrier = state.Retry[index];
        const used = attempts[index] ?? 0;
        if (retrier && used < retrier.MaxAttempts) {
          attempts[index] = used + 1;
          this.#event("TaskRetryScheduled", path, `${error.name}: ${error.message}`);
          await sleep(this.#retryDelayMs(retrier, used), undefined, { signal: this.#signal });
          continue;
        }
        const catcher = state.Catch.find((each) => matches(each.ErrorEquals, error.name));
        if (!catcher) throw error;
        const caught = { Error: error.name, Cause: error.message };
        return { output: resultInto(catcher.ResultPath, input, caught), next: catcher.Next };
      }
    }
  }

  #retryDelayMs(retrier: TaskState["Retry"][number], used: number): number {
    const grown = retrier.IntervalSeconds * retrier.BackoffRate ** used;
    const seconds = Math.min(grown, retrier.MaxDelaySeconds ?? Number.POSITIVE_INFINITY);
    return seconds * 1_000 * (retrier.JitterStrategy === "FULL" ? this.#random() : 1);
  }

  async #work(state: TaskState | ParallelState | MapState, input: Json, context: Context, path: string): Promise<Json> {
    if (state.Type === "Task") return this.#task(state, input, context, path);
    if (state.Type === "Map") return this.#map(state, input, context, path);
    const branchInput = state.Parameters ? fill(state.Parameters, { input, context }) : input;
    this.#event("ParallelStateStarted", path);
    const outputs = await this.#together(
      state.Branches.map((branch, index) => (run) => run.machine(branch, branchInput, context, `${path}[${index}]`)),
    );
    this.#event("ParallelStateSucceeded", path);
    return outputs;
  }

  /** Runs branches in parallel; when one fails, the others are stopped, as in Step Functions. */
  async #together(branches: ((run: Execution) => Promise<Json>)[]): Promise<Json[]> {
    const ended = new AbortController();
    const run = new Execution(this.#ports, AbortSignal.any([this.#signal, ended.signal]), this.#history);
    const running = branches.map((branch) => branch(run));
    try {
      return await Promise.all(running);
    } finally {
      ended.abort();
      await Promise.allSettled(running);
    }
  }

  async #task(state: TaskState, input: Json, context: Context, path: string): Promise<Json> {
    const signals = [this.#signal];
    const timeout = state.TimeoutSecondsPath
      ? Number(read(state.TimeoutSecondsPath, { input, context }))
      : state.TimeoutSeconds;
    if (timeout) signals.push(AbortSignal.timeout(timeout * 1_000));
    const signal = AbortSignal.any(signals);
    const progress = { signal, tell: (type: string, detail?: string) => this.#event(type, path, detail) };
    return callTask(state, { input, context }, this.#ports, progress);
  }

  async #map(state: MapState, input: Json, context: Context, path: string): Promise<Json> {
    const scope = { input, context };
    const { Bucket, Key } = fill(state.ItemReader.Parameters, scope) as { Bucket: string; Key: string };
    const text = await this.#ports.readObject(Bucket, Key);
    if (text === undefined) throw new StateError("States.ItemReaderFailed", `no object ${Key} in ${Bucket}`);
    const items: unknown = JSON.parse(text);
    if (!Array.isArray(items)) throw new StateError("States.ItemReaderFailed", `${Key} is not a JSON array`);
    const most = state.MaxConcurrencyPath ? Number(read(state.MaxConcurrencyPath, scope)) : (state.MaxConcurrency ?? 0);

    const tolerated =
      state.ToleratedFailureCount ?? Math.floor((items.length * (state.ToleratedFailurePercentage ?? 0)) / 100);
    let failed = 0;
    const results: Json[] = [];
    const ended = new AbortController();
    const signal = AbortSignal.any([this.#signal, ended.signal]);
    const waiting = (items as Json[]).slice(0, state.ItemReader.ReaderConfig.MaxItems).entries();
    this.#event("MapStateStarted", path);
    this.#event("MapRunStarted", path, `${items.length} items`);

    const lane = async (): Promise<void> => {
      for (const [index, item] of waiting) {
        const itemContext = { ...context, Map: { Item: { Index: index, Value: item } } };
        const itemInput = state.ItemSelector ? fill(state.ItemSelector, { input, context: itemContext }) : item;
        try {
          const run = new Execution(this.#ports, signal);
          results[index] = await run.machine(state.ItemProcessor, itemInput, itemContext, `${path}[${index}]`);
        } catch (error) {
          if (ended.signal.aborted || this.#signal.aborted) throw error;
          failed++;
          if (failed > tolerated) {
            ended.abort();
            throw new StateError("States.ExceedToleratedFailureThreshold", asStateError(error).message);
          }
        }
      }
    };
    const lanes = Array.from({ length: Math.min(most || MAX_CHILDREN, MAX_CHILDREN, items.length) }, lane);
    try {
      await Promise.all(lanes);
    } finally {
      ended.abort();
      await Promise.allSettled(lanes);
    }
    this.#event("MapRunSucceeded", path);
    this.#event("MapStateSucceeded", path);
    return results;
  }
}
