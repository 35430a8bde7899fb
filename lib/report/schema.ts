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
  bytesSent: count.describe("Bytes of request bodies"),
  bytesReceived: count.describe("Bytes of response bodies"),
  responseTimeMs: latency.describe("Finished − due, of all responses: what a user would have felt"),
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

const truth = z
  .object({ requests: count, relays: count })
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
    residentMb: z.number().describe("Most memory resident"),
    inFlight: count.describe("Most requests in flight at a flush"),
    connections: count.describe("Most connections at a flush"),
  }),
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
  findings: z.array(z.string()).describe("What is missing, unreadable or doubled in the results"),
});

export type Report = z.infer<typeof reportSchema>;
export type ReportChain = Report["chains"][number];
export type ReportWorker = Report["workers"][number];
export type Traffic = Pick<ReportChain, keyof typeof traffic>;
export type LatencyMs = Report["total"]["responseTimeMs"];

/** The report's JSON Schema (draft 2020-12). */
export function reportJsonSchema(): Record<string, unknown> {
  return { title: "Volley report", ...z.toJSONSchema(reportSchema) };
}
