import { z } from "zod";
import { duration } from "./durationField.ts";
import { headerValue, httpUrl, name, pattern, token } from "./fields.ts";

const selector = {
  metric: z
    .string()
    .regex(/^[A-Za-z_:][\w:]*$/)
    .describe("The metric's name"),
  labels: z.record(z.string(), z.string()).default({}).describe("Labels that a sample must have"),
  chainLabel: z.string().optional().describe("The label that names the chain; without it the counter is shared"),
  chainNames: z
    .record(z.string(), z.string())
    .default({})
    .describe("The label's value for each chain, if it differs from the chain's name"),
};

const headers = z
  .record(token, headerValue)
  .default({})
  .describe("HTTP headers; secrets as env:// or secret:// references");

const match = pattern
  .default("error|timeout|timed out|refused|exhausted|too many")
  .describe("The lines to keep and count, ignoring case");

export const observe = z.strictObject({
  endpoints: z
    .array(
      z.strictObject({
        url: httpUrl,
        headers,
      }),
    )
    .default([])
    .describe("Prometheus endpoints of the gateway and its hosts, read during the run"),
  every: duration.prefault("5s").describe("How often they are read"),
  show: z.array(pattern).default(["connection|pool"]).describe("Names of further metrics to keep and plot"),
  costs: z
    .array(
      z.strictObject({
        name,
        ...selector,
        usd: z.number().nonnegative().optional().describe("The price of one unit, in dollars"),
      }),
    )
    .default([])
    .describe("Counters that each relay increases: queries, operations, bytes, CPU seconds"),
  resources: z
    .array(
      z.strictObject({
        name,
        used: z.strictObject(selector).describe("A gauge of what is in use, or a counter of seconds in use"),
        limit: z.union([z.number().positive(), z.strictObject(selector)]).describe("How much of it exists"),
      }),
    )
    .default([])
    .describe("Resources that may run out: CPU, pools, connections"),
  logs: z
    .array(
      z.union([
        z.strictObject({ url: httpUrl, headers, match }),
        z.strictObject({
          logGroup: z.string().min(1).describe("A log group of CloudWatch"),
          region: z.string().min(1).optional().describe("The log group's Region, if it differs from the command's"),
          match,
        }),
      ]),
    )
    .default([])
    .describe("Logs whose new lines are searched during the run: a file over HTTP, or a CloudWatch log group"),
});
