import { setTimeout as sleep } from "node:timers/promises";
import { createLogUpdate } from "log-update";
import { TOGETHER } from "../lib/capacity/search.ts";
import { type LiveTime, renderLive, renderLiveLine } from "../lib/live/live.ts";
import { type ChainProgress, Progress } from "../lib/live/progress.ts";
import { searchText, trialText } from "../lib/live/search.ts";
import type { RunSchedule } from "../lib/plan/runSchedule.ts";
import type { Plan } from "../lib/plan/schema.ts";
import { cleanLines } from "../lib/plan/terminal.ts";
import { rate } from "../lib/render/textFigures.ts";
import { loadsOf, type Trial } from "../lib/report/capacity.ts";
import { wrapText } from "../lib/report/table.ts";
import { planKey, scheduleKey, searchKey, trialId } from "../lib/store/keys.ts";
import { readJson, type Store } from "../lib/store/store.ts";
import { type OutputOptions, textStyle } from "./terminal.ts";

/** What is known about a run before its first request. */
export interface Started {
  runId: string;
  /** Where its objects are stored. */
  place: string;
  /** The page that shows it while it is running. */
  dashboard?: string;
}

/** Receives live progress. */
export interface LiveOutput {
  /** How often it wants updates, in ms, even if nothing was flushed. */
  everyMs: number;
  started(run: Started): void;
  planned(schedule: RunSchedule, plan: Plan): void;
  progress(chains: ChainProgress[], time: LiveTime, isNew: boolean): void;
  /** A trial of a capacity search has ended. */
  trial(trial: Trial, plan: Plan): void;
  /** The state of a capacity search; called once for each trial. */
  stand(text: string): void;
  note(text: string): void;
  end(): void;
}

/** Chooses the output: JSON lines, notes only, a view that is redrawn in a terminal, or plain lines. */
export function liveOutput(options: OutputOptions, stream: NodeJS.WriteStream): LiveOutput {
  if (options.json) return jsonOutput(stream);
  if (options.quiet) return quietOutput();
  const { columns } = textStyle(stream, options);
  // Some terminals, such as those of build servers, have no rows, so nothing can be redrawn.
  const hasRows = stream.rows === undefined || stream.rows > 0;
  const isRedrawn = stream.isTTY === true && hasRows && process.env.TERM !== "dumb" && !process.env.CI;
  return isRedrawn ? terminalOutput(stream, options) : plainOutput(stream, columns);
}

function jsonOutput(stream: NodeJS.WriteStream): LiveOutput {
  const write = (event: object): void => void stream.write(`${JSON.stringify(event)}\n`);
  return {
    everyMs: 500,
    started: (run) => write({ event: "started", ...run }),
    planned: ({ runId, workers, segments, startAtMs }, plan) => {
      write({ event: "planned", runId, name: plan.name, workers, segments, startAtMs, durationMs: plan.durationMs });
    },
    progress: (chains, time, isNew) => {
      if (isNew) write({ event: "progress", ...time, chains });
    },
    trial: (trial, plan) => {
      const { number, scope, met, valid, reasons } = trial;
      write({
        event: "trial",
        number,
        scope: scope === TOGETHER ? "together" : scope,
        ...loadsOf(plan, trial),
        met,
        valid,
        reasons,
      });
    },
    stand: (text) => write({ event: "search", text }),
    note: (text) => write({ event: "note", text }),
    end: () => {},
  };
}

/** Prints only warnings, on standard error. */
function quietOutput(): LiveOutput {
  const nothing = (): void => {};
  return {
    everyMs: 500,
    started: nothing,
    planned: nothing,
    progress: nothing,
    trial: nothing,
    stand: nothing,
    note: (text) => void process.stderr.write(`${cleanLines(text)}\n`),
    end: nothing,
  };
}

function terminalOutput(stream: NodeJS.WriteStream, options: OutputOptions): LiveOutput {
  const redraw = createLogUpdate(stream);
  const columns = (): number => textStyle(stream, options).columns;
  let noted = "";
  let stand = "";
  // Permanent text is written above the redrawn part.
  const write = (text: string): void => {
    redraw.clear();
    stream.write(`${wrapText(cleanLines(text), columns())}\n`);
  };
  return {
    everyMs: 200,
    started: (run) => write(`${startedText(run)}\n`),
    planned: (schedule, plan) => write(plannedText(schedule, plan)),
    progress: (chains, time) =>
      redraw(renderLive(chains, time, columns(), cleanLines([stand, noted].filter(Boolean).join("\n")))),
    trial: (trial, plan) => write(trialText(plan, trial)),
    stand: (text) => {
      stand = text;
    },
    note: (text) => {
      noted = text;
    },
    end: () => redraw.done(),
  };
}

/** The interval between progress lines that are not redrawn, in ms. */
const PLAIN_MS = 5_000;

