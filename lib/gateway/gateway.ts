import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { GatewaySettings } from "../plan/gatewaySchema.ts";
import { randomSeries } from "../schedule/random.ts";
import type { Backends } from "./backends.ts";
import { ChainServer, type ChainTruth, type Shared } from "./chainServer.ts";
import { gatewayMetrics } from "./metrics.ts";
import { Station } from "./station.ts";

/** The gateway's current counts, as `/truth` returns them. */
export interface GatewayTruth {
  chains: ChainTruth[];
  cpu: StationTruth | null;
  dbPool: StationTruth | null;
}

/** The counts of a station that all chains share. */
export interface StationTruth {
  servers: number;
  busy: number;
  waiting: number;
  busySeconds: number;
}

/** A running gateway. */
export interface Gateway {
  origin: string;
  truth(): GatewayTruth;
  close(): Promise<void>;
}

/** A gateway's options in addition to its settings. */
export interface GatewayOptions {
  backends?: Backends | undefined;
  /** The address to listen on, instead of loopback. */
  address?: string;
}

/**
 * Starts the stand-in gateway, on loopback by default: JSON-RPC at `/api/gateway?endpoint=…` for each chain, Prometheus
 * metrics at `/metrics`, its true counts at `/truth`. With `backends`, each relay performs its queries and operations
 * there, and they are closed with the gateway. Rejects if the port is taken.
 */
export async function startGateway(
  settings: GatewaySettings,
  { backends, address = "127.0.0.1" }: GatewayOptions = {},
): Promise<Gateway> {
  const shared: Shared = {
    random: randomSeries(settings.seed),
    beganMs: Date.now(),
    cpu: settings.cpuCores === undefined ? undefined : new Station(settings.cpuCores),
    dbPool: settings.dbPool === undefined ? undefined : new Station(settings.dbPool),
    backends,
  };
  const chains = new Map(settings.chains.map((chain) => [chain.endpoint, new ChainServer(chain, shared)]));
  const truth = (): GatewayTruth => ({
    chains: [...chains.values()].map((chain) => chain.truth()),
    cpu: stationTruth(shared.cpu),
    dbPool: stationTruth(shared.dbPool),
  });
  const server = createServer({ keepAliveTimeout: 60_000, requestTimeout: 0 });
  const metrics = gatewayMetrics(settings, truth, () => connections(server));
  server.on("request", (request, response) => route(request, response, { chains, truth, metrics }));
  server.listen({ port: settings.port, host: address, backlog: 4_096 });
  await once(server, "listening");
  const origin = `http://${address}:${(server.address() as AddressInfo).port}`;
  return {
    origin,
    truth,
    async close() {
      server.close();
      server.closeAllConnections();
      await once(server, "close");
      await backends?.close();
    },
  };
}

function stationTruth(station: Station | undefined): StationTruth | null {
  if (!station) return null;
  const { servers, busy, waiting, busySeconds } = station;
  return { servers, busy, waiting, busySeconds };
}

/** The data behind the gateway's paths. */
interface Routes {
  chains: Map<string, ChainServer>;
  truth(): GatewayTruth;
  metrics(): Promise<string>;
}

function route(request: IncomingMessage, response: ServerResponse, { chains, truth, metrics }: Routes): void {
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
