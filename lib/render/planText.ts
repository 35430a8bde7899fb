import { assign, requestsOf, splitRates } from "../plan/assign.ts";
import { formatDuration } from "../plan/duration.ts";
import { estimate } from "../plan/estimate.ts";
import { originsOf } from "../plan/hosts.ts";
import { PRICES } from "../plan/prices.ts";
import { regionShare, regionsOf } from "../plan/regions.ts";
import type { Plan } from "../plan/schema.ts";
import { addressesOf, subscribersOf } from "../plan/subscriptions.ts";
import { workerMemory } from "../plan/workerMemory.ts";
import { renderTable, wrapText } from "../report/table.ts";
import { rateText } from "../report/units.ts";
import { renderMemory } from "./memoryText.ts";

/** What a plan would do, for a terminal: its chains, the assignments, the estimate for AWS, and the workers' memory. */
export function renderPlan(plan: Plan, width: number): string {
  const rps = plan.chains.reduce((sum, chain) => sum + chain.rps, 0);
  const estimated = estimate(plan);
  const { requests, invocations, gbSeconds, items, usd } = estimated;
  const assignments = assign(plan, { runId: plan.name, startAtMs: 0, leadMs: 0 });
  const segments = Math.max(...assignments.map(({ segment }) => segment)) + 1;
  const hasRegions = regionsOf(plan).length > 0;
  const isSubscribed = subscribersOf(plan) > 0;
  const warmup = plan.warmupMs > 0 ? ` after a warm-up of ${formatDuration(plan.warmupMs)}` : "";
  // Counting Poisson arrivals takes as long as making them.
  const isCounted = plan.arrivals !== "poisson";
  const count = Math.round(isCounted ? requestsOf(plan) : requests).toLocaleString("en-US");
  const parts = [
    wrapText(
      `${plan.name}: ${rateText(rps)} requests/s for ${formatDuration(plan.durationMs)}${warmup}, ` +
        `${isCounted ? "" : "about "}${count} requests in all. Nothing is sent.`,
      width,
    ),
    renderTable(
      ["chain", "requests/s", "targets", ...(isSubscribed ? ["subscribers"] : []), "origin"],
      plan.chains.map((chain) => [
        chain.name,
        rateText(chain.rps),
        String(chain.targets.length),
        ...(isSubscribed ? [subscribersOf({ chains: [chain] }).toLocaleString("en-US")] : []),
        plan.gateway
          ? "the stand-in gateway"
          : [...new Set(addressesOf(chain).flatMap(({ url }) => originsOf(url, chain.data)))].join(" "),
      ]),
      width,
    ),
    ...regionTables(plan, width),
    renderTable(
      ["worker", ...(hasRegions ? ["region"] : []), "chain", "part", "requests/s", "segments", "each"],
      assignments
        .filter(({ segment }) => segment === 0)
        .flatMap(({ id, region, shares, fromMs, toMs }) =>
          shares.map((share) => [
            id.split("-")[0] ?? id,
            ...(region === undefined ? [] : [region]),
            share.chain,
            `${share.shard + 1} of ${share.of}`,
            rateText(share.rps),
            String(segments),
            formatDuration(toMs - fromMs),
          ]),
        ),
      width,
    ),
    `${wrapText(
      `Estimate in AWS (${PRICES.region}, list prices as of ${PRICES.asOf}): $${usd.toFixed(usd < 0.01 ? 4 : 2)} for ` +
        `${invocations} ${invocations === 1 ? "invocation" : "invocations"} and ${Math.round(gbSeconds).toLocaleString("en-US")} GB-s`,
      width,
    )}\n${renderTable(
      ["item", "USD"],
      items.map(({ name, usd: price }) => [name, price.toFixed(4)]),
      width,
    )}`,
    ...(plan.mode === "fleet" || rps === 0 ? [] : [renderMemory(workerMemory(plan), estimated, width)]),
  ];
  return `${parts.join("\n\n")}\n`;
}

/** What each region sends of each chain; nothing for a plan without regions. */
function regionTables(plan: Plan, width: number): string[] {
  const workers = splitRates(plan);
  const rows = regionsOf(plan).flatMap((region) => {
    const own = workers.filter((worker) => worker.region === region);
    return plan.chains
      .filter((chain) => regionShare(chain, region) > 0)
      .map((chain) => [
        region,
        chain.name,
        formatShare(regionShare(chain, region)),
        rateText(chain.rps * regionShare(chain, region)),
        String(own.filter(({ shares }) => shares.some((share) => share.chain === chain.name)).length),
      ]);
  });
  return rows.length === 0 ? [] : [renderTable(["region", "chain", "share", "requests/s", "workers"], rows, width)];
}

function formatShare(share: number): string {
  return share.toLocaleString("en-US", { style: "percent", maximumFractionDigits: 1 });
}
