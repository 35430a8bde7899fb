import { cleanText } from "../plan/terminal.ts";
import type { Capacity, ChainCapacity } from "../report/schema.ts";
import { renderTable } from "../report/table.ts";

/** The capacity section for a terminal: what each chain carries, what a relay costs, what the target takes. */
export function capacityText(capacity: Capacity): string {
  const parts = [capacityTable(capacity), ...notes(capacity), costTable(capacity.chains), scalingText(capacity)];
  return parts.filter((part) => part !== "").join("\n\n");
}

function capacityTable({ chains, trials }: Capacity): string {
  if (trials.length === 0) return "";
  const rows = chains.map(({ name, capacityRps, interval, together, trials: count, bottleneck, truth }) => [
    name,
    rate(capacityRps),
    interval ? `${rate(interval[0])} … ${rate(interval[1])}` : "–",
    together ? rate(together.capacityRps) : "–",
    together ? `${Math.round(together.ratio * 1_000) / 10} %` : "–",
    String(count),
    bottleneck ? bottleneck.resource : "–",
    ...(truth ? [rate(truth.capacityRps)] : []),
  ]);
  const head = ["capacity, requests/s", "alone", "between", "all at once", "of alone", "trials", "used up first"];
  return renderTable(chains.some(({ truth }) => truth) ? [...head, "truth"] : head, rows);
}

function notes({ chains, trials, unidentified }: Capacity): string[] {
  const lines: string[] = [];
  for (const { name, bottleneck, model } of trials.length === 0 ? [] : chains) {
    if (bottleneck) lines.push(`${name}: ${bottleneck.resource} is used up first: ${bottleneck.evidence}`);
    if ("why" in model) lines.push(`${name}: no model: ${model.why}`);
    else {
      const [low, high] = model.limitInterval;
      lines.push(
        `${name}: the universal scalability law predicts at most ${rate(model.limitRps)} requests/s (${rate(low)} … ${rate(high)}; ` +
          `contention ${model.sigma.toPrecision(2)}, coherency ${model.kappa.toPrecision(2)}, R² ${model.r2.toFixed(3)})`,
      );
    }
  }
  if (unidentified.length > 0) {
    lines.push(
      `not told apart by chain: ${unidentified.join(", ")}. The chains' rates keep one proportion; steps that change it, or a mix, would tell.`,
    );
  }
  return lines.length === 0 ? [] : [lines.map((line) => `  ${cleanText(line)}`).join("\n")];
}

function costTable(chains: readonly ChainCapacity[]): string {
  const counters = [...new Set(chains.flatMap(({ perRelay }) => Object.keys(perRelay)))];
  if (counters.length === 0) return "";
  const priced = chains.some(({ usdPerMillionRelays }) => usdPerMillionRelays !== null);
  const rows = chains.map(({ name, perRelay, perRelayUncertainty, usdPerMillionRelays }) => [
    name,
    ...counters.map((counter) => amount(perRelay[counter], perRelayUncertainty[counter])),
    ...(priced ? [usdPerMillionRelays === null ? "–" : `$${usdPerMillionRelays.toFixed(3)}`] : []),
  ]);
  return renderTable(["cost per relay", ...counters, ...(priced ? ["a million relays"] : [])], rows);
}

function amount(value: number | undefined, uncertainty = 0): string {
  if (value === undefined) return "–";
  const text = String(Number(value.toPrecision(4)));
  return uncertainty > 0 ? `${text} ± ${Number(uncertainty.toPrecision(2))}` : text;
}

function scalingText({ scaling, generator, totalRps }: Capacity): string {
  const lines: string[] = [];
  if (!scaling && totalRps !== null) {
    lines.push(
      `capacity: at least ${rate(totalRps)} requests/s in all; a search finds the limit (profile of type search)`,
    );
  }
  if (scaling) {
    const { currentRps, targetRps, headroom, rpsPerInstance, instancesNeeded, usdPerInstanceMonth, usdPerMonth } =
      scaling;
    lines.push(
      `current capacity: ${rate(currentRps)} requests/s in all, ${rate(rpsPerInstance)} an instance`,
      `target capacity: ${rate(targetRps)} requests/s, and ${Math.round(headroom * 100)} % above it to spare`,
      `instances needed: ${instancesNeeded}`,
      usdPerInstanceMonth === null || usdPerMonth === null
        ? "cost per instance: not in the plan (capacity.instanceUsdPerMonth)"
        : `cost per instance: $${usdPerInstanceMonth} a month, $${Math.round(usdPerMonth).toLocaleString("en-US")} a month in all`,
      `to load it at that rate: ${scaling.workersNeeded} workers`,
    );
  }
  const { usd, usdPerMillionRelays, gbSeconds, invocations } = generator;
  const each = usdPerMillionRelays === null ? "" : `, $${usdPerMillionRelays.toFixed(3)} a million relays`;
  lines.push(`this load in Lambda: ${Math.round(gbSeconds)} GB-s and ${invocations} calls, $${usd.toFixed(4)}${each}`);
  return lines.map((line) => `  ${line}`).join("\n");
}

function rate(rps: number | null | undefined): string {
  return rps === null || rps === undefined ? "–" : rps.toLocaleString("en-US", { maximumFractionDigits: 1 });
}
