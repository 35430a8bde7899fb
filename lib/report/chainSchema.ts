import { z } from "zod";
import { perRelay } from "./capacitySchema.ts";
import { latencySchema } from "./latencySchema.ts";
import { socketsSchema, subscriptionSchema } from "./subscriptionSchema.ts";

export const count = z.int().nonnegative();

const tally = z.record(z.string(), count);

const ledger = z
  .object({
    scheduled: count,
    sent: count,
    missed: count,
    responses: count,
    errors: count,
    unfinished: count.describe("In flight when the run was aborted: neither a success nor a failure"),
    valid: count,
    invalid: count,
  })
  .describe("scheduled = sent + missed; sent = responses + errors + unfinished; responses = valid + invalid");

const computeUnits = z
  .object({
    perRequest: z.number().describe("The mean of a request, by the targets' weights"),
    offeredPerSecond: z.number(),
    achievedPerSecond: z.number().describe("Of the requests sent"),
    relayedPerSecond: z.number().describe("Of the valid relays, over the time measured"),
    sent: z.number(),
    relayed: z.number(),
    usdPerMillion: z
      .number()
      .nullable()
      .describe("The cost of a million units of valid relays, in dollars; null where the cost of a relay is not known"),
  })
  .optional()
  .describe("The same in compute units, by the plan's computeUnits; only where it has them");

export const traffic = {
  offeredRps: z.number().describe("Requests per second that the plan asks for, as a mean over its duration"),
  achievedRps: z.number().describe("Requests per second that were sent; of an aborted run, in its whole seconds"),
  success: z
    .number()
    .nullable()
    .describe("Valid relays ÷ requests sent (but those in flight at an abort), 0 … 1; null if none was sent"),
  ledger,
  missed: tally.describe("Requests not sent, by reason: late, in-flight-cap, file-limit, aborted, superseded, lost"),
  errors: tally.describe("Requests without a complete response, by class, such as ECONNREFUSED"),
  invalid: tally.describe("Responses that are no relay, by class, such as http-500 or rpc-server-error"),
  answers: tally
    .optional()
    .describe(
      "Of the valid relays, those that were an answer of the node and no result, by class, such as answer-revert",
    ),
  statuses: tally.describe("Responses by HTTP status"),
  faults: tally.describe("Errors and invalid responses by who is to be asked: gateway, upstream, request, generator"),
  timingsMs: z
    .record(z.string(), latencySchema)
    .describe(
      "With the plan's timings: dns, connect and tls of connections, firstByte and body of a sample of requests",
    ),
  bytesSent: count.describe("Bytes of request bodies"),
  bytesReceived: count.describe("Bytes of response bodies as they came"),
  bytesDecoded: count.describe("Bytes of the same bodies when they were decoded (gzip, deflate, br, zstd)"),
  responseTimeMs: latencySchema.describe("Finished − due, of the responses"),
  responseTimeAllMs: latencySchema.describe(
    "The same of all requests sent, which the SLO is held against: one without a response ranks above every response, " +
      "and counts as the plan's timeout, or as the slowest response where that took longer",
  ),
  meanMs: z.number().nullable().describe("Mean response time"),
  serviceTimeMs: latencySchema.describe("Finished − sent, of all responses"),
  sendLagMs: latencySchema.describe("Sent − due: the generator's own lateness"),
  computeUnits,
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
    unfinished: count.optional().describe("In flight when the run was aborted; only where there were any"),
    classes: tally.optional().describe("Those that were no relay, by class"),
  })
  .describe("One second of the run, by when the requests were due");

export const interval = z.object({
  fromMs: z.number(),
  toMs: z.number(),
  count,
  p50: z.number(),
  p90: z.number(),
  p99: z.number(),
  max: z.number(),
  all: z
    .object({ p50: z.number(), p90: z.number(), p99: z.number() })
    .optional()
    .describe("Of all requests sent, where some got no response"),
});

export const sloLine = z.object({
  line: z.enum([
    "success",
    "p50",
    "p90",
    "p95",
    "p99",
    "p999",
    "relay-rate",
    "class",
    "cost",
    "cu-rate",
    "cu-cost",
    "subscribed",
    "notifications",
    "missed",
    "doubled",
    "dropped",
    "subscribe-p99",
    "lag-p99",
  ]),
  class: z
    .string()
    .optional()
    .describe("Of a line on a class of failure: its name, with a * for all that begin so; or the subscription"),
  limit: z
    .number()
    .describe("A share for success and a class, ms for a percentile, relays or compute units per second, dollars"),
  found: z
    .number()
    .nullable()
    .describe("null where the percentile got no response, the cost was not measured, or nobody was subscribed"),
  pass: z.boolean(),
});

export const timeline = {
  seconds: z.array(second),
  intervals: z.array(interval).describe("Response time over the run, in ms"),
  percentiles: z
    .array(z.tuple([z.number(), z.number()]))
    .describe("Response time's distribution: percentile and ms, for plots"),
  heat: z
    .object({ edgesMs: z.array(z.number()), counts: z.array(z.array(count)) })
    .describe("Responses by response time (rows, between edges that grow by one ratio) for each of `intervals`"),
  steady: z
    .union([
      z.object({
        fromMs: z.number(),
        toMs: z.number(),
        success: z.number().nullable(),
        responseTimeMs: latencySchema,
      }),
      z.object({ why: z.string().describe("Why there is none") }),
    ])
    .describe("The steady state, by the rule of least marginal standard error (MSER) on the intervals' medians"),
};

