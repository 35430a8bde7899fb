import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Json } from "./paths.ts";
import { StateError } from "./stateError.ts";
import type { Callback } from "./task.ts";

/** A task that waits for its token to be returned. */
interface Waiting {
  heard(): void;
  done(output: Json): void;
  failed(error: Error): void;
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
 * Task tokens on this machine. Implements the part of Step Functions' API that returns them (SendTaskHeartbeat,
 * SendTaskSuccess, SendTaskFailure), so that the AWS SDK can use it as an endpoint.
 */
export class Callbacks {
  readonly #server = createServer((request, response) => void this.#serve(request, response));
  /** Open tasks by token; undefined for a task that has ended. */
  readonly #tasks = new Map<string, Waiting | undefined>();

  /** Listens on a free port of loopback, or of another address of this machine; returns the endpoint. */
  async listen(address = "127.0.0.1"): Promise<string> {
    this.#server.listen(0, address);
    await once(this.#server, "listening");
    return `http://${address}:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Makes a task that waits for its token. */
  open(): Callback {
    const token = randomUUID();
    return { token, result: (heartbeatSeconds, signal) => this.#result(token, heartbeatSeconds, signal) };
  }

  async #result(token: string, heartbeatSeconds: number | undefined, signal: AbortSignal): Promise<Json> {
    let timer: NodeJS.Timeout | undefined;
    let onAbort = (): void => {};
    try {
      return await new Promise<Json>((done, failed) => {
        // AWS reports a missing heartbeat of such a task as States.Timeout, not as States.HeartbeatTimeout.
        const silent = (): void => failed(new StateError("States.Timeout", `no heartbeat for ${heartbeatSeconds} s`));
        const heard = (): void => {
          clearTimeout(timer);
          if (heartbeatSeconds !== undefined) timer = setTimeout(silent, heartbeatSeconds * 1_000);
        };
        onAbort = () => failed(signal.reason);
        signal.addEventListener("abort", onAbort, { once: true });
        if (signal.aborted) onAbort();
        this.#tasks.set(token, { heard, done, failed });
        heard();
      });
    } finally {
      clearTimeout(timer);
      signal.removeEventListener("abort", onAbort);
      this.#tasks.set(token, undefined);
    }
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const pieces: Buffer[] = [];
    for await (const piece of request) pieces.push(piece as Buffer);
    const reply = (status: number, body: unknown): void => {
      response.writeHead(status, { "Content-Type": "application/x-amz-json-1.0" }).end(JSON.stringify(body));
    };
    try {
      const body = JSON.parse(Buffer.concat(pieces).toString() || "{}") as Record<string, string>;
      this.#act(String(request.headers["x-amz-target"]).split(".").at(-1) ?? "", body);
      reply(200, {});
    } catch (error) {
      const type = error instanceof ApiError ? error.type : "ValidationException";
      reply(400, { __type: type, message: (error as Error).message });
    }
  }

  #act(action: string, { taskToken, output = "", error, cause }: Record<string, string>): void {
    switch (action) {
      case "SendTaskHeartbeat":
        this.#task(taskToken).heard();
        break;
      case "SendTaskSuccess":
        this.#task(taskToken).done(parsed(output));
        break;
      case "SendTaskFailure":
        this.#task(taskToken).failed(new StateError(error ?? "States.TaskFailed", cause ?? ""));
        break;
      default:
        throw new ApiError("UnknownOperationException", `no such operation here: ${action}`);
    }
  }

  #task(token = ""): Waiting {
    const task = this.#tasks.get(token);
    if (task) return task;
    if (!this.#tasks.has(token)) throw new ApiError("InvalidToken", "Invalid Token: 'Invalid token'");
    throw new ApiError("TaskTimedOut", "Task Timed Out: 'Provided task does not exist anymore'");
  }

  async close(): Promise<void> {
    this.#server.close();
    this.#server.closeAllConnections();
  }
}

function parsed(output: string): Json {
  try {
    return JSON.parse(output) as Json;
  } catch {
    throw new ApiError("InvalidOutput", "Invalid Output: 'Could not parse payload as json'");
  }
}
