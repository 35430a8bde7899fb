import { z } from "zod";
import { duration } from "./durationField.ts";
import type { SLO_PERCENTILES } from "./sloPercentiles.ts";

/** The least success if the plan does not say. */
const MIN_SUCCESS = 0.99;

const success = z
  .number()
  .min(0)
  .max(1)
  .describe("Lowest share of requests that must become valid relays; 1 requires all of them");

const percentileLimits = {
  p50Ms: z.number().positive().optional().describe("Highest median response time, in ms"),
  p90Ms: z.number().positive().optional().describe("Highest 90th percentile of the response time, in ms"),
  p95Ms: z.number().positive().optional().describe("Highest 95th percentile of the response time, in ms"),
  p99Ms: z.number().positive().optional().describe("Highest 99th percentile of the response time, in ms"),
  p999Ms: z.number().positive().optional().describe("Highest 99.9th percentile of the response time, in ms"),
} satisfies Record<(typeof SLO_PERCENTILES)[number]["field"], unknown>;

const relayRps = z
  .number()
  .positive()
  .optional()
  .describe("Lowest mean number of valid relays per second over the run");

const classes = z
  .record(z.string().regex(/^[\w.-]+\*?$/), z.number().min(0).max(1))
  .optional()
  .describe(
    "Highest share of the requests sent that may end in each class of failure; a * at the end matches all classes that begin like this",
  );

const usdPerMillionRelays = z
  .number()
  .positive()
  .optional()
  .describe("Highest cost of a million valid relays in dollars, at the prices in observe.costs");

const relayCups = z
  .number()
  .positive()
  .optional()
  .describe("Lowest mean number of compute units of valid relays per second over the run, by computeUnits");

const usdPerMillionComputeUnits = z
  .number()
  .positive()
  .optional()
  .describe("Highest cost of a million compute units of valid relays in dollars, at the prices in observe.costs");

/** What can be required of requests if only their outcome and response time are recorded separately. */
const partLines = { ...percentileLimits, relayRps };

const METHODS = "What each JSON-RPC method must achieve, over all targets of a chain that call it";

const methodLines = z.strictObject({ success: success.optional(), ...partLines });

const methods = z.record(z.string(), methodLines).optional().describe(METHODS);

const regions = z
  .record(z.string(), methodLines)
  .optional()
  .describe("What a chain must achieve in a region, instead of the same field of the chain's SLO");

const share = z.number().min(0).max(1).optional();

const subscribers = z
  .strictObject({
    missed: share.describe("Highest share of the due notifications that may be missed, instead of 1 − success"),
    doubled: share.describe("Highest share of the notifications that may come to a subscriber that has them already"),
    dropped: share.describe("Highest share of the subscriptions that may end because their socket is lost"),
    subscribeP99Ms: z
      .number()
      .positive()
      .optional()
      .describe("Highest 99th percentile of the time to subscribe, in ms"),
    lagP99Ms: z
      .number()
      .positive()
      .optional()
      .describe("Highest 99th percentile of the lag behind the first subscriber, in ms"),
  })
  .optional()
  .describe("What each subscription of a chain must achieve, besides success");

const chainLines = {
  ...partLines,
  classes,
  usdPerMillionRelays,
  relayCups,
  usdPerMillionComputeUnits,
  methods,
  regions,
  subscribers,
};

/** The plan's SLO, which applies to each chain. Percentiles cover all requests sent, including failed ones. */
export const planSlo = z.strictObject({ success: success.default(MIN_SUCCESS), ...chainLines });

/** A chain's SLO. */
export const chainSloSchema = z.strictObject({ success: success.optional(), ...chainLines });

/** A target's SLO. */
export const targetSlo = z.strictObject({ success: success.optional(), ...partLines });

/** What a chain, a method or a target must show, line by line. */
export type Slo = z.infer<typeof chainSloSchema>;

const windowRps = relayRps.describe("Lowest mean number of valid relays per second over the window");

/** What can be required of a run's last seconds. */
const stopLines = {
  success: success.optional(),
  ...percentileLimits,
  relayRps: windowRps,
  classes,
  methods: z
    .record(z.string(), methodLines.extend({ relayRps: windowRps }))
    .optional()
    .describe(METHODS),
};

const STOP_LINES = Object.keys(stopLines) as (keyof typeof stopLines)[];

/** Thresholds that stop a run. */
export const stopSchema = z
  .strictObject({
    chain: z.string().optional().describe("The chain that the threshold applies to; by default each chain separately"),
    ...stopLines,
    window: duration
      .prefault("30s")
      .describe("The time over which the figures are taken; nothing is judged before the run has lasted this long"),
  })
  .refine((stop) => STOP_LINES.some((line) => stop[line] !== undefined), `at least one of ${STOP_LINES.join(", ")}`);

export type Stop = z.infer<typeof stopSchema>;
