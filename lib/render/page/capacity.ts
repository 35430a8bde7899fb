import type { Report } from "../../report/schema.ts";
import { report } from "./data.ts";
import { type Column, count, element, ms, rate, share, short, table, whole, words } from "./elements.ts";

export type ChainCapacity = NonNullable<Report["capacity"]>["chains"][number];

/** What each chain can carry, what a relay costs, and what the target takes: the questions that a run is made for. */
export function capacitySection(): HTMLElement[] {
  const { capacity } = report;
  if (!capacity) return [];
  const name: Column<ChainCapacity> = { title: "Chain", cell: (row) => words(row.name) };
  const sections: HTMLElement[] = [element("h2", {}, "Capacity and cost")];
  if (capacity.trials.length > 0) {
    const columns: Column<ChainCapacity>[] = [
      name,
      { title: "Alone, /s", hint: "the highest rate that met the SLO", cell: (row) => ms(row.capacityRps) },
      { title: "between", cell: ({ interval }) => ms(interval?.[0]) },
      { title: "and", cell: ({ interval }) => ms(interval?.[1]) },
      { title: "All at once, /s", cell: ({ together }) => ms(together?.capacityRps) },
      { title: "of alone", hint: "interference", cell: ({ together }) => share(together?.ratio ?? null) },
      { title: "Trials", cell: ({ trials }) => count(trials) },
      { title: "Used up first", cell: ({ bottleneck }) => words(bottleneck?.resource ?? "not seen") },
      { title: "Evidence", cell: ({ bottleneck, endedBy }) => words(bottleneck?.evidence ?? endedBy[0] ?? "") },
    ];
    if (capacity.chains.some(({ truth }) => truth)) {
      columns.push({ title: "Truth, /s", hint: "the stand-in's own", cell: ({ truth }) => ms(truth?.capacityRps) });
    }
    const called = capacity.chains.filter(({ subscribers }) => !subscribers);
    if (called.length > 0) {
      sections.push(table("What each chain can carry, in requests per second", columns, called));
    }
    sections.push(...subscriberTable(capacity.chains));
    const hasSubscribers = capacity.trials.some(({ subscribers }) => subscribers);
    const trialColumns: Column<(typeof capacity.trials)[number]>[] = [
      { title: "Trial", cell: ({ number }) => count(number) },
      { title: "Scope", cell: ({ scope }) => words(scope) },
      { title: "Offered, /s", cell: ({ rps }) => rate(sumOf(rps)) },
      { title: "Served, /s", cell: ({ servedRps }) => rate(sumOf(servedRps)) },
      ...(hasSubscribers ? [{ title: "Subscribers", cell: subscribersCell }] : []),
      { title: "SLO", cell: ({ met, valid }) => words(valid ? (met ? "met" : "missed") : "inconclusive", !met) },
      { title: "Why", cell: ({ reasons }) => words(reasons[0] ?? "") },
    ];
    const trials = table("Trials", trialColumns, capacity.trials);
    sections.push(element("details", {}, element("summary", {}, `${capacity.trials.length} trials`), trials));
  }
  const counters = [...new Set(capacity.chains.flatMap(({ perRelay }) => Object.keys(perRelay)))];
  if (counters.length > 0) {
    const costs = counters.map(
      (counter): Column<ChainCapacity> => ({ title: counter, cell: ({ perRelay }) => ms(perRelay[counter]) }),
    );
    const usd: Column<ChainCapacity> = {
      title: "$ a million",
      hint: "by the plan's unit prices",
      cell: ({ usdPerMillionRelays }) => ms(usdPerMillionRelays),
    };
    sections.push(table("What a valid relay costs the gateway", [name, ...costs, usd], capacity.chains));
  }
  sections.push(...methodTable(capacity));
  sections.push(element("dl", { class: "words" }, ...scalingEntries(capacity)));
  return sections;
}

/** What each method costs by counters without labels. */
function methodTable({ methods = [] }: NonNullable<Report["capacity"]>): HTMLElement[] {
  const rows = methods.flatMap(({ counter, costs }) => (costs ?? []).map((each) => ({ counter, ...each })));
  if (rows.length === 0) return [];
  const columns: Column<(typeof rows)[number]>[] = [
    { title: "Method", cell: ({ method }) => words(method) },
    { title: "Counter", cell: ({ counter }) => words(counter) },
    { title: "Per relay", cell: ({ perRelay }) => ms(perRelay) },
    { title: "±", hint: "half of the 95 % interval", cell: ({ uncertainty }) => ms(uncertainty) },
  ];
  return [table("What a relay of each method costs, by how the mix of methods varied", columns, rows)];
}

type Trial = NonNullable<Report["capacity"]>["trials"][number];

function subscribersCell({ subscribers = {} }: Trial): ReturnType<typeof count> {
  return count(sumOf(subscribers));
}

/** The chains whose search looked for their largest number of subscribers. */
function subscriberTable(chains: readonly ChainCapacity[]): HTMLElement[] {
  const rows = chains.flatMap(({ subscribers, ...chain }) => (subscribers ? [{ ...chain, ...subscribers }] : []));
  if (rows.length === 0) return [];
  const columns: Column<(typeof rows)[number]>[] = [
    { title: "Chain", cell: ({ name }) => words(name) },
    {
      title: "Alone",
      hint: "the largest number of subscribers that met the SLO",
      cell: ({ capacity }) => ms(capacity),
    },
    { title: "between", cell: ({ interval }) => ms(interval?.[0]) },
    { title: "and", cell: ({ interval }) => ms(interval?.[1]) },
    { title: "All at once", cell: ({ together }) => ms(together?.capacity) },
    { title: "of alone", hint: "interference", cell: ({ together }) => share(together?.ratio ?? null) },
    { title: "Trials", cell: ({ trials }) => count(trials) },
    { title: "Evidence", cell: ({ endedBy }) => words(endedBy[0] ?? "") },
  ];
  return [table("What each chain can carry, in subscribers", columns, rows)];
}

function scalingEntries({
  scaling,
  generator,
  unidentified,
  totalRps,
}: NonNullable<Report["capacity"]>): HTMLElement[] {
  const entries: [string, string][] = [];
  if (scaling) {
    const { currentRps, targetRps, headroom, rpsPerInstance, instancesNeeded, usdPerMonth, workersNeeded } = scaling;
    const spare = `${Math.round(headroom * 100)} % to spare`;
    entries.push(
      ["Current capacity", `${rate(currentRps).text} requests/s in all, ${rate(rpsPerInstance).text} an instance`],
      ["Target capacity", `${rate(targetRps).text} requests/s, ${spare}; ${workersNeeded} workers load it`],
      ["Instances needed", whole.format(instancesNeeded)],
      ["Cost a month", usdPerMonth === null ? "no price in the plan" : `$${whole.format(Math.round(usdPerMonth))}`],
    );
  }
  // A rate that met the SLO is one that is carried, and not the highest one.
  if (!scaling && totalRps !== null) {
    entries.push(["Capacity", `at least ${rate(totalRps).text} requests/s in all; a search finds the limit`]);
  }
  const each = generator.usdPerMillionRelays;
  const million = each === null ? "" : `, $${short.format(each)} a million relays`;
  entries.push(["This load in Lambda", `$${short.format(generator.usd)}${million}`]);
  if (unidentified.length > 0) entries.push(["Not told apart by chain", unidentified.join(", ")]);
  return entries.flatMap(([title, text]) => [element("dt", {}, title), element("dd", {}, text)]);
}

export function sumOf(rates: Record<string, number>): number {
  return Object.values(rates).reduce((sum, value) => sum + value, 0);
}
