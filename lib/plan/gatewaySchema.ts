import { z } from "zod";
import { name } from "./fields.ts";

const standInChain = z.strictObject({
  name,
  endpoint: z.string().min(1).describe("The value of ?endpoint= that selects this chain"),
  chainId: z.int().positive().default(1).describe("The response to eth_chainId"),
  blockTimeMs: z.number().positive().default(12_000).describe("The time between two blocks, in ms"),
  latencyMs: z
    .strictObject({
      p50: z.number().positive().describe("The median, in ms"),
      p99: z.number().positive().describe("The 99th percentile, in ms"),
    })
    .default({ p50: 8, p99: 40 })
    .describe("The service time's log-normal distribution, given by two of its percentiles"),
  concurrency: z
    .int()
    .positive()
    .default(256)
    .describe("Requests that the chain's node serves at once; the rest wait in a queue"),
  queue: z
    .int()
    .nonnegative()
    .default(4_096)
    .describe("Length of the queue; when it is full, the response is HTTP 503"),
  errors: z
    .strictObject({
      http500: z.number().min(0).max(1).default(0).describe("Answers with HTTP 500"),
      http429: z.number().min(0).max(1).default(0).describe("Answers with HTTP 429: too many requests"),
      rpcError: z.number().min(0).max(1).default(0).describe("Answers with a JSON-RPC error"),
      reset: z.number().min(0).max(1).default(0).describe("Connections that are reset"),
      timeout: z.number().min(0).max(1).default(0).describe("Requests that get no answer"),
    })
    .prefault({})
    .describe("The share of requests that end in each kind of error"),
  perRequest: z
    .strictObject({
      dbQueries: z.number().nonnegative().default(2).describe("Database queries"),
      redisOperations: z.number().nonnegative().default(4).describe("Redis operations"),
      cpuMs: z.number().nonnegative().default(0.4).describe("CPU time, in ms"),
      dbMs: z.number().nonnegative().default(0).describe("How long a relay holds a connection of the database pool"),
    })
    .prefault({})
    .describe("What a relay costs the gateway, as counted at /metrics"),
});

/** The stand-in gateway's settings, in a plan's `gateway` or a file for `volley gateway`. */
export const gatewaySchema = z.strictObject({
  port: z.int().min(0).max(65_535).default(0).describe("0 takes a free port"),
  seed: z.int().nonnegative().default(1).describe("The seed of its latencies and errors, so that runs can be repeated"),
  cpuCores: z
    .int()
    .positive()
    .optional()
    .describe("Cores that all chains share for their cpuMs; without it CPU is free"),
  dbPool: z
    .int()
    .positive()
    .optional()
    .describe("Database connections that all chains share; without it they are free"),
  chains: z
    .array(standInChain)
    .min(1)
    .default(() => DEFAULT_STAND_IN_CHAINS.map((each) => standInChain.parse(each)))
    .describe("The chains that it serves; by default the guide's four"),
});

const DEFAULT_STAND_IN_CHAINS = [
  {
    name: "ethereum",
    endpoint: "ETH_ENDPOINT_ID",
    chainId: 1,
    blockTimeMs: 12_000,
    latencyMs: { p50: 6, p99: 30 },
    perRequest: { dbQueries: 2, redisOperations: 5, cpuMs: 0.5 },
  },
  {
    name: "boba",
    endpoint: "BOBA_ENDPOINT_ID",
    chainId: 288,
    blockTimeMs: 2_000,
    latencyMs: { p50: 4, p99: 20 },
    perRequest: { dbQueries: 1, redisOperations: 4, cpuMs: 0.3 },
  },
  {
    name: "mantle",
    endpoint: "MANTLE_ENDPOINT_ID",
    chainId: 5_000,
    blockTimeMs: 2_000,
    latencyMs: { p50: 8, p99: 45 },
    perRequest: { dbQueries: 2, redisOperations: 3, cpuMs: 0.4 },
  },
  {
    name: "kava",
    endpoint: "KAVA_ENDPOINT_ID",
    chainId: 2_222,
    blockTimeMs: 6_000,
    latencyMs: { p50: 12, p99: 60 },
    perRequest: { dbQueries: 3, redisOperations: 6, cpuMs: 0.7 },
  },
];

export type GatewaySettings = z.infer<typeof gatewaySchema>;

export type StandInChain = GatewaySettings["chains"][number];
