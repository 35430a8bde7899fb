import { z } from "zod";
import { DURATION_PATTERN, durationMs } from "./duration.ts";

/** The state machine gives up after 25 hours. */
const LONGEST_MS = 24 * 3_600_000;

/** A duration as written in a plan; the checked plan has milliseconds. */
export const duration = z
  .union([z.number().positive(), z.string().regex(DURATION_PATTERN)])
  .transform(durationMs)
  .refine((ms) => ms >= 1, "a duration of at least 1 ms")
  .refine((ms) => ms <= LONGEST_MS, "a duration of at most 24h, as long as the state machine runs")
  .describe('Seconds as a number, or text such as "90s", "33m", "1h30m"');
