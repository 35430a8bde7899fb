import { z } from "zod";

const count = z.int().nonnegative();
const tally = z.record(z.string(), count);

const latency = z
  .object({
    p50: z.number(),
    p90: z.number(),
    p95: z.number(),
    p99: z.number(),
    p999: z.number(),
    max: z.number(),
  })
  .nullable()
  .describe("Percentiles in ms, from merged histograms; null where nothing was measured");

const ledger = z
  .object({
    scheduled: count,
    sent: count,
    missed: count,
    responses: count,
    errors: count,
    valid: count,
    invalid: count,
  })
  .describe("scheduled = sent + missed; sent = responses + errors; responses = valid + invalid");

const traffic = {
  offeredRps: z.number().describe("Requests per second that the plan asks for, as a mean over its duration"),
  achievedRps: z.number().describe("Requests per second that were sent; of an aborted run, in its whole seconds"),
  success: z.number().nullable().describe("Valid relays ÷ requests sent, 0 … 1; null if none was sent"),
  ledger,
  missed: tally.describe("Requests not sent, by reason: late, in-flight-cap, aborted, superseded, lost"),
  errors: tally.describe("Requests without a complete response, by class, such as ECONNREFUSED"),
  invalid: tally.describe("Responses that are no relay, by class, such as http-500 or rpc-server-error"),
  statuses: tally.describe("Responses by HTTP status"),
  faults: tally.describe("Errors and invalid responses by who is to be asked: gateway, upstream, request, generator"),
  timingsMs: z
    .record(z.string(), latency)
    .describe(
      "With the plan's timings: dns, connect and tls of connections, firstByte and body of a sample of requests",
    ),
  bytesSent: count.describe("Bytes of request bodies"),
  bytesReceived: count.describe("Bytes of response bodies"),
  responseTimeMs: latency.describe("Finished − due, of all responses: what a user would have felt"),
  meanMs: z.number().nullable().describe("Mean response time"),
  serviceTimeMs: latency.describe("Finished − sent, of all responses"),
  sendLagMs: latency.describe("Sent − due: the generator's own lateness"),
};

const second = z
  .object({
    second: z.int(),
    scheduled: count,
    sent: count,
    missed: count,
    valid: count,
    invalid: count,
    errors: count,
  })
  .describe("One second of the run, by when the requests were due");

const interval = z.object({
  fromMs: z.number(),
  toMs: z.number(),
  count,
  p50: z.number(),
  p90: z.number(),
  p99: z.number(),
  max: z.number(),
});

const timeline = {
  seconds: z.array(second),
  intervals: z.array(interval).describe("Response time over the run, in ms"),
  percentiles: z
    .array(z.tuple([z.number(), z.number()]))
    .describe("Response time's distribution: percentile and ms, for plots"),
};

const perRelay = z.record(z.string(), z.number());

const truth = z
  .object({
    requests: count,
    relays: count,
    capacityRps: z.number().nullable().describe("What this chain can carry alone, by the gateway's own service times"),
    perRelay,
  })
  .describe("What the stand-in gateway itself counted for this chain during the run");

const chain = z.object({
  name: z.string(),
  ...traffic,
  ...timeline,
  pass: z.boolean().describe("Whether this chain met the SLO"),
  truth: truth.optional(),
  warmup: z
    .object({ ledger, missed: tally, errors: tally, invalid: tally, responseTimeMs: latency })
    .optional()
    .describe("The warm-up's traffic, which is in none of the other figures"),
});

const worker = z.object({
  id: z.string(),
  chains: z.array(z.string()),
  ...traffic,
  outcomes: z.array(z.enum(["completed", "aborted", "superseded", "lost"])).describe("How each attempt ended"),
  startSkewMs: z.number().nullable().describe("First request sent − the instant at which it was due"),
  readyMs: z.number().nullable().describe("How long before its first request the worker was ready"),
  health: z.object({
    cpu: z.number().describe("Mean of the CPU time used ÷ time passed"),
    eventLoop: z.number().describe("The busiest flush interval's share of busy time, 0 … 1"),
    saturated: z
      .object({ intervals: count, share: z.number() })
      .describe("Flush intervals in which the event loop was busier than 0.97, and their share"),
    residentMb: z.number().describe("Most memory resident"),
    inFlight: count.describe("Most requests in flight at a flush"),
    connections: count.describe("Most connections at a flush"),
  }),
});

const log = z.object({
  source: z.string(),
  read: count.describe("New lines"),
  matched: count.describe("Those of them that match the plan's pattern"),
  failed: z.array(z.string()).describe("Why it could not be read at times"),
  lines: z.array(z.object({ atMs: z.int(), text: z.string() })).describe("The first lines that match"),
});

const interval2 = z.tuple([z.number(), z.number()]);

const model = z.union([
  z.object({
    lambda: z.number(),
    sigma: z.number().describe("Contention"),
    kappa: z.number().describe("Coherency"),
    r2: z.number(),
    limitRps: z.number().describe("The highest throughput that the model predicts"),
    limitInterval: interval2,
    kneeConcurrency: z.number().nullable(),
  }),
  z.object({ why: z.string().describe("Why there is no model") }),
]);

