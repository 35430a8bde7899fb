import { z } from "zod";
import { MAX_SEGMENT_MS } from "../schedule/tempo.ts";
import { type Accept, type Check, type ComputeUnits, chain, computeUnits } from "./chainSchema.ts";
import { duration } from "./durationField.ts";
import { type JsonSchemaNode, withExamples } from "./examples.ts";
import { hostEntry, name, token } from "./fields.ts";
import { type GatewaySettings, gatewaySchema } from "./gatewaySchema.ts";
import type { Lookup } from "./lookup.ts";
import { observe } from "./observeSchema.ts";
import type { List } from "./packed.ts";
import { regionShares } from "./regionSchema.ts";
import { MAX_BODY_BYTES } from "./sizes.ts";
import { planSlo, type Slo, stopSchema } from "./sloSchema.ts";
import type { Mix } from "./turns.ts";

const pem = z.string().min(1);

const tls = z.strictObject({
  insecure: z.boolean().default(false).describe("Accept any certificate, even if it is not trusted"),
  ca: pem.optional().describe("Certificates to trust in addition to the usual ones: a PEM file, or env://, secret://"),
  cert: pem
    .optional()
    .describe("The client's certificate: a PEM file relative to the plan, or env://, secret://, ssm://"),
  key: pem.optional().describe("The client's key: a PEM file relative to the plan, or env://, secret://, ssm://"),
  serverName: z.string().min(1).optional().describe("The server name to send (SNI) instead of the target's host"),
});

const webSocket = z.strictObject({
  compress: z
    .boolean()
    .default(false)
    .describe("Offer compressed messages (permessage-deflate); they cost the workers CPU time and memory"),
});

const dns = z.strictObject({
  ttl: duration.prefault("60s").describe("How long a resolved address is used"),
  select: z
    .enum(["roundRobin", "random", "first"])
    .default("roundRobin")
    .describe("Which of a name's addresses a new connection uses"),
});

const limits = z.strictObject({
  inFlightPerWorker: z
    .int()
    .min(1)
    .max(60_000)
    .default(10_000)
    .describe("Most requests in flight at one worker; a request that is due above this is missed, never delayed"),
  maxBodyBytes: z
    .int()
    .min(1)
    .max(256 * 1024 * 1024)
    .default(MAX_BODY_BYTES)
    .describe("Largest response body in bytes, as received and decoded; a longer one is an error with its own class"),
  sendLagP99Ms: z
    .number()
    .positive()
    .optional()
    .describe(
      "A run whose send lag's p99 is above this, in ms, is invalid: it measured the generator; by default a quarter of the smallest p99Ms or p999Ms of its SLOs, and at most 50",
    ),
  startSkewMs: z
    .number()
    .positive()
    .default(1_000)
    .describe("A run whose workers' first requests were later than this, in ms, is invalid"),
  maxRps: z
    .number()
    .positive()
    .optional()
    .describe("Refuse the plan if the rates of its chains add up to more than this; a capacity search goes no higher"),
  maxSubscribers: z
    .int()
    .min(1)
    .optional()
    .describe(
      "Refuse the plan if it has more subscribers than this, over all chains; a capacity search goes no higher",
    ),
  maxUsd: z
    .number()
    .positive()
    .optional()
    .describe("Refuse the plan if its estimated cost in AWS is above this, in dollars"),
  breaker: z
    .union([
      z.literal(false),
      z.strictObject({
        errorRatio: z
          .number()
          .gt(0)
          .max(1)
          .describe("The share of requests without a valid relay that trips the breaker"),
        window: duration.prefault("10s").describe("The time over which the share is taken"),
      }),
    ])
    .optional()
    .describe(
      "Abort the run when the target fails: by default if no request of 30 s becomes a relay; false turns it off",
    ),
  stop: z
    .array(stopSchema)
    .optional()
    .describe("Thresholds that stop the run if a window of it misses them, like k6's abortOnFail"),
});

