import { type Scrape, unmatchedSelectors, withoutQuery } from "../observe/scrape.ts";
import { type Watched, watchGaps } from "../observe/watched.ts";
import type { RunSchedule } from "../plan/runSchedule.ts";
import type { Plan } from "../plan/schema.ts";
import type { Report } from "./schema.ts";
import type { MeasuredRun } from "./timeline.ts";

type Observed = Report["observed"];
type Hint = Report["hints"][number];

/**
 * What Watch observed, and what it missed: endpoints without a page, selectors without a sample, times without Watch.
 */
export function observedOf(
  { plan, measuredMs }: MeasuredRun,
  schedule: RunSchedule,
  scrapes: readonly Scrape[],
  watched: readonly Watched[] | undefined,
): Observed {
  const gaps = watched && watchGaps(watched, schedule.startAtMs, measuredMs);
  return {
    endpoints: plan.observe.endpoints.map(({ url }) => endpointOf(withoutQuery(url), scrapes)),
    unmatched: hasPage(plan, scrapes)
      ? unmatchedSelectors(
          scrapes,
          plan.observe,
          plan.chains.map(({ name }) => name),
        )
      : [],
    watch: gaps ? { gaps, unwatchedMs: gaps.reduce((sum, { fromMs, toMs }) => sum + toMs - fromMs, 0) } : null,
  };
}

/** Whether any scrape got a page. Without one no selector can match, and the endpoint is the problem to report. */
function hasPage({ observe }: Plan, scrapes: readonly Scrape[]): boolean {
  return scrapes.some(({ failed }) =>
    observe.endpoints.some(({ url }) => !failed.some((f) => f.url === withoutQuery(url))),
  );
}

function endpointOf(url: string, scrapes: readonly Scrape[]): Observed["endpoints"][number] {
  const failures = new Map<string, Observed["endpoints"][number]["failures"][number]>();
  for (const { failure, detail } of scrapes.flatMap(({ failed }) => failed.filter((each) => each.url === url))) {
    const known = failures.get(failure);
    if (known) known.count++;
    else failures.set(failure, { failure, count: 1, detail: detail.slice(0, 200) });
  }
  return { url, looks: scrapes.length, failures: [...failures.values()] };
}

/** The remedy for an endpoint that returned no page, by kind of failure. */
const REMEDIES: Record<Observed["endpoints"][number]["failures"][number]["failure"], string> = {
  refused: "Add its host to observeHosts",
  unreachable: "Check the URL, and that it can be reached from where Watch runs",
  timeout: "Check the URL, and that it can be reached from where Watch runs",
  status: "Check the URL and its headers",
  "too large": "Name a page with fewer metrics",
  unreadable: "Name a page in Prometheus' text format or OpenMetrics",
};

/** Hints about what could not be observed. */
export function observedHints({ endpoints, unmatched, watch }: Observed): Hint[] {
  const hints = endpoints.flatMap(({ url, looks, failures }): Hint[] => {
    const [worst] = [...failures].sort((a, b) => b.count - a.count);
    if (!worst) return [];
    const failed = failures.reduce((sum, { count }) => sum + count, 0);
    return [
      {
        what: `The metrics of ${url} could not be read`,
        evidence: `${failed} of ${looks} looks failed (${worst.failure}: ${worst.detail})`,
        remedy: REMEDIES[worst.failure],
      },
    ];
  });
  return [...hints, ...unmatched.map(unmatchedHint), ...(watch && watch.unwatchedMs > 0 ? [unwatchedHint(watch)] : [])];
}

function unmatchedHint({ of, name, metric, labels, chain }: Observed["unmatched"][number]): Hint {
  const wanted = Object.entries(labels).map(([label, value]) => `${label}="${value}"`);
  const selector = wanted.length === 0 ? metric : `${metric}{${wanted.join(", ")}}`;
  const where = of === "cost" ? "costs" : of === "limit" ? "resources, limit" : "resources";
  return {
    what: `${name} found no sample${chain === undefined ? "" : ` for ${chain}`}`,
    evidence: `no page had ${selector}${chain === undefined ? "" : ` with ${chain}'s label`}`,
    remedy: `Check observe.${where}: the metric's name, its labels, chainLabel and chainNames`,
  };
}

function unwatchedHint({ gaps, unwatchedMs }: NonNullable<Observed["watch"]>): Hint {
  const times = gaps.slice(0, 3).map(({ fromMs, toMs }) => `${fromMs / 1_000}–${toMs / 1_000} s`);
  return {
    what: `Nobody watched for ${Math.round(unwatchedMs / 1_000)} s`,
    evidence: `Watch did not look at ${times.join(", ")}${gaps.length > 3 ? ", …" : ""}`,
    remedy: "The circuit breaker could not trip then, and metrics have gaps: look at Watch's log",
  };
}
