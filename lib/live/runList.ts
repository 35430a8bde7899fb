import type { RunSchedule } from "../plan/runSchedule.ts";
import type { Plan } from "../plan/schema.ts";
import { inListOrder, type RunSummary, summaryOf } from "../report/runSummary.ts";
import type { Report } from "../report/schema.ts";
import { planKey, reportKey, scheduleKey } from "../store/keys.ts";
import { runnerState } from "../store/runnerLease.ts";
import { forEachAtOnce, readJson, type Store } from "../store/store.ts";

/** Number of reports read at once. */
const AT_ONCE = 8;

/** Where runs are stored. */
export interface RunSource {
  store: Store;
  /** The runs' ids, and whether each is running if the source knows: AWS does, a folder does not. */
  runs(): Promise<{ id: string; isRunning?: boolean }[]>;
}

/** The runs of a source. Each report is read once. */
export class RunList {
  readonly #source: RunSource;
  readonly #ended = new Map<string, RunSummary>();

  constructor(source: RunSource) {
    this.#source = source;
  }

  /** All runs in list order. A run whose report cannot be read counts as unfinished. */
  async read(): Promise<RunSummary[]> {
    const known = await this.#source.runs();
    const summaries: RunSummary[] = [];
    await forEachAtOnce(known, async (each) => void summaries.push(await this.#summary(each)), AT_ONCE);
    return inListOrder(summaries);
  }

  async #summary({ id, isRunning }: { id: string; isRunning?: boolean }): Promise<RunSummary> {
    const known = this.#ended.get(id);
    if (known) return known;
    const { store } = this.#source;
    const report = await readJson<Report>(store, reportKey(id, "json")).catch(() => undefined);
    if (report) {
      const summary = { ...summaryOf(report), id };
      this.#ended.set(id, summary);
      return summary;
    }
    const plan = await readJson<Plan>(store, planKey(id)).catch(() => undefined);
    const schedule = await readJson<RunSchedule>(store, scheduleKey(id)).catch(() => undefined);
    const goesOn = isRunning ?? (plan !== undefined && (await runnerState(store, id)) === "alive");
    return {
      id,
      plan: plan?.name ?? "?",
      state: goesOn ? "running" : "unfinished",
      ...(schedule && { startedAt: new Date(schedule.startAtMs).toISOString() }),
      ...(plan && { durationMs: plan.durationMs }),
      chains: [],
    };
  }
}
