import type { Json, Scope } from "./paths.ts";
import type { Context } from "./stateData.ts";
import { asStateError, StateError } from "./stateError.ts";
import { PUT_OBJECT_AND_WAIT, type TaskState } from "./stateSchema.ts";
import { fill } from "./templates.ts";

/** A task that waits for its token. */
export interface Callback {
  token: string;
  /**
   * What somebody returns with the token. Rejects with the StateError that somebody reports, or with States.Timeout if
   * `heartbeatSeconds` pass without a heartbeat; they count from this call.
   */
  result(heartbeatSeconds: number | undefined, signal: AbortSignal): Promise<Json>;
}

/** What Tasks call. */
export interface TaskPorts {
  /** Calls a function with a payload. Rejects with a StateError, whose name Retry and Catch match. */
  invoke(functionName: string, payload: Json, signal: AbortSignal): Promise<Json>;
  /** Writes an object. */
  putObject?(bucket: string, key: string, body: string): Promise<void>;
  /** Makes a task that waits for its token. */
  callback?(): Callback;
}

/** A Task that is being executed. */
interface Progress {
  /** Aborts when the Task's time is over, which counts from its start, or its execution ends. */
  signal: AbortSignal;
  /** Adds an event to the execution's history. */
  tell(type: string, detail?: string): void;
}

type Call = { FunctionName: string; Payload?: Json } | { Bucket: string; Key: string; Body: Json };

/** Calls what a Task names; resolves to its raw result. Rejects with a StateError. */
export async function callTask(
  state: TaskState,
  { input, context }: Scope,
  ports: TaskPorts,
  { signal, tell }: Progress,
): Promise<Json> {
  const callback = state.Resource === PUT_OBJECT_AND_WAIT ? ports.callback?.() : undefined;
  const known = callback ? { ...(context as Context), Task: { Token: callback.token } } : context;
  const call = fill(state.Parameters, { input, context: known }) as Call;
  tell("TaskScheduled", "FunctionName" in call ? call.FunctionName : call.Key);
  tell("TaskStarted");
  const returned = callback?.result(state.HeartbeatSeconds, signal);
  // It may reject before it is awaited.
  returned?.catch(() => {});
  try {
    const result = "FunctionName" in call ? await invoke(call, ports, signal) : await put(call, ports);
    if (returned) tell("TaskSubmitted");
    const output = returned ? await returned : result;
    tell("TaskSucceeded");
    return output;
  } catch (error) {
    const { name, message } = asStateError(error);
    tell(name === "States.Timeout" ? "TaskTimedOut" : "TaskFailed", `${name}: ${message}`);
    throw error;
  }
}

async function invoke(
  { FunctionName, Payload = {} }: { FunctionName: string; Payload?: Json },
  ports: TaskPorts,
  signal: AbortSignal,
): Promise<Json> {
  return {
    ExecutedVersion: "$LATEST",
    Payload: await ports.invoke(FunctionName, Payload, signal),
    StatusCode: 200,
  };
}

async function put(
  { Bucket, Key, Body }: { Bucket: string; Key: string; Body: Json },
  ports: TaskPorts,
): Promise<Json> {
  if (!ports.putObject) throw new StateError("States.Runtime", `there is no bucket ${Bucket} to write to`);
  try {
    await ports.putObject(Bucket, Key, JSON.stringify(Body));
  } catch (error) {
    throw new StateError("S3.S3Exception", (error as Error).message);
  }
  return {};
}
