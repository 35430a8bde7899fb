import { fork } from "node:child_process";
import type { Writable } from "node:stream";
import { fileURLToPath } from "node:url";
import type { Json } from "../stepfunctions/paths.ts";
import { StateError } from "../stepfunctions/stateError.ts";
import { Lifeline } from "./lifeline.ts";

const HOST = fileURLToPath(new URL("./functionHost.ts", import.meta.url));

/**
 * The heap's initial limit, in MB, which costs nothing by itself. With Node's small default, a worker's heap is marked
 * and compacted every few seconds, and each time some requests are 10 ms late.
 */
const HEAP = "--initial-heap-size=128";

/** A process that runs a handler. */
export interface FunctionProcess {
  pid: number;
  /** Makes it stop sending; a process that does not react is killed. */
  stop(): void;
  /** Kills the process. */
  kill(): void;
}

/** How a handler's module is run: its environment variables, and callbacks for its processes. */
export interface ProcessOptions {
  env: Record<string, string>;
  /** The file of the network namespace that it runs in, instead of this process's. */
  network?: string | undefined;
  onStart?(process: FunctionProcess): void;
  onExit?(process: FunctionProcess): void;
}

/** The reply of a function's process. */
export type HostAnswer = { result: Json } | { error: { name: string; message: string } };

/**
 * Calls a handler in a separate process, as in a Lambda cold start. Rejects with a StateError: the handler's error by
 * its name, or `Runtime.ExitError` if the process ends without a reply. Aborting the signal kills the process, and so does
 * the end of this one.
 */
export async function callInProcess(
  modulePath: string,
  payload: Json,
  signal: AbortSignal,
  options: ProcessOptions,
): Promise<Json> {
  // In a separate process group: a terminal's Ctrl-C only reaches the runner, which then stops the workers cleanly.
  const flags = ["--disable-warning=ExperimentalWarning", HEAP];
  const { network } = options;
  const child = fork(HOST, [modulePath], {
    env: { ...process.env, ...options.env },
    execArgv: flags,
    // nsenter becomes Node, so the process keeps its id and its channel to this one.
    ...(network !== undefined && {
      execPath: "nsenter",
      execArgv: [`--net=${network}`, process.execPath, ...flags],
    }),
    stdio: ["pipe", "ignore", "pipe", "ipc"],
    detached: true,
  });
  const lifeline = new Lifeline(child.stdin as Writable);
  const running: FunctionProcess = {
    pid: child.pid ?? 0,
    stop: () => lifeline.stop(),
    kill: () => void child.kill("SIGKILL"),
  };
  if (child.pid !== undefined) options.onStart?.(running);
  let stderr = "";
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    stderr = (stderr + text).slice(-4_000);
  });
  return new Promise((done, failed) => {
    const kill = (): void => {
      child.kill("SIGKILL");
      failed(signal.reason);
    };
    let answer: HostAnswer | undefined;
    child.once("message", (message) => {
      answer = message as HostAnswer;
    });
    child.once("error", (error) => failed(new StateError("Lambda.Unknown", error.message)));
    child.once("close", (code, killedBy) => {
      signal.removeEventListener("abort", kill);
      lifeline.close();
      if (child.pid !== undefined) options.onExit?.(running);
      if (!answer) {
        const how = killedBy ? `was ended by ${killedBy}` : `ended with ${code}`;
        failed(new StateError("Runtime.ExitError", `the process ${how} before it answered\n${stderr}`.trim()));
      } else if ("error" in answer) {
        failed(new StateError(answer.error.name, answer.error.message));
      } else {
        done(answer.result);
      }
    });
    if (signal.aborted) kill();
    else signal.addEventListener("abort", kill, { once: true });
    child.send(payload as object);
  });
}
