import { TOGETHER } from "../capacity/search.ts";
import type { Plan } from "../plan/schema.ts";
import { capacityOfRun, searchSettings, type Trial } from "../report/capacity.ts";
import { type Reason, reasonText } from "../report/reasons.ts";
import type { ChainCapacity, Report } from "../report/schema.ts";
import { abortText, decodeAbort } from "../store/abort.ts";
import { abortKey, planKey, reportKey, searchKey, trialId } from "../store/keys.ts";
import { readJson, type Store } from "../store/store.ts";
import { writeReportFiles } from "./reportRun.ts";

/** Writes the report of a finished search: its last trial that met the SLO, with the capacity found by all trials. */
export async function writeSearchReport(store: Store, runId: string): Promise<Report> {
  const plan = await readJson<Plan>(store, planKey(runId));
  const trials = (await readJson<Trial[]>(store, searchKey(runId))) ?? [];
  if (!plan) throw new Error(`there is no search ${runId} in the store`);
  const best = trials.filter(({ met, valid }) => met && valid);
  const chosen = best.filter(({ scope }) => scope === TOGETHER).at(-1) ?? best.at(-1) ?? trials.at(-1);
  const report = chosen && (await readJson<Report>(store, reportKey(trialId(runId, chosen.number), "json")));
  if (!report) throw new Error(`the search ${runId} has no trial that was reported`);
  const capacity = capacityOfRun(plan, report, chosen.measured, trials);
  const reasons = searchReasons(capacity, trials, plan);
  const flag = await store.get(abortKey(runId));
  const cause = flag === undefined ? undefined : decodeAbort(flag).cause;
  if (cause) {
    reasons.unshift({ kind: "search-aborted", by: cause.kind, text: abortText(cause), trials: trials.length });
  }
  const whole: Report = {
    ...report,
    run: {
      ...report.run,
      id: runId,
      name: plan.name,
      ...(cause && { aborted: abortText(cause), abortedBy: cause.kind }),
    },
    verdict: {
      valid: reasons.length === 0,
      pass: best.length > 0,
      generator: trials.some(({ valid }) => valid),
      reasons: reasons.map(reasonText),
      causes: reasons,
    },
    capacity,
  };
  await writeReportFiles(store, runId, whole);
  return whole;
}

/** What makes a search invalid. */
function searchReasons(capacity: Report["capacity"], trials: readonly Trial[], plan: Plan): Reason[] {
  const reasons: Reason[] = [];
  const { chains, precision, most } = searchSettings(plan);
  const maxRps = most?.rps;
  for (const { name: chain, capacityRps, interval, trials: count, subscribers } of capacity?.chains ?? []) {
    if (subscribers) {
      const begin = chains.find(({ name }) => name === chain)?.load ?? 0;
      reasons.push(...subscriberReasons(chain, subscribers, { begin, precision, limit: most?.subscribers }));
      continue;
    }
    const [lowRps, highRps] = interval ?? [0, 0];
    if (capacityRps === null) {
      const startRps = plan.chains.find(({ name }) => name === chain)?.rps ?? 0;
      reasons.push({ kind: "search-unmet", chain, trials: count, startRps });
    } else if (lowRps === highRps) {
      const isAtLimit = maxRps !== undefined && highRps >= maxRps * (1 - 1e-6);
      reasons.push({ kind: "search-unbounded", chain, highestRps: highRps, ...(isAtLimit && { limitRps: maxRps }) });
    } else if ((highRps - lowRps) / highRps > 2 * precision) {
      reasons.push({ kind: "search-inconsistent", chain, lowRps, highRps });
    }
  }
  const untold = trials.filter(({ valid }) => !valid);
  const [first] = untold;
  if (first && untold.length > trials.length / 4) {
    reasons.push({
      kind: "search-untold",
      untold: untold.length,
      trials: trials.length,
      first: first.reasons[0] ?? "",
    });
  }
  return reasons;
}

/** What makes a search for a chain's largest number of subscribers invalid; `begin` is where it began. */
function subscriberReasons(
  chain: string,
  { capacity, interval }: NonNullable<ChainCapacity["subscribers"]>,
  { begin, precision, limit }: { begin: number; precision: number; limit: number | undefined },
): Reason[] {
  const kind = "search-subscribers";
  const [low, high] = interval ?? [0, 0];
  if (capacity === null) return [{ kind, chain, outcome: "unmet", low: 0, high: begin }];
  if (low === high) {
    return [{ kind, chain, outcome: "unbounded", low, high, ...(limit !== undefined && high >= limit && { limit }) }];
  }
  const isNarrow = (high - low) / high <= 2 * precision || high - low <= 1;
  return isNarrow ? [] : [{ kind, chain, outcome: "inconsistent", low, high }];
}
