import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { randomSeries } from "../plan/random.ts";
import type { GatewaySettings, StandInChain } from "../plan/schema.ts";
import { answer } from "./gatewayAnswers.ts";
import { gatewayMetrics } from "./gatewayMetrics.ts";

/** The true counts of one chain, which reports are checked against. */
export interface ChainTruth {
  name: string;
  /** Requests that came in whole, however they were answered. */
  requests: number;
  /** Requests answered with HTTP 200 and JSON-RPC results only. */
  relays: number;
  http500: number;
  http429: number;
  http503: number;
  rpcErrors: number;
  resets: number;
  timeouts: number;
  bytesIn: number;
  bytesOut: number;
  dbQueries: number;
  redisOperations: number;
  cpuSeconds: number;
  inService: number;
  queued: number;
}

/** The gateway's counts at one moment, as `/truth` gives them. */
export interface GatewayTruth {
  chains: ChainTruth[];
}

type Fault = "http500" | "http429" | "rpcError" | "reset" | "timeout";

interface Call {
  body: string;
  response: ServerResponse;
}

/** One chain's server: so many requests are served at once, the others wait in line. */
class ChainServer {
  readonly settings: StandInChain;
  readonly truth: ChainTruth;
  readonly #random: () => number;
  readonly #mu: number;
  readonly #sigma: number;
  readonly #line: Call[] = [];
  readonly #beganMs: number;

  constructor(settings: StandInChain, random: () => number, beganMs: number) {
    this.settings = settings;
    this.#random = random;
    this.#beganMs = beganMs;
    // A log-normal distribution by its median and its 99th percentile, which is 2.326 standard deviations up.
    this.#mu = Math.log(settings.latencyMs.p50);
    this.#sigma = Math.max(0, Math.log(settings.latencyMs.p99 / settings.latencyMs.p50) / 2.326);
    this.truth = {
      name: settings.name,
      requests: 0,
      relays: 0,
      http500: 0,
      http429: 0,
      http503: 0,
      rpcErrors: 0,
      resets: 0,
      timeouts: 0,
      bytesIn: 0,
      bytesOut: 0,
      dbQueries: 0,
      redisOperations: 0,
      cpuSeconds: 0,
      inService: 0,
      queued: 0,
    };
  }

  take(call: Call): void {
    this.truth.requests++;
    this.truth.bytesIn += Buffer.byteLength(call.body);
    if (this.truth.inService < this.settings.concurrency) {
      this.#serve(call);
    } else if (this.#line.length < this.settings.queue) {
      this.#line.push(call);
      this.truth.queued = this.#line.length;
    } else {
      this.truth.http503++;
      this.#reply(call, 503, '{"error":"queue full"}');
    }
  }

  #serve(call: Call): void {
    this.truth.inService++;
    const serviceMs = Math.exp(this.#mu + this.#sigma * normal(this.#random));
    setTimeout(() => this.#finish(call), serviceMs);
  }

  #finish(call: Call): void {
    this.truth.inService--;
    const next = this.#line.shift();
    if (next) {
      this.truth.queued = this.#line.length;
      this.#serve(next);
    }
    const fault = this.#fault();
    if (fault === "http500") {
      this.truth.http500++;
      this.#reply(call, 500, '{"error":"internal"}');
    } else if (fault === "http429") {
      this.truth.http429++;
      this.#reply(call, 429, '{"error":"too many requests"}');
    } else if (fault === "reset") {
      this.truth.resets++;
      call.response.socket?.resetAndDestroy();
    } else if (fault === "timeout") {
      // Never answered: the client's timeout ends it, by closing the connection.
      this.truth.timeouts++;
    } else {
      this.#answer(call, fault === "rpcError");
    }
  }

