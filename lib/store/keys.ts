/** The prefix of all of a run's keys. Keys are the same in a folder and in a bucket. */
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

/** The secrets that the plan refers to, encrypted. */
export function sealedSecretsKey(runId: string): string {
  return `${runPrefix(runId)}secrets.json`;
}

/** The array of assignments that the Map reads. */
export function assignmentsKey(runId: string): string {
  return `${runPrefix(runId)}assignments.json`;
}

/** Prefix of the leases of all assignments. */
export function leasesPrefix(runId: string): string {
  return `${runPrefix(runId)}leases/`;
}

/** The lease of an attempt: whoever writes it owns that attempt and ends all earlier ones. */
export function leaseKey(runId: string, assignment: string, attempt: number): string {
  return `${leasesPrefix(runId)}${assignment}/${attempt}.json`;
}

/** What the ids of the acceptance test's runs begin with. */
export const VERIFY_PREFIX = "verify-";

/** The assignment whose worker the acceptance test kills. */
export const KILLED = "w001-s00";

/** The lease that kills a worker of the acceptance test. */
export function killKey(runId: string): string {
  return leaseKey(runId, KILLED, 2);
}

/** Prefix of the leases of a run's runners. */
export function runnersPrefix(runId: string): string {
  return `${runPrefix(runId)}runners/`;
}

/** The lease of a run's runner: whoever writes the highest number has the run. */
export function runnerKey(runId: string, number: number): string {
  return `${runnersPrefix(runId)}${String(number).padStart(3, "0")}.json`;
}

/** Prefix of the targets and rows that are stored separately from the plan. */
export function linesPrefix(runId: string): string {
  return `${runPrefix(runId)}lines/`;
}

/** The targets and rows that an assignment sends, if they are stored separately from the plan. */
export function linesKey(runId: string, assignment: string): string {
  return `${linesPrefix(runId)}${assignment}.json`;
}

/** Prefix of all chunks. */
export function chunksPrefix(runId: string): string {
  return `${runPrefix(runId)}chunks/`;
}

/** A chunk. The chunks of an attempt sort by time. */
export function chunkKey(runId: string, assignment: string, attempt: number, sequence: number): string {
  return `${chunksPrefix(runId)}${assignment}/${attempt}/${String(sequence).padStart(6, "0")}.json`;
}

/** Prefix of what each flush counted, encoded in the keys alone: see `ticks.ts`. */
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

/** Prefix of the errors that ended workers. */
export function failuresPrefix(runId: string): string {
  return `${runPrefix(runId)}failures/`;
}

/** The error that ended a call of a worker, as text. The time distinguishes calls. */
export function failureKey(runId: string, assignment: string, atMs: number): string {
  return `${failuresPrefix(runId)}${assignment}/${Math.round(atMs)}.txt`;
}

/** Prefix of the assignments that the state machine gave up on. */
export function lostPrefix(runId: string): string {
  return `${runPrefix(runId)}lost/`;
}

/** Prefix of what hosts of a fleet wrote down when they gave a task back. */
export function leftPrefix(runId: string): string {
  return `${runPrefix(runId)}left/`;
}

/** Who gave a task of an assignment back, and why. The time distinguishes hosts. */
export function leftKey(runId: string, assignment: string, atMs: number): string {
  return `${leftPrefix(runId)}${assignment}/${Math.round(atMs)}.json`;
}

/**
 * Prefix of the tasks of a run in fleet mode, and of all trials of a search: `<assignment>/<uuid>/task.json`, and
 * `claim.json` beside it. The state machine writes the tasks.
 */
export function tasksPrefix(runId: string): string {
  return `tasks/${runId}/`;
}

/** How the keys of a task and of its claim by a host end. */
export const TASK_NAME = "/task.json";
export const CLAIM_NAME = "/claim.json";

/** Prefix of the hosts' announcements. They belong to no run. */
export const HOSTS_PREFIX = "hosts/";

/** The announcement of a host of a fleet. */
export function hostKey(name: string): string {
  return `${HOSTS_PREFIX}${encodeURIComponent(name)}.json`;
}

/** Prefix of objects with the end of a host's log, from hosts whose setup failed. */
export const FAILED_HOSTS_PREFIX = "hosts-failed/";