const share = z.number().min(0).max(1).describe("A share of each chain's rps, 0 … 1");

const profile = z.discriminatedUnion("type", [
  z.strictObject({ type: z.literal("constant").describe("The whole rate over the whole duration") }),
  z
    .strictObject({ type: z.literal("ramp").describe("From one share to another"), from: share, to: share })
    .describe("Linear over the whole duration"),
  z
    .strictObject({
      type: z.literal("steps").describe("One rate after another"),
      steps: z
        .array(z.strictObject({ share, for: duration }))
        .min(1)
        .describe("The steps in order; their times must add up to the duration"),
    })
    .describe("One rate after another; their times must add up to the duration"),
  z
    .strictObject({
      type: z.literal("search").describe("Look for each chain's capacity"),
      precision: z
        .number()
        .min(0.002)
        .max(0.5)
        .default(0.02)
        .describe("The width of the bracket around the capacity at which the search ends, as a share"),
      repeats: z
        .int()
        .min(0)
        .max(10)
        .default(1)
        .describe("How often the two rates of the final bracket are tried again"),
      coolDown: duration.prefault("1s").describe("Pause between trials"),
      together: z.boolean().default(true).describe("Also search with all chains at once, and report the interference"),
      over: z
        .literal("subscribers")
        .optional()
        .describe("Search for the largest number of subscribers of chains that also have calls, at the calls' rate"),
    })
    .describe(
      "Find each chain's highest rate that meets the SLO, beginning at rps, or its largest number of subscribers if it " +
        "has no calls; the duration is that of a trial",
    ),
  z
    .strictObject({ type: z.literal("limit").describe("Look for the shape of each chain's rate limit") })
    .describe(
      "The whole rate, which must be above the gateway's rate limit; the report shows the limit's shape, and no SLO",
    ),
]);

const capacity = z.strictObject({
  targetRps: z.number().positive().default(5_000).describe("The rate that the gateway must carry, over all chains"),
  headroom: z.number().min(0).max(10).default(0.25).describe("Spare capacity above that rate, as a share of it"),
  spareInstances: z.int().min(0).default(1).describe("Additional instances, in case one is lost"),
  instances: z.int().min(1).default(1).describe("Instances of the gateway that were loaded"),
  instanceUsdPerMonth: z.number().nonnegative().optional().describe("The price of one instance per month, in dollars"),
});