const chainCapacity = z.object({
  name: z.string(),
  capacityRps: z.number().nullable().describe("The highest rate that met the SLO, alone; null without a search"),
  interval: interval2.nullable().describe("The highest rate that met the SLO, and the lowest that did not"),
  trials: count,
  together: z
    .object({ capacityRps: z.number(), interval: interval2, ratio: z.number().describe("Together ÷ alone") })
    .nullable()
    .describe("What the chain carries while all others are loaded too, each with the same share of its own capacity"),
  endedBy: z.array(z.string()).describe("What was not met at the lowest rate above it"),
  bottleneck: z
    .object({ resource: z.string(), utilisation: z.number(), evidence: z.string() })
    .nullable()
    .describe("What was used up first, from the gateway's metrics"),
  model: model.describe("The universal scalability law, fitted to the trials"),
  perRelay: perRelay.describe("What a valid relay adds to each counter, without what the gateway uses when idle"),
  perRelayUncertainty: perRelay.describe("Half of each one's 95 % interval"),
  usdPerMillionRelays: z.number().nullable().describe("By the plan's unit prices; null without any"),
  truth: z
    .object({ capacityRps: z.number().nullable(), perRelay })
    .optional()
    .describe("The stand-in gateway's own figures"),
});

const capacity = z.object({
  chains: z.array(chainCapacity),
  totalRps: z
    .number()
    .nullable()
    .describe("What all chains carry at once; without a search what met the SLO in this run"),
  unidentified: z.array(z.string()).describe("Shared counters that the chains' rates do not tell apart"),
  generator: z.object({
    gbSeconds: z.number(),
    invocations: count,
    usd: z.number().describe("What the workers' time and calls cost, or would cost, in Lambda"),
    usdPerMillionRelays: z.number().nullable(),
  }),
  scaling: z
    .object({
      currentRps: z.number(),
      targetRps: z.number(),
      headroom: z.number(),
      instances: count.describe("Instances that were loaded"),
      rpsPerInstance: z.number(),
      instancesNeeded: count.describe("For the target and its headroom, and the spare ones"),
      usdPerInstanceMonth: z.number().nullable(),
      usdPerMonth: z.number().nullable(),
      workersNeeded: count.describe("Workers that load it at that size"),
    })
    .nullable(),
  trials: z.array(
    z.object({
      number: count,
      scope: z.string(),
      rps: z.record(z.string(), z.number()),
      servedRps: z.record(z.string(), z.number()),
      met: z.boolean(),
      valid: z.boolean(),
      reasons: z.array(z.string()),
    }),
  ),
});

const metricSeries = z.object({
  name: z.string(),
  unit: z.enum(["per second", "value"]),
  points: z.array(z.tuple([z.number(), z.number().nullable()])).describe("Seconds from the start, and the value"),
});

/** The report: what `report.json` holds. `volley schema report` prints it as a JSON Schema. */
export const reportSchema = z.object({
  version: z.literal(1),
  run: z.object({
    id: z.string(),
    name: z.string(),
    mode: z.enum(["lambda", "fleet"]),
    startedAt: z.iso.datetime().describe("The instant of the first measured request"),
    durationMs: z.number().describe("How long the plan measures"),
    measuredMs: z.number().describe("How long was measured: less than durationMs if the run was aborted"),
    finishedMs: z.number().describe("When the last worker had its last response, from the start instant"),
    warmupMs: z.number(),
    workers: count,
    segments: count,
    complete: z.boolean().describe("Whether every worker's results are there and the ledger balances without guesses"),
    aborted: z.string().optional().describe("Why the run was aborted, if it was"),
    target: z.string().describe("The origins that were loaded"),
  }),
  verdict: z.object({
    valid: z.boolean().describe("Whether the generator was in order, so that the figures tell about the target"),
    pass: z.boolean().describe("Whether the SLO was met, by every chain"),
    generator: z.boolean().describe("Whether the generator itself was in order, whatever ended the run"),
    reasons: z.array(z.string()).describe("Why not, in words; empty for a valid run that passes"),
  }),
  slo: z.object({
    success: z.number(),
    p50Ms: z.number().optional(),
    p90Ms: z.number().optional(),
    p95Ms: z.number().optional(),
    p99Ms: z.number().optional(),
    p999Ms: z.number().optional(),
  }),
  startSkewMs: z.number().nullable().describe("The largest start skew of all workers"),
  total: z.object({ ...traffic, ...timeline }),
  chains: z.array(chain),
  workers: z.array(worker),
  capacity: capacity.optional().describe("What the chains can carry, what a relay costs, what the target takes"),
  metrics: z.array(metricSeries).describe("The gateway's own metrics, on the run's time; null is a gap"),
  logs: z.array(log).describe("What the gateway's logs said while the run went"),
  findings: z.array(z.string()).describe("What is missing, unreadable or doubled in the results"),
});

export type Report = z.infer<typeof reportSchema>;
export type ReportChain = Report["chains"][number];
export type ReportWorker = Report["workers"][number];
export type Capacity = NonNullable<Report["capacity"]>;
export type ChainCapacity = Capacity["chains"][number];
export type Traffic = Pick<ReportChain, keyof typeof traffic>;
export type LatencyMs = Report["total"]["responseTimeMs"];

/** The report's JSON Schema (draft 2020-12). */
export function reportJsonSchema(): Record<string, unknown> {
  return { title: "Volley report", ...z.toJSONSchema(reportSchema) };
}