/** Prefix of the hosts' reservations. */
export const RESERVATIONS_PREFIX = "reservations/";

/** The reservation of a host for a run, since the host was last free, in ms since the epoch by its own clock. */
export function reservationKey(name: string, freeSinceMs: number): string {
  return `${RESERVATIONS_PREFIX}${encodeURIComponent(name)}/${freeSinceMs}.json`;
}

/** The abort flag: workers stop when it exists. */
export function abortKey(runId: string): string {
  return `${runPrefix(runId)}abort.json`;
}

/** What Watch saw of the target from the outside. */
export function observationsKey(runId: string): string {
  return `${runPrefix(runId)}observations.json`;
}

/** Prefix of what Watch read from the gateway's metrics. */
export function scrapesPrefix(runId: string): string {
  return `${runPrefix(runId)}scrapes/`;
}

/** One look at the gateway's metrics. */
export function scrapeKey(runId: string, number: number): string {
  return `${scrapesPrefix(runId)}${String(number).padStart(6, "0")}.json`;
}

/** Prefix of what Watch read from the gateway's logs. */
export function logsPrefix(runId: string): string {
  return `${runPrefix(runId)}logs/`;
}

/** One look at the gateway's logs. */
export function logsKey(runId: string, number: number): string {
  return `${logsPrefix(runId)}${String(number).padStart(6, "0")}.json`;
}

/** Prefix of the records of when Watch looked. */
export function watchedPrefix(runId: string): string {
  return `${runPrefix(runId)}watched/`;
}

/** When one call of Watch looked; `fromMs` is its first look, in ms since the epoch. */
export function watchedKey(runId: string, fromMs: number): string {
  return `${watchedPrefix(runId)}${Math.round(fromMs)}.json`;
}

/** What a schedule records about a run that it started. */
export function scheduledKey(runId: string): string {
  return `${runPrefix(runId)}scheduled.json`;
}

/** How a scheduled run compares with its baseline. */
export function comparisonKey(runId: string): string {
  return `${runPrefix(runId)}comparison.json`;
}

/** The run that a baseline's name refers to. This key belongs to no run. */
export function baselineKey(name: string): string {
  return `baselines/${name}.json`;
}

/** The trials that a capacity search has made. */
export function searchKey(runId: string): string {
  return `${runPrefix(runId)}search.json`;
}

/** The id of a search's trial, which is a separate run within the search. */
export function trialId(runId: string, number: number): string {
  return `${runId}/trials/${String(number).padStart(3, "0")}`;
}

/** The id of the search that a trial belongs to; undefined for a run that is not a trial. */
export function searchOf(runId: string): string | undefined {
  return /^(.+)\/trials\/\d+$/.exec(runId)?.[1];
}

/** The chains' merged histograms, for tools that read HdrHistogram's formats. */
export function histogramsKey(runId: string): string {
  return `${runPrefix(runId)}histograms.json`;
}

/** The array of parts in which a large run is reduced; the Map reads it. */
export function partsKey(runId: string): string {
  return `${runPrefix(runId)}parts.json`;
}

/** Prefix of the results of several reducers. */
export function partPrefix(runId: string): string {
  return `${runPrefix(runId)}parts/`;
}

/** The result of one of several reducers for its part. */
export function partKey(runId: string, part: number): string {
  return `${partPrefix(runId)}${String(part).padStart(3, "0")}.json`;
}

/** The report, in one of its forms. */
export function reportKey(runId: string, extension: "json" | "html" | "txt"): string {
  return `${runPrefix(runId)}report.${extension}`;
}

/** From the start: a run may be called "logs", and its report is kept. */
const INTERMEDIATE =
  /^runs\/[^/]+\/(trials\/\d+\/)?((leases|chunks|ticks|summaries|failures|scrapes|logs|watched|parts|lines|left)\/|secrets\.json$)/;

/** Whether an object is useless once its run has a report. In a bucket these objects expire. */
export function isIntermediate(key: string): boolean {
  return INTERMEDIATE.test(key);
}

/** The object that volley doctor writes in a deployment; it also serves to read the store's time. */
export const PROBE_KEY = "runs/doctor/probe.json";
