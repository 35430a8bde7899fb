import { addTally, type Tally } from "../results/chunk.ts";
import { median } from "./outliers.ts";
import type { Report, ReportChain } from "./schema.ts";
import { ms } from "./units.ts";

type Event = Report["events"][number];
type Second = ReportChain["seconds"][number];
type Interval = ReportChain["intervals"][number];

/** A second is an anomaly if more than this share, and at least this many requests, failed or were not sent. */
const MIN_SHARE = 0.05;
const MIN_COUNT = 3;
/** The share must also exceed the usual share by this factor. */
const TIMES_USUAL = 3;

/** Anomalous seconds belong to one event if the gap between them is no longer than this. */
const MAX_GAP_S = 2;

/** An interval with fewer responses than this has no meaningful 99th percentile. */
const MIN_RESPONSES = 50;
const MIN_RISE_MS = 10;

const MAX_EVENTS = 40;

/** What changed during the run: bursts of failures, seconds with missed requests, rises in response time. */
export function eventsOf(chains: readonly ReportChain[]): Event[] {
  const events = chains.flatMap((chain) => [...failures(chain), ...misses(chain), ...rises(chain)]);
  return events.toSorted((a, b) => a.fromMs - b.fromMs).slice(0, MAX_EVENTS);
}

function failures({ name, seconds }: ReportChain): Event[] {
  const failed = ({ errors, invalid }: Second): number => errors + invalid;
  return stretches(seconds, failed, ({ sent }) => sent).map((stretch) => {
    const classes: Tally = {};
    for (const second of stretch) addTally(classes, second.classes ?? {});
    const [worst] = Object.entries(classes).sort(([, a], [, b]) => b - a);
    const mostly = worst ? `, mostly ${worst[0]}` : "";
    return eventOf(name, "errors", stretch, `${shareText(stretch, failed, ({ sent }) => sent)} failed${mostly}`);
  });
}

function misses({ name, seconds }: ReportChain): Event[] {
  const missed = (second: Second): number => second.missed;
  return stretches(seconds, missed, ({ scheduled }) => scheduled).map((stretch) =>
    eventOf(name, "missed", stretch, `${shareText(stretch, missed, ({ scheduled }) => scheduled)} were not sent`),
  );
}

function rises({ name, intervals }: ReportChain): Event[] {
  const counted = intervals.filter(({ count }) => count >= MIN_RESPONSES);
  const usual = median(counted.map(({ p99 }) => p99));
  const isHigh = ({ p99 }: Interval): boolean => p99 > Math.max(TIMES_USUAL * usual, usual + MIN_RISE_MS);
  return groups(counted.filter(isHigh), (before, next) => next.fromMs - before.toMs <= MAX_GAP_S * 1_000).map(
    (group) => {
      const worst = Math.max(...group.map(({ p99 }) => p99));
      return {
        fromMs: group[0]?.fromMs ?? 0,
        toMs: group.at(-1)?.toMs ?? 0,
        chain: name,
        kind: "latency",
        text: `response time p99 rose to ${ms(worst)}; its usual is ${ms(usual)}`,
      };
    },
  );
}

/** Runs of seconds in which a share was anomalous; close ones are merged. */
function stretches(
  seconds: readonly Second[],
  part: (second: Second) => number,
  whole: (second: Second) => number,
): Second[][] {
  const share = (second: Second): number => (whole(second) === 0 ? 0 : part(second) / whole(second));
  const usual = median(seconds.map(share));
  const isOdd = (second: Second): boolean =>
    part(second) >= MIN_COUNT && share(second) > Math.max(MIN_SHARE, Math.min(0.5, TIMES_USUAL * usual));
  return groups(seconds.filter(isOdd), (before, next) => next.second - before.second <= MAX_GAP_S);
}

function groups<T>(items: readonly T[], together: (before: T, next: T) => boolean): T[][] {
  const made: T[][] = [];
  for (const item of items) {
    const last = made.at(-1);
    const before = last?.at(-1);
    if (last && before !== undefined && together(before, item)) last.push(item);
    else made.push([item]);
  }
  return made;
}

function eventOf(chain: string, kind: Event["kind"], stretch: readonly Second[], text: string): Event {
  const fromMs = (stretch[0]?.second ?? 0) * 1_000;
  return { fromMs, toMs: ((stretch.at(-1)?.second ?? 0) + 1) * 1_000, chain, kind, text };
}

function shareText(
  stretch: readonly Second[],
  part: (second: Second) => number,
  whole: (second: Second) => number,
): string {
  const sum = (read: (second: Second) => number): number => stretch.reduce((total, second) => total + read(second), 0);
  const [some, all] = [sum(part), sum(whole)];
  return `${some} of ${all} requests (${Math.round((some / Math.max(1, all)) * 100)} %)`;
}
