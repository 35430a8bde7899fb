import { setTimeout as sleep } from "node:timers/promises";
import { createLogUpdate } from "log-update";
import { TOGETHER } from "../lib/capacity/search.ts";
import { type LiveTime, renderLive, renderLiveLine } from "../lib/live/live.ts";
import { type ChainProgress, Progress } from "../lib/live/progress.ts";
import type { RunSchedule } from "../lib/plan/runSchedule.ts";
import type { Plan } from "../lib/plan/schema.ts";
import type { Trial } from "../lib/report/capacity.ts";
import { scheduleKey, searchKey } from "../lib/store/keys.ts";
import type { Store } from "../lib/store/store.ts";

/** Where live progress goes. */
export interface LiveOutput {
  /** How often it wants to be told, in ms, even if nothing was flushed. */
  everyMs: number;
  planned(schedule: RunSchedule, plan: Plan): void;
  progress(chains: ChainProgress[], time: LiveTime, isNew: boolean): void;
  /** A trial of a capacity search has ended. */
  trial(trial: Trial): void;
  note(text: string): void;
  end(): void;
}

/** The output that fits: JSON lines, a view that is redrawn in a terminal, or plain lines. */
export function liveOutput(json: boolean, stream: NodeJS.WriteStream): LiveOutput {
  if (json) return jsonOutput(stream);
  return stream.isTTY ? terminalOutput(stream) : plainOutput(stream);
}

function jsonOutput(stream: NodeJS.WriteStream): LiveOutput {
  const write = (event: object): void => void stream.write(`${JSON.stringify(event)}\n`);
  return {
    everyMs: 500,
    planned: ({ runId, workers, segments, startAtMs }, plan) => {
      write({ event: "planned", runId, name: plan.name, workers, segments, startAtMs, durationMs: plan.durationMs });
    },
    progress: (chains, time, isNew) => {
      if (isNew) write({ event: "progress", ...time, chains });
    },
    trial: ({ number, scope, rps, servedRps, met, valid, reasons }) => {
      write({
        event: "trial",
        number,
        scope: scope === TOGETHER ? "together" : scope,
        rps,
        servedRps,
        met,
        valid,
        reasons,
      });
    },
    note: (text) => write({ event: "note", text }),
    end: () => {},
  };
}

function terminalOutput(stream: NodeJS.WriteStream): LiveOutput {
  const redraw = createLogUpdate(stream);
  let noted = "";
  return {
    everyMs: 200,
    planned: (schedule, plan) => void stream.write(`${plannedText(schedule, plan)}\n\n`),
    progress: (chains, time) => redraw(renderLive(chains, time, stream.columns ?? 80, noted)),
    trial: (trial) => void stream.write(`${trialText(trial)}\n`),
    note: (text) => {
      noted = text;
    },
    end: () => redraw.done(),
  };
}

function plainOutput(stream: NodeJS.WriteStream): LiveOutput {
  return {
    everyMs: 500,
    planned: (schedule, plan) => void stream.write(`${plannedText(schedule, plan)}\n`),
    progress: (chains, time, isNew) => {
      if (isNew) stream.write(`${renderLiveLine(chains, time)}\n`);
    },
    trial: (trial) => void stream.write(`${trialText(trial)}\n`),
    note: (text) => void stream.write(`${text}\n`),
    end: () => {},
  };
}

function trialText({ number, scope, rps, met, valid, reasons }: Trial): string {
  const rates = Object.entries(rps).map(([name, rate]) => `${name} ${Math.round(rate * 10) / 10}/s`);
  const outcome = valid ? (met ? "met the SLO" : "missed the SLO") : "tells nothing";
  const why = met && valid ? "" : `: ${reasons[0] ?? ""}`;
  return `trial ${number}, ${scope === TOGETHER ? "together" : "alone"}: ${rates.join(", ")} ${outcome}${why}`;
}

function plannedText({ runId, workers }: RunSchedule, plan: Plan): string {
  const rps = plan.chains.reduce((sum, chain) => sum + chain.rps, 0);
  const chains = plan.chains.length === 1 ? "1 chain" : `${plan.chains.length} chains`;
  return `${runId}: ${rps} requests/s on ${chains} from ${workers} ${workers === 1 ? "worker" : "workers"}`;
}

/** Looking takes one part in so many of a core's time at most. */
const LOOK_SHARE = 20;

/** Follows a run in its store and tells the output, until stopped. */
export function follow(store: Store, runId: string, plan: Plan, output: LiveOutput): { stop(): Promise<void> } {
  const progress = new Progress(store, runId, plan);
  let schedule: RunSchedule | undefined;
  const stopping = new AbortController();
  let told = 0;
  const warned = new Set<string>();
  const lookAtTrials = async (): Promise<void> => {
    const trials = JSON.parse((await store.get(searchKey(runId))) ?? "[]") as Trial[];
    for (const trial of trials.slice(told)) output.trial(trial);
    told = Math.max(told, trials.length);
  };
  const look = async (): Promise<void> => {
    if (plan.profile.type === "search") return lookAtTrials();
    if (!schedule) {
      const text = await store.get(scheduleKey(runId));
      if (text === undefined) return;
      schedule = JSON.parse(text) as RunSchedule;
      output.planned(schedule, plan);
    }
    const isNew = await progress.update();
    for (const warning of progress.warnings()) {
      if (!warned.has(warning)) output.note(`warning: ${warning}`);
      warned.add(warning);
    }
    output.progress(progress.chains(), { nowMs: Date.now() - schedule.startAtMs, durationMs: plan.durationMs }, isNew);
  };
  const loop = (async () => {
    while (!stopping.signal.aborted) {
      const began = process.cpuUsage();
      // A look that fails is one look less, and nothing to the run.
      await look().catch(() => {});
      // A long run has many chunks to look through, and the workers on this machine need its time.
      const { user, system } = process.cpuUsage(began);
      const pauseMs = Math.max(output.everyMs, (LOOK_SHARE * (user + system)) / 1_000);
      await sleep(pauseMs, undefined, { signal: stopping.signal }).catch(() => {});
    }
    await look().catch(() => {});
    output.end();
  })();
  return {
    async stop() {
      stopping.abort();
      await loop;
    },
  };
}
