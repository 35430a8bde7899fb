import { z } from "zod";
import { latencySchema } from "./latencySchema.ts";

const count = z.int().nonnegative();
const tally = z.record(z.string(), count);

/** What happened to a chain's WebSockets besides the calls on them. */
export const socketsSchema = z.object({
  opened: count,
  closed: tally.describe("Open sockets that the other side or the network closed, by class"),
  refused: tally.describe("Handshakes that failed, by class"),
  unmatched: count.describe("Messages that no call waited for, such as answers after their timeout"),
  bufferedBytes: count.describe("The most bytes that waited in one socket for the other side to read"),
});

const lag = z.number().nullable().describe("The lag's percentile, in ms; null where nothing was received");

const interval = z.object({
  fromMs: z.number(),
  toMs: z.number(),
  received: count.describe("Receipts, without doubled ones"),
  expected: count,
  missed: count,
  doubled: count,
  dropped: count.describe("Sockets that were lost"),
  p50: lag,
  p99: lag,
});

/** What a chain's subscribers of one kind saw. */
export const subscriptionSchema = z.object({
  name: z.string().describe("What is subscribed to, and a number where the chain has several of it"),
  subscribers: count.describe("Subscribers that the plan asks for"),
  reached: count.describe("Subscribers that were subscribed at least once"),
  subscribed: count.describe("Subscriptions that the node confirmed, those after a drop included"),
  connects: count.describe("Handshakes that were begun"),
  handedOver: count.describe("Of these, those at the border of two segments, which replace a planned end"),
  failures: tally.describe("Why a subscriber was not subscribed, by class"),
  drops: tally.describe("Why a subscriber lost its socket, by class"),
  subscribeMs: latencySchema.describe("From the beginning of the handshake to the confirmed subscription"),
  notifications: count.describe("All that came, doubled ones included"),
  items: count.describe("Different blocks, logs or transactions that were announced"),
  expected: count.describe("Receipts that were due: of each thing, by the subscribers that were there"),
  missed: count.describe("Of these, the ones that never came, by hash"),
  missedByNumber: count.describe("The same of blocks by number: no block of that number came, whatever its hash"),
  doubled: count.describe("Receipts by a subscriber that had the same already"),
  gaps: count.describe("Jumps of a subscriber from one block's number over the next"),
  reorganised: count.describe("Blocks' numbers of which there were several hashes"),
  removed: count.describe("Logs that a reorganisation took back"),
  silent: count.describe("Subscribers that received nothing more at their end, while others did"),
  missedWhileDropped: count.describe("What was announced while a subscriber had lost its socket"),
  missedAtHandOver: count.describe("What was announced between two segments, while a subscriber was handed over"),
  unfollowed: count.describe("Notifications that name nothing, or more things than are followed"),
  lagMs: latencySchema.describe("Behind the first subscriber of all that received the same"),
  intervals: z
    .array(interval)
    .describe("The same over the run, by when a thing was first received; dropped by when the socket was lost"),
});

export type ReportSubscription = z.infer<typeof subscriptionSchema>;
export type ReportSockets = z.infer<typeof socketsSchema>;
