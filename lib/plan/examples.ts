/** A JSON Schema, or a part of one. */
export interface JsonSchemaNode {
  type?: string | string[];
  description?: string;
  default?: unknown;
  enum?: unknown[];
  const?: unknown;
  examples?: unknown[];
  $ref?: string;
  properties?: Record<string, JsonSchemaNode>;
  additionalProperties?: boolean | JsonSchemaNode;
  items?: JsonSchemaNode;
  anyOf?: JsonSchemaNode[];
  oneOf?: JsonSchemaNode[];
}

/**
 * An example for each of a plan's fields that has neither a default nor a short list of values, by its path: `[]` is an
 * item, `*` any name. A key applies to every path that ends in it; the longest key wins.
 */
const EXAMPLES: Record<string, unknown> = {
  $schema: "../schema/plan.schema.json",
  extends: "base.yaml",
  name: "evening",
  "chains[].name": "ethereum",
  "costs[].name": "queries",
  "resources[].name": "database-pool",
  regions: { "us-east-1": 0.6, "eu-west-1": 0.4 },
  rps: 500,
  targets: "targets.txt",
  url: "https://gateway.example/rpc",
  body: { jsonrpc: "2.0", id: 1, method: "eth_blockNumber", params: [] },
  "targets[].name": "newest block",
  pointer: "/result/hash",
  equals: "0x1",
  matches: "^0x[0-9a-f]{64}$",
  min: 1,
  max: 30_000_000,
  codes: [-32_601],
  status: [404],
  success: 0.995,
  sendLagP99Ms: 50,
  p50Ms: 50,
  p90Ms: 120,
  p95Ms: 200,
  p99Ms: 400,
  p999Ms: 1_500,
  relayRps: 480,
  classes: { "http-429": 0.001, "rpc-*": 0 },
  methods: { eth_getLogs: { p99Ms: 800 } },
  usdPerMillionRelays: 3,
  relayCups: 12_000,
  usdPerMillionComputeUnits: 0.45,
  computeUnits: { eth_blockNumber: 10, eth_call: 26, eth_getLogs: 60, default: 20 },
  cups: 13_000,
  nodeHeader: "x-node",
  "slo.regions": { "eu-west-1": { p99Ms: 300 } },
  "slo.subscribers": { missed: 0.0001, lagP99Ms: 500 },
  missed: 0.0001,
  doubled: 0.001,
  dropped: 0.01,
  subscribeP99Ms: 1_000,
  lagP99Ms: 500,
  file: "log.jsonl",
  data: "accounts.csv",
  lookups: {
    block: {
      body: { jsonrpc: "2.0", id: 1, method: "eth_getBlockByNumber", params: ["latest", false] },
      pointer: "/result/hash",
    },
  },
  staleBlocks: 3,
  rateLimitCodes: [-32_005],
  "subscriptions[].url": "wss://gateway.example/rpc",
  to: "newHeads",
  filter: { address: "0xdAC17F958D2ee523a2206206994597C13D831ec7" },
  subscribers: 1_000,
  ramp: "10s",
  duration: "10m",
  workers: 10,
  "profile.from": 0.1,
  "profile.to": 1,
  "steps[].share": 0.5,
  "steps[].for": "5m",
  warmup: "30s",
  connections: 100,
  ca: "ca.pem",
  cert: "client.pem",
  key: "env://CLIENT_KEY",
  serverName: "gateway.example",
  resolve: { "gateway.example:443": "127.0.0.1:8443" },
  unixSocket: "/run/gateway.sock",
  allowedHosts: ["gateway.example", "10.0.0.0/8"],
  observeHosts: ["metrics.example"],
  "endpoints[].url": "http://gateway.example:8082/metrics",
  "logs[].url": "http://gateway.example/gateway.log",
  metric: "gateway_db_queries_total",
  chainLabel: "chain",
  usd: 0.000_002,
  limit: 100,
  logGroup: "/ecs/gateway",
  region: "eu-central-1",
  instanceUsdPerMonth: 280,
  maxRps: 6_000,
  maxSubscribers: 5_000,
  maxUsd: 5,
  breaker: { errorRatio: 0.5, window: "10s" },
  errorRatio: 0.5,
  stop: [{ chain: "kava", p99Ms: 2_000, window: "1m" }],
  chain: "kava",
  cpuCores: 4,
  dbPool: 20,
  endpoint: "ETH_ENDPOINT_ID",
  "latencyMs.p50": 8,
  "latencyMs.p99": 40,
};

/** Adds an example to each field of a plan's schema that has one in the table. */
export function withExamples(schema: JsonSchemaNode, path: readonly string[] = []): JsonSchemaNode {
  for (const [field, node] of Object.entries(schema.properties ?? {})) {
    const place = [...path, field];
    const example = exampleOf(place);
    if (example !== undefined && node.default === undefined && node.const === undefined) node.examples ??= [example];
    withExamples(node, place);
  }
  if (schema.items) withExamples(schema.items, [...path.slice(0, -1), `${path.at(-1) ?? ""}[]`]);
  if (typeof schema.additionalProperties === "object") withExamples(schema.additionalProperties, [...path, "*"]);
  for (const each of [...(schema.anyOf ?? []), ...(schema.oneOf ?? [])]) withExamples(each, path);
  return schema;
}

function exampleOf(place: readonly string[]): unknown {
  for (let first = 0; first < place.length; first++) {
    const example = EXAMPLES[place.slice(first).join(".")];
    if (example !== undefined) return example;
  }
  return undefined;
}
