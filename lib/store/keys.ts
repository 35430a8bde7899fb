/** The prefix of all of a run's keys. They are the same in a run's folder as in a bucket. */
export function runPrefix(runId: string): string {
  return `runs/${runId}/`;
}

/** The checked plan. */
export function planKey(runId: string): string {
  return `${runPrefix(runId)}plan.json`;
}

/** What Plan decided: the start instant, the workers, the times. */
export function scheduleKey(runId: string): string {
  return `${runPrefix(runId)}schedule.json`;
}

/** The array of assignments that the Map reads. */
export function assignmentsKey(runId: string): string {
  return `${runPrefix(runId)}assignments.json`;
}

/** Prefix of the leases of all assignments. */
export function leasesPrefix(runId: string): string {
  return `${runPrefix(runId)}leases/`;
}

/** The mark of an attempt: whoever puts it is that attempt, and ends all earlier ones. */
export function leaseKey(runId: string, assignment: string, attempt: number): string {
  return `${leasesPrefix(runId)}${assignment}/${attempt}.json`;
}

/** Prefix of the leases of a run's runners. */
export function runnersPrefix(runId: string): string {
  return `${runPrefix(runId)}runners/`;
}

/** The lease of a run's runner: whoever puts the highest has the run. */
export function runnerKey(runId: string, number: number): string {
  return `${runnersPrefix(runId)}${String(number).padStart(3, "0")}.json`;
}

/** Prefix of the lines of replays that are kept apart from the plan. */
export function replayPartsPrefix(runId: string): string {
  return `${runPrefix(runId)}lines/`;
}

/** The lines of replays that an assignment sends, where they are kept apart from the plan. */
export function replayPartsKey(runId: string, assignment: string): string {
  return `${replayPartsPrefix(runId)}${assignment}.json`;
}

/** Prefix of all chunks. */
export function chunksPrefix(runId: string): string {
  return `${runPrefix(runId)}chunks/`;
}

/** A chunk, in an order that is also that of time. */
export function chunkKey(runId: string, assignment: string, attempt: number, sequence: number): string {
  return `${chunksPrefix(runId)}${assignment}/${attempt}/${String(sequence).padStart(6, "0")}.json`;
}

/** Prefix of what each flush counted, told by keys alone: `ticks.ts`. */
export function ticksPrefix(runId: string): string {
  return `${runPrefix(runId)}ticks/`;
}

/** Prefix of all summaries. */
export function summariesPrefix(runId: string): string {
  return `${runPrefix(runId)}summaries/`;
}

/** The summary that an attempt wrote at its end. */
export function summaryKey(runId: string, assignment: string, attempt: number): string {
  return `${summariesPrefix(runId)}${assignment}/${attempt}.json`;
}

/** Prefix of the errors with which workers ended. */
export function failuresPrefix(runId: string): string {
  return `${runPrefix(runId)}failures/`;
}

/** The error with which a call of a worker ended, as text; calls are told apart by their time. */
export function failureKey(runId: string, assignment: string, atMs: number): string {
  return `${failuresPrefix(runId)}${assignment}/${Math.round(atMs)}.txt`;
}

/** The abort flag: workers stop when it is there. */
export function abortKey(runId: string): string {
  return `${runPrefix(runId)}abort.json`;
}

/** What Watch saw of the target from the outside. */
export function observationsKey(runId: string): string {
  return `${runPrefix(runId)}observations.json`;
}

/** Prefix of what Watch read of the gateway's metrics. */
export function scrapesPrefix(runId: string): string {
  return `${runPrefix(runId)}scrapes/`;
}

/** One look at the gateway's metrics. */
export function scrapeKey(runId: string, number: number): string {
  return `${scrapesPrefix(runId)}${String(number).padStart(6, "0")}.json`;
}

/** Prefix of what Watch read of the gateway's logs. */
export function logsPrefix(runId: string): string {
  return `${runPrefix(runId)}logs/`;
}

/** One look at the gateway's logs. */
export function logsKey(runId: string, number: number): string {
  return `${logsPrefix(runId)}${String(number).padStart(6, "0")}.json`;
}

/** Prefix of when Watch looked. */
export function watchedPrefix(runId: string): string {
  return `${runPrefix(runId)}watched/`;
}

/** When one call of Watch looked; `fromMs` is its first look, in ms since the epoch. */
export function watchedKey(runId: string, fromMs: number): string {
  return `${watchedPrefix(runId)}${Math.round(fromMs)}.json`;
}

/** What a schedule says of a run that it started. */
export function scheduledKey(runId: string): string {
  return `${runPrefix(runId)}scheduled.json`;
}

/** How a scheduled run compares with its baseline. */
export function comparisonKey(runId: string): string {
  return `${runPrefix(runId)}comparison.json`;
}

/** The run that a baseline's name stands for; not of a run. */
export function baselineKey(name: string): string {
  return `baselines/${name}.json`;
}

/** The trials that a capacity search has made. */
export function searchKey(runId: string): string {
  return `${runPrefix(runId)}search.json`;
}

/** The id of a search's trial, which is a run of its own within it. */
export function trialId(runId: string, number: number): string {
  return `${runId}/trials/${String(number).padStart(3, "0")}`;
}

/** The id of the search that a trial belongs to; undefined for a run that is none. */
export function searchOf(runId: string): string | undefined {
  return /^(.+)\/trials\/\d+$/.exec(runId)?.[1];
}

/** The chains' merged histograms, for tools that read HdrHistogram's formats. */
export function histogramsKey(runId: string): string {
  return `${runPrefix(runId)}histograms.json`;
}

/** The array of parts that a large run is reduced in, which the Map reads. */
export function partsKey(runId: string): string {
  return `${runPrefix(runId)}parts.json`;
}

/** Prefix of what several reducers made. */
export function partPrefix(runId: string): string {
  return `${runPrefix(runId)}parts/`;
}

/** What one of several reducers made of its part. */
export function partKey(runId: string, part: number): string {
  return `${partPrefix(runId)}${String(part).padStart(3, "0")}.json`;
}

/** The report, in one of its forms. */
export function reportKey(runId: string, extension: "json" | "html" | "txt"): string {
  return `${runPrefix(runId)}report.${extension}`;
}

/** What volley doctor writes in a deployment, by which the store also tells its time. */
export const PROBE_KEY = "runs/doctor/probe.json";
