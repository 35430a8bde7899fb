import { z } from "zod";
import { headerValue, name, pattern, targetUrl, token } from "./fields.ts";
import { lookups } from "./lookupSchema.ts";
import { regionShares } from "./regionSchema.ts";
import { chainSloSchema, targetSlo } from "./sloSchema.ts";
import { subscription } from "./subscriptionSchema.ts";

/** A double cannot tell longer integers apart: a check of one would also pass for its neighbours. */
const EXACT = 'integers of at most 2^53 - 1; for a longer one a pattern with its digits, as in "matches": "^123$"';

function isExact(value: unknown): boolean {
  if (typeof value === "number") return !Number.isInteger(value) || Number.isSafeInteger(value);
  return typeof value !== "object" || value === null || Object.values(value).every(isExact);
}

const check = z.strictObject({
  pointer: z
    .string()
    .regex(/^(\/([^~/]|~[01])*)+$/, 'a JSON pointer, such as "/result"')
    .describe('A JSON pointer into the response, such as "/result" or "/result/hash"'),
  equals: z.json().refine(isExact, EXACT).optional().describe("The value that must be there"),
  matches: pattern.optional().describe("A regular expression (RE2) that the value must match"),
  min: z.number().optional().describe("The least value; hexadecimal quantities count as numbers"),
  max: z.number().optional().describe("The highest value"),
});

/** What a plan requires of a response besides being a relay. */
export type Check = z.infer<typeof check>;

const accept = z
  .strictObject({
    null: z
      .boolean()
      .optional()
      .describe("Whether a null result counts as an answer; by default only for methods that may find nothing"),
    revert: z.boolean().optional().describe("Whether a reverted execution counts as an answer; by default it does"),
    codes: z.array(z.int()).optional().describe("Codes of JSON-RPC errors that count as answers"),
    status: z
      .array(z.int().min(200).max(599))
      .optional()
      .describe("HTTP statuses besides 2xx with which a response counts as its body says"),
  })
  .optional()
  .describe("Which responses besides a result count as answers of the node and not as failures");

/** What counts as an answer, besides a result. */
export type Accept = NonNullable<z.infer<typeof accept>>;

const expectation = z
  .enum(["json-rpc", "http"])
  .optional()
  .describe(
    '"http" where a target is no JSON-RPC: its HTTP status and checks decide. "json-rpc" also takes calls that do not say ' +
      '"jsonrpc": "2.0". Without it a body must be JSON-RPC 2.0, and a target without a body is plain HTTP',
  );

const inlineTarget = z.strictObject({
  method: token.default("POST").describe("The HTTP method, sent as written"),
  url: targetUrl,
  headers: z
    .record(token, z.union([headerValue, z.array(headerValue)]))
    .default({})
    .describe("HTTP headers: a name's value, or a list of values for a header that is repeated"),
  body: z
    .union([z.string(), z.json()])
    .optional()
    .describe("The body: text as it is, or any JSON value, which is sent as compact JSON"),
  name: z
    .string()
    .min(1)
    .max(100)
    .optional()
    .describe("The target's name in the report; by default the JSON-RPC or HTTP method that it calls"),
  expect: expectation,
  weight: z.number().positive().default(1).describe("This target's share of the chain's requests, against the others"),
  checks: z.array(check).min(1).optional().describe("What a response must show besides being a relay"),
  accept: accept.describe(
    "Which responses count as answers of the node and not as failures; replaces the chain's setting",
  ),
  slo: targetSlo.optional().describe("What this target must achieve; a chain records up to 64 targets separately"),
});

const targetFile = z.string().min(1).describe("A file in vegeta's http or json format, relative to the plan");

const replay = z.strictObject({
  file: z
    .string()
    .min(1)
    .describe('A request log, relative to the plan: a JSON object a line, with "at" (RFC 3339, or ms), url, method, …'),
  factor: z.number().positive().default(1).describe("How many times faster than recorded"),
});

/** What each method costs in compute units; `default` is for all others. */
export const computeUnits = z
  .record(z.string().min(1), z.number().nonnegative())
  .describe('Compute units of each method, and of all others as "default", as in a provider\'s price list');

export type ComputeUnits = z.infer<typeof computeUnits>;

export const chain = z
  .strictObject({
    name,
    rps: z.number().positive().max(10_000_000).optional().describe("Requests per second, over all workers"),
    cups: z
      .number()
      .positive()
      .max(10_000_000)
      .optional()
      .describe("The rate in compute units per second, instead of rps: divided by the mean units of the targets"),
    computeUnits: computeUnits.optional().describe("Compute units of this chain's methods: overrides the plan's"),
    targets: z
      .union([targetFile, z.array(z.union([targetFile, inlineTarget])).min(1)])
      .optional()
      .describe("A target file, or a list of target files and targets written out"),
    regions: regionShares.optional().describe("This chain's shares of the regions, instead of the plan's"),
    slo: chainSloSchema.optional().describe("What this chain must achieve: each field overrides the plan's"),
    expect: expectation,
    replay: replay.optional().describe("A recorded request log, instead of rps and targets"),
    data: z
      .string()
      .min(1)
      .optional()
      .describe("A CSV file with a header, or JSON objects a line, relative to the plan, for {{data.field}}"),
    lookups: lookups
      .optional()
      .describe("Calls beside the load whose results fill in {{lookup.name}}, such as the hash of the newest block"),
    dataOrder: z
      .enum(["cycle", "once", "random"])
      .optional()
      .describe(
        "How requests take the data's rows: in order and again from the first (cycle), each row once, or at random",
      ),
    order: z
      .enum(["turns", "random"])
      .optional()
      .describe("The order of the targets: in turns, exactly by weight, or drawn at random by weight"),
    staleBlocks: z
      .int()
      .min(0)
      .optional()
      .describe("An eth_blockNumber result that is more than this many blocks behind the highest one is not a relay"),
    subscriptions: z
      .array(subscription)
      .min(1)
      .optional()
      .describe("Subscribers over WebSockets, in addition to the calls or instead of them"),
    accept,
    rateLimitCodes: z
      .array(z.int())
      .optional()
      .describe("Codes of JSON-RPC errors with which this chain's gateway limits rates, besides the usual ones"),
  })
  .superRefine((value, context) => {
    for (const { field, message } of loadProblems(value)) {
      context.addIssue({ code: "custom", path: [field], message });
    }
  });

/** What a chain's load is made from. */
interface Load {
  rps?: unknown;
  cups?: unknown;
  targets?: unknown;
  replay?: unknown;
  subscriptions?: unknown;
}

/** What a chain's load lacks, or says twice: a replay, or a rate with targets, or subscribers. */
function loadProblems({ rps, cups, targets, replay, subscriptions }: Load): { field: keyof Load; message: string }[] {
  const given = Object.entries({ rps, cups, targets }).filter(([, value]) => value !== undefined);
  const fields = given.map(([field]) => field as keyof Load);
  if (replay) return fields.map((field) => ({ field, message: "nothing beside replay" }));
  if (subscriptions && fields.length === 0) return [];
  const rate = rps ?? cups;
  return [
    ...(rate === undefined ? [{ field: "rps" as const, message: "a number of requests per second" }] : []),
    ...(rps !== undefined && cups !== undefined ? [{ field: "cups" as const, message: "either rps or cups" }] : []),
    ...(targets === undefined ? [{ field: "targets" as const, message: "a target file, or a list of targets" }] : []),
  ];
}
