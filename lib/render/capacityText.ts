import { cleanText } from "../plan/terminal.ts";
import type { Capacity, ChainCapacity } from "../report/schema.ts";
import { renderTable, wrapText } from "../report/table.ts";
import { between, rate } from "./textFigures.ts";

/** The capacity section for a terminal: each chain's capacity, the cost of a relay, and the scaling estimate. */
export function capacityText(capacity: Capacity, width: number): string {
  const parts = [
    capacityTable(capacity, width),
    subscriberTable(capacity, width),
    ...notes(capacity).map((text) => wrapText(text, width)),
    costTable(capacity.chains, width),
    methodCostText(capacity, width),
    wrapText(scalingText(capacity), width),
  ];
  return parts.filter((part) => part !== "").join("\n\n");
}

function capacityTable({ chains, trials }: Capacity, width: number): string {
  const own = chains.filter(({ subscribers }) => !subscribers);
  if (trials.length === 0 || own.length === 0) return "";
  const rows = own.map(({ name, capacityRps, interval, together, trials: count, bottleneck, truth }) => [
    name,
    rate(capacityRps),
    between(interval),
    together ? rate(together.capacityRps) : "–",
    together ? `${Math.round(together.ratio * 1_000) / 10} %` : "–",
    String(count),
    bottleneck ? bottleneck.resource : "–",
    ...(truth ? [rate(truth.capacityRps)] : []),
  ]);
  const head = capacityHead("capacity, requests/s");
  return renderTable(chains.some(({ truth }) => truth) ? [...head, "truth"] : head, rows, width);
}

/** What chains carry whose search looked for the largest number of subscribers. */
function subscriberTable({ chains }: Capacity, width: number): string {
  const rows = chains.flatMap(({ name, subscribers, trials, bottleneck }) => {
    if (!subscribers) return [];
    const { capacity, interval, together } = subscribers;
    return [
      [
        name,
        rate(capacity),
        between(interval),
        together ? rate(together.capacity) : "–",
        together ? `${Math.round(together.ratio * 1_000) / 10} %` : "–",
        String(trials),
        bottleneck ? bottleneck.resource : "–",
      ],
    ];
  });
  return rows.length === 0 ? "" : renderTable(capacityHead("capacity, subscribers"), rows, width);
}

function capacityHead(title: string): Parameters<typeof renderTable>[0] {
  return [
    title,
    "alone",
    { title: "between", drop: 1 },
    "all at once",
    { title: "of alone", drop: 3 },
    { title: "trials", drop: 2 },
    "used up first",
  ];
}

function notes({ chains, trials, unidentified }: Capacity): string[] {
  const lines: string[] = [];
  for (const { name, bottleneck, model, subscribers } of trials.length === 0 ? [] : chains) {
    if (bottleneck) lines.push(`${name}: ${bottleneck.resource} is used up first: ${bottleneck.evidence}`);
    if (subscribers) continue;
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

function costTable(chains: readonly ChainCapacity[], width: number): string {
  const counters = [...new Set(chains.flatMap(({ perRelay }) => Object.keys(perRelay)))];
  if (counters.length === 0) return "";
  const priced = chains.some(({ usdPerMillionRelays }) => usdPerMillionRelays !== null);
  const rows = chains.map(({ name, perRelay, perRelayUncertainty, usdPerMillionRelays }) => [
    name,
    ...counters.map((counter) => amount(perRelay[counter], perRelayUncertainty[counter])),
    ...(priced ? [usdPerMillionRelays === null ? "–" : usdText(usdPerMillionRelays)] : []),
  ]);
  return renderTable(["cost per relay", ...counters, ...(priced ? ["a million relays"] : [])], rows, width);
}

/** What each method costs by counters without labels. */
function methodCostText({ methods = [] }: Capacity, width: number): string {
  const known = methods.flatMap(({ counter, costs }) => (costs ? [{ counter, costs }] : []));
  const names = [...new Set(known.flatMap(({ costs }) => costs.map(({ method }) => method)))];
  const rows = names.map((name) => [
    cleanText(name),
    ...known.map(({ costs }) => {
      const own = costs.find(({ method }) => method === name);
      return amount(own?.perRelay, own?.uncertainty);
    }),
  ]);
  const head = ["cost per relay of a method", ...known.map(({ counter }) => counter)];
  const untold = methods.filter(({ costs }) => !costs).map(({ counter }) => counter);
  const note = `  not separated by method: ${untold.join(", ")}. The mix of methods did not vary enough; chains with different methods in a search would vary it.`;
  const parts = [
    ...(rows.length > 0 ? [renderTable(head, rows, width)] : []),
    ...(untold.length > 0 ? [wrapText(note, width)] : []),
  ];
  return parts.join("\n\n");
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
      `to load it at that rate: ${scaling.workersNeeded} ${scaling.workersNeeded === 1 ? "worker" : "workers"}`,
    );
  }
  const { usd, usdPerMillionRelays, gbSeconds, invocations } = generator;
  const each = usdPerMillionRelays === null ? "" : `, ${usdText(usdPerMillionRelays)} a million relays`;
  const calls = invocations === 1 ? "1 call" : `${invocations} calls`;
  lines.push(`this load in Lambda: ${Math.round(gbSeconds)} GB-s and ${calls}, ${usdText(usd)}${each}`);
  return lines.map((line) => `  ${line}`).join("\n");
}

/** A price in dollars, to three decimal places; smaller ones to two significant digits. */
function usdText(usd: number): string {
  return usd === 0 || usd >= 0.001 ? `$${usd.toFixed(3)}` : `$${Number(usd.toPrecision(2))}`;
}
