import {
  abortKey,
  assignmentsKey,
  chunksPrefix,
  comparisonKey,
  failuresPrefix,
  histogramsKey,
  killKey,
  leasesPrefix,
  linesPrefix,
  logsPrefix,
  observationsKey,
  PROBE_KEY,
  partPrefix,
  partsKey,
  planKey,
  reportKey,
  scheduledKey,
  scheduleKey,
  scrapesPrefix,
  sealedSecretsKey,
  searchKey,
  summariesPrefix,
  ticksPrefix,
  VERIFY_PREFIX,
  watchedPrefix,
} from "./keys.ts";

/** Any run. A trial's id contains a slash, which S3's wildcard matches too. */
const ANY = "*";

/** All objects of a prefix, as a pattern. */
const all = (prefixOf: (runId: string) => string): string => `${prefixOf(ANY)}*`;

const REPORT = (["json", "html", "txt"] as const).map((extension) => reportKey(ANY, extension));
const PLANNED = [planKey(ANY), scheduleKey(ANY), assignmentsKey(ANY), all(linesPrefix), partsKey(ANY)];

/** The keys that each function and the operators of a deployment write: patterns for the policies of their roles. */
export const WRITES = {
  plan: [...PLANNED, scheduledKey(ANY), searchKey(ANY), sealedSecretsKey(ANY)],
  attack: [leasesPrefix, chunksPrefix, ticksPrefix, summariesPrefix, failuresPrefix].map(all),
  watch: [abortKey(ANY), observationsKey(ANY), ...[scrapesPrefix, logsPrefix, watchedPrefix].map(all)],
  reduce: [...REPORT, histogramsKey(ANY), all(partPrefix)],
  next: [...PLANNED, searchKey(ANY), ...REPORT],
  doctor: [PROBE_KEY],
  compare: [comparisonKey(ANY)],
  /**
   * Plans, the abort flag, the lease that kills a worker of the acceptance test, in its runs alone, and the report of a
   * run whose reduction failed.
   */
  operator: [planKey(ANY), killKey(`${VERIFY_PREFIX}${ANY}`), abortKey(ANY), ...REPORT, histogramsKey(ANY)],
} as const satisfies Record<string, readonly string[]>;
