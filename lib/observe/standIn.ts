import type { Observe, Plan } from "../plan/schema.ts";

/**
 * What is observed of the stand-in gateway in addition to the plan's own metrics: its counters by chain, and its
 * limited resources.
 */
function standInObserve(origin: string, observe: Observe): Observe {
  const byChain = (metric: string) => ({ metric, labels: {}, chainLabel: "chain", chainNames: {} });
  const shared = (metric: string) => ({ metric, labels: {}, chainNames: {} });
  return {
    ...observe,
    endpoints: [...observe.endpoints, { url: `${origin}/metrics`, headers: {} }],
    costs: [
      ...observe.costs,
      { name: "dbQueries", ...byChain("gateway_db_queries_total") },
      { name: "redisOperations", ...byChain("gateway_redis_operations_total") },
      { name: "bytesIn", ...byChain("gateway_received_bytes_total") },
      { name: "bytesOut", ...byChain("gateway_sent_bytes_total") },
      { name: "cpuSeconds", ...byChain("gateway_cpu_seconds_total") },
    ].filter(({ name }, index, all) => all.findIndex((each) => each.name === name) === index),
    resources: [
      ...observe.resources,
      { name: "cpu", used: shared("gateway_cpu_cores_in_use"), limit: shared("gateway_cpu_cores_size") },
      { name: "dbPool", used: shared("gateway_db_pool_in_use"), limit: shared("gateway_db_pool_size") },
      { name: "upstream", used: byChain("gateway_upstream_in_flight"), limit: byChain("gateway_upstream_limit") },
    ],
  };
}

/** What a run observes: what the plan asks for and, with a stand-in gateway, all of that gateway's metrics. */
export function observeOf(plan: Plan): Observe {
  const [target] = plan.chains[0]?.targets ?? [];
  return plan.gateway && target ? standInObserve(new URL(target.url).origin, plan.observe) : plan.observe;
}