  #answer(call: Call, asError: boolean): void {
    const sinceMs = Date.now() - this.#beganMs;
    const { text, isRelay } = answer(call.body, this.settings, sinceMs, asError);
    if (isRelay) {
      const { dbQueries, redisOperations, cpuMs } = this.settings.perRequest;
      this.truth.relays++;
      this.truth.dbQueries += dbQueries;
      this.truth.redisOperations += redisOperations;
      this.truth.cpuSeconds += cpuMs / 1_000;
    } else {
      this.truth.rpcErrors++;
    }
    this.#reply(call, 200, text);
  }

  #reply({ response }: Call, status: number, body: string): void {
    const length = Buffer.byteLength(body);
    this.truth.bytesOut += length;
    response.writeHead(status, { "Content-Type": "application/json", "Content-Length": length });
    response.end(body);
  }

  #fault(): Fault | undefined {
    const { errors } = this.settings;
    let point = this.#random();
    for (const fault of ["http500", "http429", "rpcError", "reset", "timeout"] as const) {
      point -= errors[fault];
      if (point < 0) return fault;
    }
    return undefined;
  }
}

/** A gateway that listens. */
export interface Gateway {
  origin: string;
  truth(): GatewayTruth;
  close(): Promise<void>;
}

/**
 * Starts the stand-in gateway on loopback: JSON-RPC at `/api/gateway?endpoint=…` for each chain, Prometheus metrics at
 * `/metrics`, its true counts at `/truth`. Rejects when the port is taken.
 */
export async function startGateway(settings: GatewaySettings): Promise<Gateway> {
  const random = randomSeries(settings.seed);
  const beganMs = Date.now();
  const chains = new Map(settings.chains.map((chain) => [chain.endpoint, new ChainServer(chain, random, beganMs)]));
  const truth = (): GatewayTruth => ({ chains: [...chains.values()].map((chain) => ({ ...chain.truth })) });
  const server = createServer({ keepAliveTimeout: 60_000, requestTimeout: 0 });
  const metrics = gatewayMetrics(truth, () => connections(server));
  server.on("request", (request, response) => route(request, response, chains, truth, metrics));
  server.listen({ port: settings.port, host: "127.0.0.1", backlog: 4_096 });
  await once(server, "listening");
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    origin,
    truth,
    async close() {
      server.close();
      server.closeAllConnections();
      await once(server, "close");
    },
  };
}

function route(
  request: IncomingMessage,
  response: ServerResponse,
  chains: Map<string, ChainServer>,
  truth: () => GatewayTruth,
  metrics: () => Promise<string>,
): void {
  const [path, query = ""] = (request.url ?? "").split("?");
  if (path === "/api/gateway") {
    const chain = chains.get(new URLSearchParams(query).get("endpoint") ?? "");
    if (!chain) {
      reply(response, 404, "application/json", '{"error":"no such endpoint"}');
      return;
    }
    let body = "";
    request.setEncoding("utf8");
    request.on("data", (text: string) => {
      body += text;
    });
    request.on("end", () => chain.take({ body, response }));
    request.on("error", () => response.destroy());
    return;
  }
  if (path === "/metrics") {
    metrics().then(
      (text) => reply(response, 200, "text/plain; version=0.0.4; charset=utf-8", text),
      (error: Error) => reply(response, 500, "text/plain", error.message),
    );
    return;
  }
  if (path === "/truth") {
    reply(response, 200, "application/json", JSON.stringify(truth()));
    return;
  }
  reply(response, 404, "text/plain", "Volley's stand-in gateway: /api/gateway?endpoint=…, /metrics, /truth\n");
}

function reply(response: ServerResponse, status: number, type: string, body: string): void {
  response.writeHead(status, { "Content-Type": type, "Content-Length": Buffer.byteLength(body) });
  response.end(body);
}

async function connections(server: Server): Promise<number> {
  return new Promise((done, failed) => {
    server.getConnections((error, count) => (error ? failed(error) : done(count)));
  });
}

/** A number of the standard normal distribution (Box and Muller). */
function normal(random: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}