function plainOutput(stream: NodeJS.WriteStream, columns: number): LiveOutput {
  const write = (text: string): void => void stream.write(`${wrapText(cleanLines(text), columns)}\n`);
  let nextMs = 0;
  return {
    everyMs: 500,
    started: (run) => write(startedText(run)),
    planned: (schedule, plan) => write(plannedText(schedule, plan)),
    progress: (chains, time, isNew) => {
      if (!isNew || time.nowMs < nextMs) return;
      nextMs = Math.max(0, time.nowMs) + PLAIN_MS;
      write(renderLiveLine(chains, time));
    },
    trial: (trial, plan) => write(trialText(plan, trial)),
    stand: (text) => {
      nextMs = 0;
      write(text);
    },
    note: write,
    end: () => {},
  };
}

function startedText({ runId, place, dashboard }: Started): string {
  const page = dashboard ?? "with --dashboard, the report's page is served while the run goes";
  return [
    `run        ${runId}`,
    `results    ${place}`,
    `dashboard  ${page}`,
    "Ctrl-C     stops the workers and reports what was measured; a second one leaves at once",
  ].join("\n");
}

function plannedText({ workers }: RunSchedule, plan: Plan): string {
  const rps = plan.chains.reduce((sum, chain) => sum + chain.rps, 0);
  const chains = plan.chains.length === 1 ? "1 chain" : `${plan.chains.length} chains`;
  return `${rate(rps)} requests/s on ${chains} from ${workers} ${workers === 1 ? "worker" : "workers"}`;
}

/** Polling uses at most one part in this many of a core's time. */
const LOOK_SHARE = 20;

/** Follows a run in its store and updates the output, until stopped. */
export function follow(store: Store, runId: string, plan: Plan, output: LiveOutput): { stop(): Promise<void> } {
  const follower = new Follower(store, runId, plan, output);
  const stopping = new AbortController();
  const loop = (async () => {
    while (!stopping.signal.aborted) {
      const began = process.cpuUsage();
      // A failed poll is skipped; the run is not affected.
      await follower.look().catch(() => {});
      // A long run has many chunks to read, and the workers on this machine need the CPU time.
      const { user, system } = process.cpuUsage(began);
      const pauseMs = Math.max(output.everyMs, (LOOK_SHARE * (user + system)) / 1_000);
      await sleep(pauseMs, undefined, { signal: stopping.signal }).catch(() => {});
    }
    await follower.look().catch(() => {});
    output.end();
  })();
  return {
    async stop() {
      stopping.abort();
      await loop;
    },
  };
}

/** The run, or the search's trial, that is being watched. */
interface Watched {
  id: string;
  plan: Plan;
  schedule: RunSchedule;
  progress: Progress;
}

/** Polls a run's store, or a search's trials one after the other, and passes news to the output. */
class Follower {
  readonly #store: Store;
  readonly #runId: string;
  readonly #plan: Plan;
  readonly #output: LiveOutput;
  readonly #beganMs = Date.now();
  readonly #warned = new Set<string>();
  #watched: Watched | undefined;
  #toldTrials = 0;
  #toldStand = -1;

  constructor(store: Store, runId: string, plan: Plan, output: LiveOutput) {
    this.#store = store;
    this.#runId = runId;
    this.#plan = plan;
    this.#output = output;
  }

  async look(): Promise<void> {
    const id = this.#plan.profile.type === "search" ? trialId(this.#runId, (await this.#trials()) + 1) : this.#runId;
    const watched = await this.#watch(id);
    if (!watched) return;
    const { progress, schedule, plan } = watched;
    const isNew = await progress.update();
    for (const warning of progress.warnings()) {
      if (!this.#warned.has(warning)) this.#output.note(`warning: ${warning}`);
      this.#warned.add(warning);
    }
    const time = { nowMs: Date.now() - schedule.startAtMs, durationMs: plan.durationMs };
    this.#output.progress(progress.chains(), time, isNew);
  }

  /** Passes on the trials that have ended, and the state of the search; returns the number of trials. */
  async #trials(): Promise<number> {
    const trials = (await readJson<Trial[]>(this.#store, searchKey(this.#runId))) ?? [];
    for (const trial of trials.slice(this.#toldTrials)) this.#output.trial(trial, this.#plan);
    this.#toldTrials = Math.max(this.#toldTrials, trials.length);
    if (this.#toldStand !== trials.length) {
      this.#toldStand = trials.length;
      const meanMs = trials.length > 0 ? (Date.now() - this.#beganMs) / trials.length : this.#plan.durationMs;
      const text = searchText(this.#plan, trials, meanMs);
      if (text !== undefined) this.#output.stand(text);
    }
    return trials.length;
  }

  async #watch(id: string): Promise<Watched | undefined> {
    if (this.#watched?.id === id) return this.#watched;
    const schedule = await readJson<RunSchedule>(this.#store, scheduleKey(id));
    const plan = await readJson<Plan>(this.#store, planKey(id));
    if (!schedule || !plan) return undefined;
    this.#watched = { id, schedule, plan, progress: new Progress(this.#store, id, plan) };
    if (id === this.#runId) this.#output.planned(schedule, plan);
    return this.#watched;
  }
}
