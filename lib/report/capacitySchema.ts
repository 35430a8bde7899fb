import { z } from "zod";

const count = z.int().nonnegative();

/** Amounts by counter name. */
export const perRelay = z.record(z.string(), z.number());

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
    .describe("What the chain carries while all others are loaded too, each at the same share of its capacity"),
  subscribers: z
    .object({
      capacity: count.nullable(),
      interval: interval2.nullable(),
      together: z.object({ capacity: count, ratio: z.number() }).nullable(),
    })
    .optional()
    .describe("The same in subscribers, if the search looked for their largest number; then no rate was searched"),
  endedBy: z.array(z.string()).describe("What was not met at the lowest rate above it"),
  bottleneck: z
    .object({ resource: z.string(), utilisation: z.number(), evidence: z.string() })
    .nullable()
    .describe("What was used up first, from the gateway's metrics"),
  model: model.describe("The universal scalability law, fitted to the trials"),
  perRelay: perRelay.describe("What a valid relay adds to each counter, without what the gateway uses when idle"),
  perRelayUncertainty: perRelay.describe("Half of each one's 95 % interval"),
  usdPerMillionRelays: z
    .number()
    .nullable()
    .describe("By the plan's unit prices; null without any, or where a priced counter was not measured"),
  truth: z
    .object({ capacityRps: z.number().nullable(), perRelay })
    .optional()
    .describe("The stand-in gateway's own figures"),
});

/** The report's capacity and cost section. */
export const capacity = z.object({
  chains: z.array(chainCapacity),
  totalRps: z
    .number()
    .nullable()
    .describe("What all chains carry at once, or at least that much where limitFound is false"),
  limitFound: z
    .boolean()
    .describe(
      "Whether a search found where each chain ends; a run that met the SLO only says that more may be carried",
    ),
  unidentified: z.array(z.string()).describe("Shared counters that the chains' rates do not tell apart"),
  methods: z
    .array(
      z.object({
        counter: z.string(),
        costs: z
          .array(
            z.object({
              method: z.string(),
              perRelay: z.number(),
              uncertainty: z.number().describe("Half of the 95 % interval"),
            }),
          )
          .nullable()
          .describe("null where the mix of methods did not vary enough to separate them"),
      }),
    )
    .optional()
    .describe("What a relay of each method adds to a counter without labels, by least squares over intervals"),
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
      subscribers: z
        .record(z.string(), count)
        .optional()
        .describe("Subscribers by chain, if the search looks for their largest number"),
      p99Ms: z
        .record(z.string(), z.number().nullable())
        .optional()
        .describe("Each chain's 99th percentile of the response time of all requests sent"),
      met: z.boolean(),
      valid: z.boolean(),
      reasons: z.array(z.string()),
    }),
  ),
});
