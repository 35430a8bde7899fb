import { classifyUndecodable, judgeResponse, RELAY } from "../answers/jsonrpc.ts";
import type { Connection, Exchange, Waiting } from "../http/connection.ts";
import { decodeApart, decodeAtOnce } from "../http/decode.ts";
import type { HeaderSource } from "../http/headers.ts";
import { ResponseError } from "../http/responseError.ts";
import { mayBeLimited } from "../results/rateLimits.ts";
import type { Recorder } from "./recorder.ts";
import type { PreparedRequest } from "./requests.ts";
import type { Sender } from "./sender.ts";

/** The class of a request that exceeded the plan's timeout, by what it was waiting for. */
export const TIMED_OUT: Record<Waiting, string> = {
  connect: "connect-timeout",
  headers: "headers-timeout",
  body: "body-timeout",
};

/** The class of a request that failed because of an internal error: Volley's fault. */
export const INTERNAL_ERROR = "internal-error";

/** The n-th request of a chain, now due. */
export interface DueRequest {
  request: PreparedRequest;
  n: number;
  recorder: Recorder;
  /** When it is due, in ms from the phase's start. */
  dueMs: number;
  /** The same in ms since the epoch. */
  dueAtMs: number;
}

/** One request in flight, with the instants from which its times are measured. */
export class TimedExchange implements Exchange {
  readonly #sender: Sender;
  readonly #connection: Connection;
  readonly #due: DueRequest;
  readonly request: PreparedRequest;
  readonly n: number;
  readonly sentAtMs: number;
  /** When the first byte of the response arrived, if the request's time is split; 0 otherwise. */
  #beganAtMs = 0;
  /** Whether its outcome has been recorded. */
  done = false;
  /** Whether its response is complete and being decoded. */
  #isWhole = false;
  /** Its response's headers, while they are valid. */
  #source: HeaderSource | undefined;
  /** The node that answered, by the plan's header. */
  #node: string | undefined;

  constructor(sender: Sender, connection: Connection, due: DueRequest, sentAtMs: number) {
    this.#sender = sender;
    this.#connection = connection;
    this.#due = due;
    this.request = due.request;
    this.n = due.n;
    this.sentAtMs = sentAtMs;
  }

  began(): void {
    if (this.#beganAtMs === 0 && this.#due.recorder.splits(this.n)) this.#beganAtMs = this.#sender.nowMs();
  }

  responded(status: number, body: Buffer, codings: string, source?: HeaderSource): void {
    const nowMs = this.#sender.nowMs();
    this.#source = source;
    const { nodeHeader } = this.#due.recorder;
    if (nodeHeader !== undefined) this.#node = source?.headers.first(nodeHeader);
    if (codings === "" || body.length === 0) this.#record(nowMs, status, body.length, body);
    else this.#decode(nowMs, status, body, codings);
    this.#source = undefined;
  }

  /** Decodes a body, and records it with its arrival time. */
  #decode(nowMs: number, status: number, body: Buffer, codings: string): void {
    const { maxBodyBytes, memory } = this.#sender;
    const { length } = body;
    let decoded: Buffer | undefined;
    try {
      decoded = decodeAtOnce(body, codings, maxBodyBytes);
    } catch (error) {
      this.#undecodable(nowMs, status, length, error);
      return;
    }
    if (decoded) {
      this.#record(nowMs, status, length, decoded);
      return;
    }
    // A copy, because the lent memory is reused in the meantime.
    const copy = memory.left >= length ? Buffer.from(body) : undefined;
    if (!copy) {
      this.failed("response-memory");
      return;
    }
    memory.left -= length;
    this.#isWhole = true;
    decodeApart(copy, codings, maxBodyBytes)
      .then(
        (whole) => this.#record(nowMs, status, length, whole),
        (error: unknown) => this.#undecodable(nowMs, status, length, error),
      )
      .finally(() => {
        memory.left += length;
      });
  }

  #undecodable(nowMs: number, status: number, bytes: number, error: unknown): void {
    if (this.done) return;
    const name = error instanceof ResponseError ? error.code : INTERNAL_ERROR;
    if (name === "invalid-encoding") {
      this.#count(nowMs, status, bytes, classifyUndecodable(status, this.request.expected));
    } else this.failed(name);
  }

  #record(nowMs: number, status: number, bytes: number, body: Buffer): void {
    // It was cut off while its body was being decoded.
    if (this.done) return;
    if (body.length !== bytes) this.#due.recorder.decoded(bytes, body.length);
    this.#count(nowMs, status, bytes, this.#classify(nowMs, status, body));
  }

  #count(nowMs: number, status: number, bytes: number, classified: string): void {
    this.done = true;
    const { recorder, dueMs, dueAtMs } = this.#due;
    const response = { responseMs: nowMs - dueAtMs, serviceMs: nowMs - this.sentAtMs, status, bytes, classified };
    recorder.responded(dueMs, response, this.request.target);
    if (recorder.nodeHeader !== undefined) {
      recorder.answeredBy(this.#node, this.#connection, response.responseMs, classified);
    }
    if (this.request.age) recorder.aged(this.request.age, response.responseMs, classified);
    if (this.#beganAtMs !== 0) recorder.split(this.#beganAtMs - this.sentAtMs, nowMs - this.#beganAtMs);
    this.#sender.ended();
  }

  /** The response's class. No response may crash the worker. */
  #classify(nowMs: number, status: number, body: Buffer): string {
    try {
      const { expected, target } = this.request;
      const verdict = judgeResponse(status, body, expected, this.n);
      if (verdict !== RELAY) {
        const { recorder, dueMs, dueAtMs } = this.#due;
        recorder.noted(dueMs, { responseMs: nowMs - dueAtMs, verdict, status, body }, target);
        if (this.#source && mayBeLimited(verdict.name))
          recorder.limited(verdict.name, this.#source.headers.all(), nowMs);
      }
      return verdict.name;
    } catch {
      return INTERNAL_ERROR;
    }
  }

  failed(failure: string): void {
    this.done = true;
    this.#due.recorder.failed(this.#due.dueMs, failure, this.request.target);
    this.#sender.ended();
  }

  timeOut(): void {
    if (!this.#isWhole) this.cutOff(TIMED_OUT[this.#connection.waitingFor(this)]);
  }

  /** Ends it without a response, with the class `failure`. */
  cutOff(failure: string): void {
    if (this.done) return;
    if (!this.#isWhole) this.#connection.cancel(this);
    this.failed(failure);
  }
}
