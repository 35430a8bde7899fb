import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Json } from "./paths.ts";
import { StateError } from "./stateError.ts";

/** How long a host's poll waits for a task, in ms: the same as in Step Functions. */
const POLL_MS = 60_000;

interface Task {
  token: string;
  input: string;
  heartbeatMs: number | undefined;
  timer?: NodeJS.Timeout;
  done(output: Json): void;
  failed(error: Error): void;
}

interface Poller {
  name: string;
  answer(task: Task | undefined): void;
}

/** An error in the format of Step Functions' API. */
class ApiError extends Error {
  readonly type: string;

  constructor(type: string, message: string) {
    super(message);
    this.type = type;
  }
}

/**
 * Activities on this machine. Implements the part of Step Functions' API that hosts use (GetActivityTask,
 * SendTaskHeartbeat, SendTaskSuccess, SendTaskFailure), so that the AWS SDK can use it as an endpoint.
 */
export class Activities {
  readonly #arn: string;
  readonly #server = createServer((request, response) => void this.#serve(request, response));
  readonly #waiting: Task[] = [];
  readonly #taken = new Map<string, Task>();
  /** Tokens of abandoned tasks: a host that still uses one gets TaskTimedOut. */
  readonly #timedOut = new Set<string>();
  readonly #pollers: Poller[] = [];

  constructor(arn: string) {
    this.#arn = arn;
  }

  /** Listens on a free port of loopback, or of another address of this machine; returns the endpoint. */
  async listen(address = "127.0.0.1"): Promise<string> {
    this.#server.listen(0, address);
    await once(this.#server, "listening");
    return `http://${address}:${(this.#server.address() as AddressInfo).port}`;
  }

  /** The names of the hosts that are waiting for a task. */
  get hosts(): string[] {
    return [...new Set(this.#pollers.map(({ name }) => name))];
  }

  /** Hands a task to the next host that polls. Rejects with a StateError, such as States.HeartbeatTimeout. */
  async run(arn: string, input: Json, heartbeatSeconds: number | undefined, signal: AbortSignal): Promise<Json> {
    if (arn !== this.#arn) throw new StateError("States.Runtime", `there is no activity ${arn}`);
    return new Promise((resolve, reject) => {
      const settle =
        <T>(then: (value: T) => void) =>
        (value: T): void => {
          clearTimeout(task.timer);
          signal.removeEventListener("abort", abort);
          this.#taken.delete(task.token);
          then(value);
        };
      const task: Task = {
        token: randomUUID(),
        input: JSON.stringify(input),
        heartbeatMs: heartbeatSeconds === undefined ? undefined : heartbeatSeconds * 1_000,
        done: settle(resolve),
        failed: settle(reject),
      };
      const abort = (): void => {
        this.#timedOut.add(task.token);
        const index = this.#waiting.indexOf(task);
        if (index !== -1) this.#waiting.splice(index, 1);
        task.failed(signal.reason);
      };
      signal.addEventListener("abort", abort, { once: true });
      this.#waiting.push(task);
      this.#match();
    });
  }

  #match(): void {
    while (this.#waiting.length > 0 && this.#pollers.length > 0) {
      const task = this.#waiting.shift() as Task;
      const poller = this.#pollers.shift() as Poller;
      this.#taken.set(task.token, task);
      this.#awaitHeartbeat(task);
      poller.answer(task);
    }
  }

  #awaitHeartbeat(task: Task): void {
    clearTimeout(task.timer);
    if (task.heartbeatMs === undefined) return;
    task.timer = setTimeout(() => {
      this.#timedOut.add(task.token);
      task.failed(new StateError("States.HeartbeatTimeout", `no heartbeat for ${(task.heartbeatMs ?? 0) / 1_000} s`));
    }, task.heartbeatMs);
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const pieces: Buffer[] = [];
    for await (const piece of request) pieces.push(piece as Buffer);
    const reply = (status: number, body: unknown): void => {
      response.writeHead(status, { "Content-Type": "application/x-amz-json-1.0" }).end(JSON.stringify(body));
    };
    try {
      const body = JSON.parse(Buffer.concat(pieces).toString() || "{}") as Record<string, string>;
      const action = String(request.headers["x-amz-target"]).split(".").at(-1) ?? "";
      reply(200, await this.#act(action, body, response));
    } catch (error) {
      const type = error instanceof ApiError ? error.type : "ValidationException";
      reply(400, { __type: type, message: (error as Error).message });
    }
  }

  async #act(action: string, body: Record<string, string>, response: ServerResponse): Promise<object> {
    switch (action) {
      case "GetActivityTask":
        return this.#getTask(body.activityArn ?? "", body.workerName ?? "", response);
      case "SendTaskHeartbeat":
        this.#awaitHeartbeat(this.#task(body.taskToken));
        return {};
      case "SendTaskSuccess": {
        const task = this.#task(body.taskToken);
        let output: Json;
        try {
          output = JSON.parse(body.output ?? "") as Json;
        } catch {
          throw new ApiError("InvalidOutput", "the output is not JSON");
        }
        task.done(output);
        return {};
      }
      case "SendTaskFailure":
        this.#task(body.taskToken).failed(new StateError(body.error ?? "States.TaskFailed", body.cause ?? ""));
        return {};
      default:
        throw new ApiError("UnknownOperationException", `no such operation here: ${action}`);
    }
  }

  async #getTask(arn: string, name: string, response: ServerResponse): Promise<object> {
    if (arn !== this.#arn) throw new ApiError("ActivityDoesNotExist", `Activity Does Not Exist: '${arn}'`);
    const task = await new Promise<Task | undefined>((answer) => {
      const poller: Poller = { name, answer };
      const leave = (): void => {
        const index = this.#pollers.indexOf(poller);
        if (index !== -1) this.#pollers.splice(index, 1);
        answer(undefined);
      };
      const timer = setTimeout(leave, POLL_MS);
      poller.answer = (given) => {
        clearTimeout(timer);
        answer(given);
      };
      // A host that dies while polling must not take a task with it.
      response.once("close", leave);
      this.#pollers.push(poller);
      this.#match();
    });
    return task ? { taskToken: task.token, input: task.input } : {};
  }

  #task(token = ""): Task {
    const task = this.#taken.get(token);
    if (task) return task;
    if (this.#timedOut.has(token)) throw new ApiError("TaskTimedOut", `Task Timed Out: '${token}'`);
    throw new ApiError("InvalidToken", `Invalid Token: '${token}'`);
  }

  async close(): Promise<void> {
    for (const poller of this.#pollers.splice(0)) poller.answer(undefined);
    this.#server.close();
    this.#server.closeAllConnections();
  }
}
