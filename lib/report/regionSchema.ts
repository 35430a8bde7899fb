import { z } from "zod";
import { count, interval, sloLine, traffic } from "./chainSchema.ts";

const regionChain = z.object({
  name: z.string(),
  share: z.number().describe("The share of the chain's requests that the region sends"),
  ...traffic,
  intervals: z.array(interval).describe("Response time over the run, in ms"),
  pass: z.boolean().describe("Whether the chain met its SLO in this region; true where no request was due"),
  slo: z.array(sloLine).describe("The SLO that holds for this chain in this region, line by line"),
});

/** What was sent from one region. */
export const regionSchema = z.object({
  name: z.string(),
  workers: count,
  state: z
    .enum(["in order", "late", "failed"])
    .describe(
      "failed: nothing was sent from here; late: requests were missed, or the workers fell behind the schedule",
    ),
  startSkewMs: z.number().nullable().describe("The largest start skew of its workers"),
  clock: z
    .object({ errorMs: z.number(), boundMs: z.number(), corrected: count })
    .nullable()
    .describe("Its workers' largest clock error, the widest bound of it, and how many were corrected"),
  ...traffic,
  chains: z.array(regionChain),
});

export type ReportRegion = z.infer<typeof regionSchema>;
