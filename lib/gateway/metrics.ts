import { Counter, Gauge, Registry } from "prom-client";
import type { GatewaySettings } from "../plan/gatewaySchema.ts";
import type { ChainTruth } from "./chainServer.ts";
import type { GatewayTruth, StationTruth } from "./gateway.ts";

const ENTRYPOINT = { entrypoint: "web", protocol: "http" };

/** A chain's responses by HTTP status, computed from its true counts. */
const STATUSES: [string, (chain: ChainTruth) => number][] = [
  ["200", (chain) => chain.relays + chain.rpcErrors],
  ["429", (chain) => chain.http429],
  ["500", (chain) => chain.http500],
  ["503", (chain) => chain.http503],
];

const COSTS: [string, string, (chain: ChainTruth) => number][] = [
  ["gateway_requests_total", "Requests received, however they were answered", (chain) => chain.requests],
  ["gateway_relays_total", "Requests answered with a JSON-RPC result", (chain) => chain.relays],
  ["gateway_db_queries_total", "Database queries", (chain) => chain.dbQueries],
  ["gateway_redis_operations_total", "Redis operations", (chain) => chain.redisOperations],
  ["gateway_received_bytes_total", "Bytes of request bodies", (chain) => chain.bytesIn],
  ["gateway_sent_bytes_total", "Bytes of response bodies", (chain) => chain.bytesOut],
  ["gateway_cpu_seconds_total", "CPU time of relays", (chain) => chain.cpuSeconds],
];

/**
 * The stand-in's `/metrics`: Traefik's names for requests and connections, and the gateway's own counters by chain. All
 * values are read from the true counts on request, so that serving calls costs nothing.
 */
export function gatewayMetrics(
  settings: GatewaySettings,
  truth: () => GatewayTruth,
  connections: () => Promise<number>,
): () => Promise<string> {
  const registry = new Registry();
  const registers = [registry];
  const counter = (name: string, help: string, labelNames: string[], read: (inc: Inc) => void): void => {
    new Counter({
      name,
      help,
      labelNames,
      registers,
      collect() {
        this.reset();
        read((labels, value) => this.inc(labels, value));
      },
    });
  };

  const requestLabels = ["code", "method", "protocol"];
  counter("traefik_entrypoint_requests_total", "Requests by status", [...requestLabels, "entrypoint"], (inc) => {
    for (const [code, count] of STATUSES) {
      const sum = truth().chains.reduce((total, chain) => total + count(chain), 0);
      inc({ code, method: "POST", ...ENTRYPOINT }, sum);
    }
  });
  counter("traefik_service_requests_total", "Requests by service and status", [...requestLabels, "service"], (inc) => {
    for (const chain of truth().chains) {
      for (const [code, count] of STATUSES) {
        inc({ code, method: "POST", protocol: "http", service: `${chain.name}@file` }, count(chain));
      }
    }
  });
  for (const [name, help, read] of COSTS) {
    counter(name, help, ["chain"], (inc) => {
      for (const chain of truth().chains) inc({ chain: chain.name }, read(chain));
    });
  }
  new Gauge({
    name: "traefik_open_connections",
    help: "Open connections by entry point",
    labelNames: ["entrypoint", "protocol"],
    registers,
    async collect() {
      this.set(ENTRYPOINT, await connections());
    },
  });
  const byChain = (name: string, help: string, read: (chain: ChainTruth) => number): void => {
    gauge(registers, name, help, () => truth().chains.map((chain) => [{ chain: chain.name }, read(chain)]));
  };
  byChain("gateway_upstream_in_flight", "Requests at the chain's node", (chain) => chain.inService);
  byChain("gateway_upstream_waiting", "Requests waiting for the chain's node", (chain) => chain.queued);
  byChain("gateway_upstream_limit", "Requests that the chain's node serves at once", (chain) => {
    return settings.chains.find(({ name }) => name === chain.name)?.concurrency ?? 0;
  });
  const station = (prefix: string, what: string, read: () => StationTruth | null): void => {
    const value = (of: (station: StationTruth) => number) => (): Sample[] => {
      const now = read();
      return now ? [[{}, of(now)]] : [];
    };
    gauge(
      registers,
      `${prefix}_size`,
      `How many there are: ${what}`,
      value(({ servers }) => servers),
    );
    gauge(
      registers,
      `${prefix}_in_use`,
      `In use: ${what}`,
      value(({ busy }) => busy),
    );
    gauge(
      registers,
      `${prefix}_waiting`,
      `Requests waiting for one: ${what}`,
      value(({ waiting }) => waiting),
    );
  };
  station("gateway_db_pool", "database connections", () => truth().dbPool);
  station("gateway_cpu_cores", "CPU cores", () => truth().cpu);
  return () => registry.metrics();
}

type Inc = (labels: Record<string, string>, value: number) => void;
type Sample = [labels: Record<string, string>, value: number];

function gauge(registers: Registry[], name: string, help: string, read: () => Sample[]): void {
  new Gauge({
    name,
    help,
    labelNames: ["chain"],
    registers,
    collect() {
      this.reset();
      for (const [labels, value] of read()) this.set(labels, value);
    },
  });
}
