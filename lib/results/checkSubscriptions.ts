import type { SubscriptionCounts } from "./subscriptions.ts";

/** Maximum length of an announced item's key: a hash and an index. */
const MOST_KEY = 100;

/**
 * Checks that a value from the store is subscription counts as a worker writes them. Throws an Error that names the
 * invalid field.
 */
export function checkSubscriptions(value: unknown, where: string): void {
  for (const [name, counts] of Object.entries(object(value, where))) {
    checkCounts(object(counts, `${where}.${name}`) as unknown as SubscriptionCounts, `${where}.${name}`);
  }
}

function checkCounts(counts: SubscriptionCounts, where: string): void {
  const { connects, handedOver, subscribed, notifications, removed, gaps, unfollowed, failures, drops } = counts;
  const numbers = { connects, handedOver, subscribed, notifications, removed, gaps, unfollowed };
  for (const [name, each] of Object.entries(numbers)) must(isCount(each), `${where}.${name} is no count`);
  for (const tally of [failures, drops]) must(isTally(tally), `${where} has a tally that is none`);
  must(typeof counts.subscribeTime === "string", `${where}.subscribeTime is no text`);
  must(Array.isArray(counts.items) && counts.items.every(isItem), `${where}.items has a row that is none`);
  must(Array.isArray(counts.periods) && counts.periods.every(isPeriod), `${where}.periods has a row that is none`);
}

function isItem(row: unknown): boolean {
  if (!Array.isArray(row) || row.length !== 7) return false;
  const [key, order, firstMs, received, doubled, replaced, lags] = row;
  if (typeof key !== "string" || key.length > MOST_KEY || !Number.isFinite(order) || !Number.isFinite(firstMs))
    return false;
  return (
    [received, doubled, replaced].every(isCount) && isTally(lags) && Object.keys(lags).every((us) => /^\d+$/.test(us))
  );
}

function isPeriod(row: unknown): boolean {
  if (!Array.isArray(row) || row.length !== 6) return false;
  const [subscriber, fromMs, toMs, lowest, highest, end] = row;
  if (!isCount(subscriber) || (end !== "planned" && end !== "dropped")) return false;
  return [fromMs, toMs, lowest, highest].every((each) => Number.isFinite(each));
}

function isTally(value: unknown): value is Record<string, number> {
  return typeof value === "object" && value !== null && !Array.isArray(value) && Object.values(value).every(isCount);
}

function isCount(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function object(value: unknown, where: string): Record<string, unknown> {
  must(typeof value === "object" && value !== null && !Array.isArray(value), `${where} is no object`);
  return value as Record<string, unknown>;
}

function must(holds: boolean, message: string): void {
  if (!holds) throw new Error(message);
}