/** The plan as a person writes it; `volley schema plan` prints it as a JSON Schema. */
export const planSchema = z.strictObject({
  $schema: z.string().optional().describe("The JSON Schema, so that editors complete and check the plan"),
  extends: z
    .string()
    .min(1)
    .optional()
    .describe(
      "The plan that this one changes, as a path relative to this file: objects merge, chains by name, null removes a field",
    ),
  name: name.describe("The run's name; the run's id begins with it"),
  chains: z.array(chain).min(1).describe("The chains, each with its own rate and targets"),
  regions: regionShares
    .optional()
    .describe("The share of each chain's requests that each region sends: a thousandth is the smallest step"),
  duration: duration.describe("How long the measurement lasts"),
  perWorkerRps: z
    .number()
    .positive()
    .max(1_000_000)
    .default(500)
    .describe("The highest rate of one worker, in requests per second"),
  workers: z
    .int()
    .min(1)
    .max(10_000)
    .optional()
    .describe("A fixed number of workers; by default the rates determine it"),
  profile: profile.default({ type: "constant" }).describe("How each chain's rate changes over the duration"),
  arrivals: z
    .enum(["even", "poisson"])
    .default("even")
    .describe('How requests are spaced: evenly, or "poisson" as from independent users (seeded)'),
  ids: z
    .enum(["as-written", "unique"])
    .default("as-written")
    .describe('"unique" gives every JSON-RPC call its own id, which the response must carry'),
  timings: z
    .number()
    .min(0)
    .max(1)
    .default(0)
    .describe(
      "The share of requests that are timed in phases: first byte and body, and DNS, connect and TLS for new connections",
    ),
  warmup: duration
    .optional()
    .describe("Real traffic at the plan's rate before the measurement, reported separately; none by default"),
  segment: duration
    .refine((ms) => ms <= MAX_SEGMENT_MS, "at most 12 minutes: a Lambda lives 15")
    .prefault("12m")
    .describe("The longest time that one invocation of a worker sends; the next one takes over without a gap"),
  timeout: duration.prefault("10s").describe("How long a request may take before it is an error"),
  keepalive: z.boolean().default(true).describe("Reuse connections; false opens a new one for each request"),
  connections: z
    .int()
    .min(0)
    .max(60_000)
    .optional()
    .describe(
      "Connections that each worker opens before the start; by default as many as its rate needs at 200 ms per response, or ten WebSockets",
    ),
  http: z.enum(["1.1", "2"]).default("1.1").describe('HTTP version; "2" needs https targets (ALPN)'),
  tls: tls.optional().describe("TLS settings for https targets"),
  resolve: z
    .record(z.string(), z.string())
    .optional()
    .describe(
      'Where connections go instead: maps "host" or "host:port" to another one, like curl\'s --connect-to and k6\'s hosts',
    ),
  unixSocket: z.string().min(1).max(107).optional().describe("A unix socket that all connections go to"),
  dns: dns.prefault({}).describe("How host names are resolved"),
  webSocket: webSocket.optional().describe("Settings for ws and wss targets"),
  slo: planSlo.prefault({}).describe("What every chain must achieve for the run to pass"),
  mode: z
    .enum(["lambda", "fleet"])
    .default("lambda")
    .describe("Where the workers run; on one machine they are processes"),
  seed: z.int().nonnegative().default(1).describe("The seed of every random choice, so that a run can be repeated"),
  allowedHosts: z
    .array(hostEntry)
    .default([])
    .describe(
      'Hosts that may be loaded, besides loopback: names, "*.example.com", addresses, with a port or without. A name ' +
        'that resolves to a private address also needs that address, or a block such as "10.0.0.0/8"',
    ),
  observeHosts: z
    .array(hostEntry)
    .optional()
    .describe("Further hosts that metrics and logs may be read from, besides loopback and allowedHosts"),
  computeUnits: computeUnits
    .optional()
    .describe(
      'Compute units of each method, and of all others as "default": the report then has rates and cost in them',
    ),
  nodeHeader: token
    .optional()
    .describe("A response header that names the node behind the balancer: the report then has figures of each node"),
  blockAges: z
    .boolean()
    .default(false)
    .describe("Also show responses by the age of the block asked for: of the newest 128, or older (archive)"),
  observe: observe.prefault({}).describe("What is read from the gateway during the run"),
  capacity: capacity.prefault({}).describe("The load that the gateway must carry, and what its instances cost"),
  limits: limits.prefault({}).describe("Limits of the run"),
  preflight: z
    .boolean()
    .default(true)
    .describe("Send one request to each target before the run, and end the run if one does not respond"),
  gateway: gatewaySchema
    .optional()
    .describe("Start the stand-in gateway on loopback for the run, and send every target there"),
});

export type { ComputeUnits };

export type PlanInput = z.input<typeof planSchema>;

export type Observe = Plan["observe"];

export type LogSettings = Observe["logs"][number];

export type CostCounter = Observe["costs"][number];

export type Resource = Observe["resources"][number];

export type Selector = Resource["used"];

