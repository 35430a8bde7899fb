import { type Ledger, type SecondCounts, total, UNFINISHED } from "./chunk.ts";
import type { SeriesSum } from "./seriesSum.ts";

/** The ledger of a sum for `scheduled` requests. It may not balance; `closeLedger` returns the gaps. */
export function ledgerOf(scheduled: number, sum: SeriesSum): Ledger {
  const invalid = total(sum.invalid);
  return {
    scheduled,
    sent: sum.sent,
    missed: total(sum.missed),
    responses: sum.valid + invalid,
    errors: total(sum.errors) - (sum.errors[UNFINISHED] ?? 0),
    unfinished: sum.errors[UNFINISHED] ?? 0,
    valid: sum.valid,
    invalid,
  };
}

/** Adds up ledgers. */
export function addLedgers(ledgers: Iterable<Ledger>): Ledger {
  const none = { scheduled: 0, sent: 0, missed: 0, responses: 0, errors: 0, unfinished: 0, valid: 0, invalid: 0 };
  const sum: Ledger = { ...none };
  for (const ledger of ledgers) {
    for (const entry of Object.keys(sum) as (keyof Ledger)[]) sum[entry] += ledger[entry];
  }
  return sum;
}

/** Whether scheduled = sent + missed, sent = responses + errors + unfinished, and responses = valid + invalid. */
export function balances({ scheduled, sent, missed, responses, errors, unfinished, valid, invalid }: Ledger): boolean {
  const isWhole = scheduled === sent + missed && sent === responses + errors + unfinished;
  return isWhole && responses === valid + invalid;
}

/** Valid relays ÷ requests sent, not counting those in flight when the run was aborted; null if there are none. */
export function successOf({ sent, unfinished, valid }: Pick<Ledger, "sent" | "unfinished" | "valid">): number | null {
  return sent > unfinished ? valid / (sent - unfinished) : null;
}

/** What a lost worker did not record. */
export interface Gap {
  /** Requests about which nothing is known: booked as missed, reason `lost`. */
  unsent: number;
  /** Requests that were sent but whose end is unknown: booked as errors, class `lost`. */
  unended: number;
  /** Requests that ended but were not recorded as sent: booked as sent. */
  unrecorded: number;
  /** Requests beyond the schedule: two attempts sent them. They cannot be booked, and the ledger does not balance. */
  doubled: number;
}

/**
 * Closes a sum's ledger: books scheduled requests without a record as missed, and sent requests without an end as
 * errors, both under the name `lost`. Returns the gaps.
 */
export function closeLedger(scheduled: number, sum: SeriesSum): Gap {
  const open = ledgerOf(scheduled, sum);
  const ended = open.responses + open.errors + open.unfinished;
  const sent = Math.max(open.sent, ended);
  const unsent = open.scheduled - sent - open.missed;
  const gap = {
    unsent: Math.max(0, unsent),
    unended: sent - ended,
    unrecorded: sent - open.sent,
    doubled: Math.max(0, -unsent),
  };
  bookLost(sum, gap);
  return gap;
}

/** The gap of one second. */
export type SecondGap = Pick<Gap, "unsent" | "unended" | "unrecorded">;

/**
 * Splits a gap by the second in which its requests were due: each second's schedule minus what was recorded for it.
 * `seconds` are the counts of all attempts; `scheduledIn` is the number of requests due by second.
 */
export function gapBySecond(
  gap: Gap,
  scheduledIn: ReadonlyMap<number, number>,
  seconds: ReadonlyMap<number, SecondCounts>,
): Map<number, SecondGap> {
  const left = { ...gap };
  const found = new Map<number, SecondGap>();
  for (const second of [...new Set([...scheduledIn.keys(), ...seconds.keys()])].sort((a, b) => a - b)) {
    const { sent, missed, valid, invalid, errors } = seconds.get(second) ?? NOTHING;
    const ended = valid + invalid + errors;
    const begun = Math.max(sent, ended);
    const unsent = Math.max(0, (scheduledIn.get(second) ?? 0) - begun - missed);
    const missing = {
      unsent: Math.min(left.unsent, unsent),
      unended: Math.min(left.unended, begun - ended),
      unrecorded: Math.min(left.unrecorded, begun - sent),
    };
    for (const key of ["unsent", "unended", "unrecorded"] as const) left[key] -= missing[key];
    if (missing.unsent + missing.unended + missing.unrecorded > 0) found.set(second, missing);
  }
  return found;
}

const NOTHING: SecondCounts = { sent: 0, missed: 0, valid: 0, invalid: 0, errors: 0 };

/** Books the gaps of seconds in a sum's seconds. */
export function bookLostSeconds(sum: SeriesSum, gaps: ReadonlyMap<number, SecondGap>): void {
  for (const [second, { unsent, unended, unrecorded }] of gaps) {
    const counts = sum.seconds.get(second) ?? { ...NOTHING };
    sum.seconds.set(second, counts);
    counts.sent += unrecorded;
    counts.missed += unsent;
    counts.errors += unended;
    if (unended > 0) counts.classes = { ...counts.classes, lost: (counts.classes?.lost ?? 0) + unended };
  }
}

/** Books a gap in a sum. */
export function bookLost(sum: SeriesSum, { unsent, unended, unrecorded }: Gap): void {
  sum.sent += unrecorded;
  if (unsent > 0) sum.missed.lost = (sum.missed.lost ?? 0) + unsent;
  if (unended > 0) sum.errors.lost = (sum.errors.lost ?? 0) + unended;
}
