import { checkTally, count, isCount, list, record, text } from "./fields.ts";
import type { SubscriptionCounts } from "./subscriptions.ts";

/** Maximum length of an announced item's key: a hash and an index. */
const MOST_KEY = 100;

/**
 * Checks that a value from the store is subscription counts as a worker writes them. Throws an Error that names the
 * invalid field.
 */
export function checkSubscriptions(value: unknown, where: string): void {
  for (const [name, counts] of Object.entries(record(value, where))) {
    checkCounts(record(counts, `${where}.${name}`) as unknown as SubscriptionCounts, `${where}.${name}`);
  }
}

function checkCounts(counts: SubscriptionCounts, where: string): void {
  const { connects, handedOver, subscribed, notifications, removed, gaps, unfollowed, failures, drops } = counts;
  const numbers = { connects, handedOver, subscribed, notifications, removed, gaps, unfollowed };
  for (const [name, each] of Object.entries(numbers)) count(each, `${where}.${name}`);
  for (const [name, tally] of Object.entries({ failures, drops })) checkTally(tally, `${where}.${name}`);
  text(counts.subscribeTime, `${where}.subscribeTime`);
  checkRows(counts.items, isItem, `${where}.items`);
  checkRows(counts.periods, isPeriod, `${where}.periods`);
}

function checkRows(rows: unknown, isRow: (row: unknown) => boolean, where: string): void {
  if (!list(rows, where).every(isRow)) throw new Error(`${where} has a row that is none`);
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
