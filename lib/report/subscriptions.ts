import type { Chain, Plan } from "../plan/schema.ts";
import { usesWebSocket } from "../plan/webSocket.ts";
import { intervalMs } from "../results/chunk.ts";
import type { SocketCounts } from "../results/sockets.ts";
import { type SubscriptionFigures, subscriptionFigures } from "../results/subscriptionFigures.ts";
import { SubscriptionSum } from "../results/subscriptions.ts";
import type { ReportSockets, ReportSubscription } from "./subscriptionSchema.ts";
import { latencyOf, round } from "./timeline.ts";

/** The results of a chain's subscribers, in the plan's order. */
function subscriptionReports(
  sums: ReadonlyMap<string, SubscriptionSum>,
  { subscriptions = [] }: Chain,
  run: { plan: Pick<Plan, "durationMs">; measuredMs: number },
): ReportSubscription[] {
  const lengthMs = intervalMs(run.plan.durationMs);
  return subscriptions.map(({ name, to, subscribers }) => {
    const sum = sums.get(name) ?? new SubscriptionSum();
    const areBlocks = to === "newHeads";
    const figures = subscriptionFigures(sum, { areBlocks, intervalMs: lengthMs, endMs: run.measuredMs });
    const { lag, intervals, ...counts } = figures;
    const { connects, handedOver, subscribed, notifications, removed, gaps, unfollowed, failures, drops } = sum;
    return {
      ...{ name, subscribers, subscribed, connects, handedOver, failures, drops },
      ...{ subscribeMs: latencyOf(sum.subscribeTime), notifications, removed, gaps, unfollowed },
      ...counts,
      lagMs: latencyOf(lag),
      intervals: lagIntervals(intervals, lengthMs),
    };
  });
}

function lagIntervals(intervals: SubscriptionFigures["intervals"], lengthMs: number): ReportSubscription["intervals"] {
  return [...intervals]
    .sort(([a], [b]) => a - b)
    .map(([index, { lag, ...counts }]) => ({
      fromMs: index * lengthMs,
      toMs: (index + 1) * lengthMs,
      received: lag.totalCount,
      ...counts,
      p50: lag.totalCount === 0 ? null : round(lag.getValueAtPercentile(50) / 1_000, 3),
      p99: lag.totalCount === 0 ? null : round(lag.getValueAtPercentile(99) / 1_000, 3),
    }));
}

/** A chain's WebSocket section; empty for a chain without WebSockets. */
export function webSocketReport(
  sum: { sockets: SocketCounts; subscriptions: ReadonlyMap<string, SubscriptionSum> },
  chain: Chain,
  run: { plan: Pick<Plan, "durationMs">; measuredMs: number },
): { sockets?: ReportSockets; subscriptions?: ReportSubscription[] } {
  return {
    ...(usesWebSocket(chain) && { sockets: sum.sockets }),
    ...(chain.subscriptions && { subscriptions: subscriptionReports(sum.subscriptions, chain, run) }),
  };
}
