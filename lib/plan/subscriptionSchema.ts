import { z } from "zod";
import { duration } from "./durationField.ts";
import { headerValue, token } from "./fields.ts";
import { isSubscribedUrl, SUBSCRIBED_URL } from "./httpUrl.ts";

/** Subscribers of one kind, as a plan describes them. */
export const subscription = z.strictObject({
  url: z.string().refine(isSubscribedUrl, SUBSCRIBED_URL).describe("Where subscribers connect: a ws or wss URL"),
  headers: z.record(token, headerValue).default({}).describe("HTTP headers of the handshake"),
  to: z.enum(["newHeads", "logs", "newPendingTransactions"]).describe("What is subscribed to, by eth_subscribe"),
  filter: z
    .record(z.string(), z.json())
    .optional()
    .describe('Which logs to subscribe to, such as {"address": "0x…", "topics": […]}'),
  subscribers: z.int().min(1).max(1_000_000).describe("Subscribers over all workers, each on its own socket"),
  ramp: duration.optional().describe("Time over which the subscribers connect; by default 100 connect each second"),
});
