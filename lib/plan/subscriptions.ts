import type { z } from "zod";
import type { Chain, Plan, planSchema, Subscription, Target } from "./schema.ts";

type Input = NonNullable<z.infer<typeof planSchema>["chains"][number]["subscriptions"]>;

/** Subscribers that connect per second, if the plan does not say. */
const CONNECTS_PER_SECOND = 100;

/**
 * Subscribers per worker, if the plan does not pin the number of workers: each needs a file, of which a Lambda may open
 * 1,024.
 */
export const SUBSCRIBERS_PER_WORKER = 500;

/** A chain's subscriptions as later stages read them. */
export function subscriptionsOf(input: Input): Subscription[] {
  return input.map(({ url, headers, to, filter, subscribers, ramp }, place): Subscription => {
    const before = input.slice(0, place).filter((each) => each.to === to).length;
    return {
      name: before === 0 ? to : `${to} #${before + 1}`,
      url,
      headers: Object.entries(headers),
      to,
      ...(filter && { filter }),
      subscribers,
      rampMs: ramp ?? (subscribers / CONNECTS_PER_SECOND) * 1_000,
    };
  });
}

/** The URL and headers of everything that a chain connects to: its targets, subscriptions and lookups. */
export function addressesOf({ targets, subscriptions = [], lookups = [] }: Chain): Pick<Target, "url" | "headers">[] {
  return subscriptions.length + lookups.length === 0 ? targets : [...targets, ...subscriptions, ...lookups];
}

/** How many workers a share of a chain's subscribers needs. */
export function workersOfSubscribers({ subscriptions = [] }: Pick<Chain, "subscriptions">, share = 1): number {
  const all = subscriptions.reduce((sum, { subscribers }) => sum + subscribers, 0);
  return Math.ceil((all * share) / SUBSCRIBERS_PER_WORKER);
}

/** How many subscribers a plan has, over all chains. */
export function subscribersOf({ chains }: Pick<Plan, "chains">): number {
  const all = chains.flatMap(({ subscriptions = [] }) => subscriptions);
  return all.reduce((sum, { subscribers }) => sum + subscribers, 0);
}

/** Whether a search looks for a chain's largest number of subscribers, and not for its highest rate. */
export function isSearchedForSubscribers(
  { profile }: Pick<Plan, "profile">,
  { rps, subscriptions = [] }: Chain,
): boolean {
  return subscriptions.length > 0 && (rps === 0 || (profile.type === "search" && profile.over === "subscribers"));
}

/** Subscriptions in the same proportion with `total` subscribers in all, which connect at the same pace. */
export function scaledTo(total: number, subscriptions: readonly Subscription[]): Subscription[] {
  const whole = subscriptions.reduce((sum, { subscribers }) => sum + subscribers, 0);
  let before = 0;
  const upTo = (count: number): number => Math.round((count * total) / whole);
  return subscriptions.flatMap((each) => {
    const subscribers = upTo(before + each.subscribers) - upTo(before);
    before += each.subscribers;
    if (subscribers === 0) return [];
    return [{ ...each, subscribers, rampMs: (each.rampMs * subscribers) / each.subscribers }];
  });
}

/** The target from which a subscription's handshake and call are made. */
export function subscribeTarget({ url, headers, to, filter }: Subscription): Target {
  const params = to === "logs" ? [to, filter ?? {}] : [to];
  const body = `{"jsonrpc":"2.0","id":{{id}},"method":"eth_subscribe","params":${JSON.stringify(params)}}`;
  return { method: "POST", url, headers, body, weight: 1 };
}
