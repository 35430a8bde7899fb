import type { ServerResponse } from "node:http";
import type { StandInChain } from "../plan/gatewaySchema.ts";
import { answer } from "./answers.ts";
import type { Backends } from "./backends.ts";
import { Station } from "./station.ts";

/** The true counts of one chain, which reports are checked against. */
export interface ChainTruth {
  name: string;
  /** Requests received completely, whatever the response. */
  requests: number;
  /** Requests answered with HTTP 200 and JSON-RPC results only. */
  relays: number;
  http500: number;
  http429: number;
  http503: number;
  rpcErrors: number;
  resets: number;
  timeouts: number;
  /** Requests whose client had disconnected before their turn came. */
  abandoned: number;
  bytesIn: number;
  bytesOut: number;
  dbQueries: number;
  redisOperations: number;
  cpuSeconds: number;
  inService: number;
  queued: number;
  /**
   * This chain's capacity on its own, in requests per second: servers of its bottleneck station ÷ mean time measured
   * for its requests there. Null before the first request.
   */
  capacityRps: number | null;
}

type Fault = "http500" | "http429" | "rpcError" | "reset" | "timeout";

interface Call {
  body: string;
  response: ServerResponse;
}

/** What all chains share. */
export interface Shared {
  random: () => number;
  beganMs: number;
  cpu: Station | undefined;
  dbPool: Station | undefined;
  backends: Backends | undefined;
}

/** One chain's path through the gateway: the shared CPU, the shared pool, and the chain's own node. */
export class ChainServer {
  readonly settings: StandInChain;
  readonly #truth: ChainTruth;
  readonly #shared: Shared;
  readonly #node: Station;
  readonly #mu: number;
  readonly #sigma: number;
  #inGateway = 0;
  /** Requests that passed each shared station, and the seconds they took there. */
  readonly #passed = new Map<Station, { count: number; seconds: number }>();

  constructor(settings: StandInChain, shared: Shared) {
    this.settings = settings;
    this.#shared = shared;
    this.#node = new Station(settings.concurrency);
    // A log-normal distribution, from its median and its 99th percentile, which is 2.326 standard deviations above.
    this.#mu = Math.log(settings.latencyMs.p50);
    this.#sigma = Math.max(0, Math.log(settings.latencyMs.p99 / settings.latencyMs.p50) / 2.326);
    this.#truth = {
      name: settings.name,
      requests: 0,
      relays: 0,
      http500: 0,
      http429: 0,
      http503: 0,
      rpcErrors: 0,
      resets: 0,
      timeouts: 0,
      abandoned: 0,
      bytesIn: 0,
      bytesOut: 0,
      dbQueries: 0,
      redisOperations: 0,
      cpuSeconds: 0,
      inService: 0,
      queued: 0,
      capacityRps: null,
    };
  }

  truth(): ChainTruth {
    const { busy, waiting } = this.#node;
    return { ...this.#truth, inService: busy, queued: waiting, capacityRps: this.#capacityRps() };
  }

  #capacityRps(): number | null {
    const { served, busySeconds, servers } = this.#node;
    if (served === 0) return null;
    const rates = [(servers * served) / busySeconds];
    for (const [station, { count, seconds }] of this.#passed) rates.push((station.servers * count) / seconds);
    return Math.min(...rates);
  }

  take(call: Call): void {
    const truth = this.#truth;
    truth.requests++;
    truth.bytesIn += Buffer.byteLength(call.body);
    if (this.#inGateway >= this.settings.concurrency + this.settings.queue) {
      truth.http503++;
      this.#reply(call, 503, '{"error":"queue full"}');
      return;
    }
    this.#inGateway++;
    call.response.once("close", () => this.#inGateway--);
    const { cpu, dbPool } = this.#shared;
    const { cpuMs, dbMs } = this.settings.perRequest;
    const serviceMs = Math.exp(this.#mu + this.#sigma * normal(this.#shared.random));
    this.#pass(cpu, cpuMs, call, () =>
      this.#pass(dbPool, dbMs, call, () => this.#pass(this.#node, serviceMs, call, () => this.#finish(call))),
    );
  }

  /** Passes a call through a station, if there is one, unless its client disconnects in the meantime. */
  #pass(station: Station | undefined, ms: number, call: Call, then: () => void): void {
    if (!station || ms === 0) {
      then();
      return;
    }
    const isWanted = (): boolean => {
      if (!call.response.destroyed) return true;
      this.#truth.abandoned++;
      return false;
    };
    station.work(ms, isWanted, (seconds) => {
      if (station !== this.#node) {
        const passed = this.#passed.get(station) ?? { count: 0, seconds: 0 };
        passed.count++;
        passed.seconds += seconds;
        this.#passed.set(station, passed);
      }
      then();
    });
  }

  #finish(call: Call): void {
    const truth = this.#truth;
    const fault = this.#fault();
    if (fault === "http500") {
      truth.http500++;
      this.#reply(call, 500, '{"error":"internal"}');
    } else if (fault === "http429") {
      truth.http429++;
      this.#reply(call, 429, '{"error":"too many requests"}');
    } else if (fault === "reset") {
      truth.resets++;
      call.response.socket?.resetAndDestroy();
    } else if (fault === "timeout") {
      // No response: the client's timeout ends it by closing the connection.
      truth.timeouts++;
    } else {
      this.#answer(call, fault === "rpcError");
    }
  }

  #answer(call: Call, asError: boolean): void {
    const truth = this.#truth;
    const sinceMs = Date.now() - this.#shared.beganMs;
    const { text, isRelay } = answer(call.body, this.settings, sinceMs, asError);
    if (!isRelay) {
      truth.rpcErrors++;
      this.#reply(call, 200, text);
    } else if (!this.#shared.backends) {
      this.#relay(call, text);
    } else {
      this.#shared.backends.work(this.settings.perRequest).then(
        () => this.#relay(call, text),
        () => {
          truth.http500++;
          this.#reply(call, 500, '{"error":"a backend failed"}');
        },
      );
    }
  }

  #relay(call: Call, text: string): void {
    const truth = this.#truth;
    const { dbQueries, redisOperations, cpuMs } = this.settings.perRequest;
    truth.relays++;
    truth.dbQueries += dbQueries;
    truth.redisOperations += redisOperations;
    truth.cpuSeconds += cpuMs / 1_000;
    this.#reply(call, 200, text);
  }

  #reply({ response }: Call, status: number, body: string): void {
    const length = Buffer.byteLength(body);
    this.#truth.bytesOut += length;
    response.writeHead(status, { "Content-Type": "application/json", "Content-Length": length });
    response.end(body);
  }

  #fault(): Fault | undefined {
    const { errors } = this.settings;
    let point = this.#shared.random();
    for (const fault of ["http500", "http429", "rpcError", "reset", "timeout"] as const) {
      point -= errors[fault];
      if (point < 0) return fault;
    }
    return undefined;
  }
}

/** A random number from the standard normal distribution (Box and Muller). */
function normal(random: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}
