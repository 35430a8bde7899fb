import { z } from "zod";
import { duration } from "./durationField.ts";
import { headerValue, targetUrl, token } from "./fields.ts";
import type { Lookup } from "./lookup.ts";
import { parseTemplate } from "./placeholders.ts";
import type { Target } from "./schema.ts";

/** A call beside the load whose result fills in a placeholder, as a plan describes it. */
const lookup = z.strictObject({
  url: targetUrl
    .optional()
    .describe(
      "Where the call goes; by default the URL of the chain's first target, with its headers that have no placeholders",
    ),
  headers: z.record(token, headerValue).optional().describe("HTTP headers of the call"),
  body: z.record(z.string(), z.json()).describe("The JSON-RPC call, without placeholders"),
  pointer: z
    .string()
    .regex(/^(\/([^~/]|~[01])*)+$/, 'a JSON pointer, such as "/result/hash"')
    .describe('A JSON pointer to a string, number or boolean of the response, such as "/result/hash"'),
  every: duration.prefault("1s").describe("How often each worker makes the call"),
});

/** A chain's lookups, by the name that placeholders use. */
export const lookups = z.record(z.string().regex(/^[A-Za-z_][\w-]*$/), lookup);

function isText(piece: unknown): boolean {
  return typeof piece === "string";
}

const JSON_TYPE: [string, string] = ["Content-Type", "application/json"];

/** A chain's lookups; `first` is its first target. */
export function lookupsOf(written: z.infer<typeof lookups>, first: Target | undefined): Lookup[] {
  return Object.entries(written).map(([name, { url, headers, body, pointer, every }]): Lookup => {
    const inherited = url === undefined ? (first?.headers ?? []) : [];
    const kept = inherited.filter(
      ([header, value]) => !/^(content-|accept-encoding$)/i.test(header) && parseTemplate(value).pieces.every(isText),
    );
    return {
      name,
      method: "POST",
      url: url ?? first?.url ?? "",
      headers: [...(headers ? Object.entries(headers) : kept), JSON_TYPE],
      body: JSON.stringify(body),
      pointer,
      everyMs: every,
    };
  });
}
