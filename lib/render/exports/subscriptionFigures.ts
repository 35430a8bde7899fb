import type { Report } from "../../report/schema.ts";
import type { ReportSubscription } from "../../report/subscriptionSchema.ts";

/** The figures of one subscription, by the names that the exports share. */
export interface ExportedSubscription {
  chain: string;
  subscription: string;
  /** Notifications by what became of them. */
  notifications: Record<string, number>;
  /** Subscribers, and what became of their subscriptions. */
  subscriptions: Record<string, number>;
  /** Times by percentile, in ms; empty if nothing was measured. */
  lagMs: Record<string, number>;
  subscribeMs: Record<string, number>;
}

/** The figures of all subscriptions of a report. */
export function exportedSubscriptions({ chains }: Report): ExportedSubscription[] {
  return chains.flatMap(({ name, subscriptions = [] }) => subscriptions.map((each) => figuresOf(name, each)));
}

function figuresOf(chain: string, each: ReportSubscription): ExportedSubscription {
  const { name, notifications, expected, missed, doubled, missedWhileDropped, missedAtHandOver } = each;
  const { subscribers, reached, subscribed, silent, handedOver } = each;
  return {
    chain,
    subscription: name,
    notifications: {
      received: notifications,
      due: expected,
      missed,
      doubled,
      missed_while_dropped: missedWhileDropped,
      missed_at_hand_over: missedAtHandOver,
    },
    subscriptions: {
      ...{ asked: subscribers, reached, subscribed, silent, handed_over: handedOver },
      ...{ failed: sum(each.failures), dropped: sum(each.drops) },
    },
    lagMs: each.lagMs ?? {},
    subscribeMs: each.subscribeMs ?? {},
  };
}

function sum(tally: Readonly<Record<string, number>>): number {
  return Object.values(tally).reduce((all, count) => all + count, 0);
}