/** One HTTP request as written in the plan, with its placeholders and references to secrets. */
export interface Target {
  /** Its name in the report, if the plan or the target file gives one. */
  name?: string;
  method: string;
  url: string;
  /** Names and values in the order of the plan; a repeated header is listed as often as it is sent. */
  headers: [name: string, value: string][];
  body?: string;
  /** Instead of `body`: bytes that are not UTF-8, which contain no placeholders. */
  bodyBase64?: string;
  weight: number;
  checks?: Check[];
  accept?: Accept;
  /** What a response must be; without it the body decides. */
  expect?: "json-rpc" | "http";
  slo?: Slo;
}

/** A row of a chain's data, by field. */
export type Row = Record<string, string>;

/** Subscribers of one kind, as the plan describes them. */
export interface Subscription {
  /** Its name, unique in the chain: what is subscribed to, with a number if several are the same. */
  name: string;
  url: string;
  headers: [name: string, value: string][];
  to: "newHeads" | "logs" | "newPendingTransactions";
  filter?: Record<string, unknown>;
  subscribers: number;
  rampMs: number;
}

/** A named group of targets with its own rate. */
export interface Chain {
  name: string;
  rps: number;
  targets: Target[];
  /** If the chain replays a log: when each target is due, in ms from the start. Target n is request n. */
  replay?: number[];
  /**
   * If the chain's targets and rows are stored separately from the plan: how they take turns. Then `targets` only shows
   * what the chain loads.
   */
  apart?: Mix;
  /** At a worker of such a chain: all of its targets, of which it has those that it sends. */
  lines?: List<Target>;
  /** Rows that {{data.field}} is filled from. */
  data?: List<Row>;
  lookups?: Lookup[];
  /** How requests take the rows; by default in order, and again from the first. */
  dataOrder?: "cycle" | "once" | "random";
  /** How targets follow each other; by default in turns. */
  order?: "turns" | "random";
  staleBlocks?: number;
  subscriptions?: Subscription[];
  accept?: Accept;
  rateLimitCodes?: number[];
  /** Overrides the plan's compute units. */
  computeUnits?: ComputeUnits;
  /** The rate in compute units per second, if the plan gives that. */
  cups?: number;
  slo?: Slo;
  /** The share of its requests that each region sends, if the plan has regions. */
  regions?: Record<string, number>;
}

/**
 * A checked plan: defaults filled in, durations in ms, target files read. It is stored as `runs/<id>/plan.json`, and
 * every later stage reads it.
 */
export interface Plan {
  name: string;
  chains: Chain[];
  durationMs: number;
  warmupMs: number;
  perWorkerRps: number;
  workers?: number;
  profile: z.infer<typeof profile>;
  arrivals: "even" | "poisson";
  /** The share of requests whose time is split into its phases. */
  timings: number;
  segmentMs: number;
  timeoutMs: number;
  keepalive: boolean;
  connections?: number;
  http: "1.1" | "2";
  tls?: z.infer<typeof tls>;
  /** By host, or host and port. */
  resolve?: Record<string, string>;
  unixSocket?: string;
  /** `ttl` in ms. */
  dns: z.infer<typeof dns>;
  webSocket?: z.infer<typeof webSocket>;
  slo: z.infer<typeof planSlo>;
  computeUnits?: ComputeUnits;
  /** In lower case. */
  nodeHeader?: string;
  blockAges: boolean;
  mode: "lambda" | "fleet";
  seed: number;
  allowedHosts: string[];
  observeHosts?: string[];
  observe: z.infer<typeof observe>;
  capacity: z.infer<typeof capacity>;
  limits: z.infer<typeof limits>;
  /** Whether each target gets a request before the run. */
  preflight: boolean;
  gateway?: GatewaySettings;
  /** The region of the deployment that runs it, if it has regions; set by Plan. */
  home?: string;
}

/** The JSON Schema (draft 2020-12) of the plan as a person writes it: fields with a default are optional. */
export function planJsonSchema(): Record<string, unknown> {
  const schema = z.toJSONSchema(planSchema, { io: "input" });
  return { title: "Volley plan", ...withExamples(schema as JsonSchemaNode) };
}