const target = z.object({
  name: z.string().describe("The plan's name for it, or what tells it apart: method and URL, without keys"),
  method: z.string().describe("What it calls: the JSON-RPC method, or how many calls a batch has"),
  sent: count,
  valid: count,
  invalid: count,
  errors: count,
  success: z.number().nullable(),
  responseTimeMs: latencySchema,
  responseTimeAllMs: latencySchema.describe("Of all requests sent"),
  slo: z.array(sloLine).describe("Its own SLO, line by line; empty without one"),
});

const method = target.omit({ name: true });

const sample = z
  .object({
    class: z.string(),
    status: z.int().describe("Its HTTP status"),
    code: z.number().optional().describe("The code of its JSON-RPC error"),
    message: z.string().optional().describe("What the error says"),
    begins: z.string().describe("How its body begins"),
  })
  .describe("A response of a class, without what may be secret");

const truth = z
  .object({
    settled: z.boolean().describe("Whether all workers were done when it was asked: else it may lack some requests"),
    requests: count,
    relays: count,
    capacityRps: z.number().nullable().describe("What this chain can carry alone, by the gateway's own service times"),
    perRelay,
  })
  .describe("What the stand-in gateway itself counted for this chain during the run");

const interval2 = z.tuple([z.number(), z.number()]);

export const chain = z.object({
  name: z.string(),
  ...traffic,
  ...timeline,
  pass: z.boolean().describe("Whether this chain and its targets met the SLO; true where no request was due"),
  slo: z.array(sloLine).describe("The SLO that holds for this chain, line by line"),
  truth: truth.optional(),
  rateLimits: z
    .object({
      responses: count.describe("Responses of a rate limit's classes; of a 503 those with such a header"),
      headers: z.array(
        z.object({
          name: z.string().describe("The header; after a semicolon the parameter of a structured field"),
          count: count.describe("Responses that had it"),
          min: z.number().nullable().describe("The lowest number; a date of retry-after in seconds from then on"),
          max: z.number().nullable(),
          sample: z.string().describe("The first value, without what may be secret"),
        }),
      ),
    })
    .optional()
    .describe("What responses said that a rate limit refused, where there were any"),
  blockAges: z
    .array(
      z.object({
        age: z.enum(["recent", "older"]).describe("recent: of the newest 128 blocks at the worker's start"),
        responses: count,
        success: z.number().describe("Valid relays ÷ its responses"),
        responseTimeMs: latencySchema,
      }),
    )
    .optional()
    .describe("Responses by the age of the block asked for, if the plan asks for it"),
  lookups: z
    .array(
      z.object({
        name: z.string(),
        calls: count.describe("Calls during the run, beside the requests that are counted"),
        values: count.describe("Calls that gave another value than before"),
        failed: count.describe("Calls that gave no value; requests went on with the latest one"),
      }),
    )
    .optional()
    .describe("The calls whose results filled in requests, if the chain has any"),
  limit: z
    .object({
      shape: z
        .enum(["none", "token-bucket", "fixed-window", "sliding-window", "shut", "other"])
        .describe('"shut": nothing came through after the burst; "other": none of these shapes fits'),
      rps: z.number().nullable().describe("What the limit lets through in the long run"),
      rpsInterval: interval2.nullable(),
      burst: z.number().nullable().describe("What it lets through at once after a pause; of windows, in one window"),
      burstInterval: interval2.nullable(),
      windowMs: z.number().nullable(),
    })
    .optional()
    .describe("The shape of the gateway's rate limit, if the plan's profile looks for it"),
  nodes: z
    .object({
      list: z.array(
        z.object({
          name: z.string().describe("The header's value"),
          responses: count,
          share: z.number().describe("Of all responses"),
          success: z.number().describe("Valid relays ÷ its responses"),
          responseTimeMs: latencySchema,
        }),
      ),
      imbalance: z.number().describe("The busiest node's responses ÷ the mean of all nodes"),
      sticky: z
        .number()
        .nullable()
        .describe(
          "The share of responses from the same node as the one before on the same connection; null without any",
        ),
      stickyByChance: z.number().describe("The same share if each response's node were drawn by the nodes' shares"),
    })
    .optional()
    .describe("Which nodes answered, by the plan's nodeHeader"),
  sockets: socketsSchema.optional().describe("Of a chain that is called over WebSockets: what happened to these"),
  subscriptions: z
    .array(subscriptionSchema)
    .optional()
    .describe("How the chain's subscribers fared, where the plan asks for any"),
  samples: z.array(sample).optional().describe("The first response of each class and code that was no plain relay"),
  targets: z.array(target).describe("Each target's own figures, where the chain has several"),
  methods: z.array(method).optional().describe("The same by what is called, over all targets that call it"),
  warmup: z
    .object({ ledger, missed: tally, errors: tally, invalid: tally, responseTimeMs: latencySchema })
    .optional()
    .describe("The warm-up's traffic, which is in none of the other figures"),
});
