import { z } from "zod";

/** Percentiles of a distribution of times. */
export const latencySchema = z
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
