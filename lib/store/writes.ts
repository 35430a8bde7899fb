import {
  abortKey,
  assignmentsKey,
  chunksPrefix,
  comparisonKey,
  FAILED_HOSTS_PREFIX,
  failuresPrefix,
  HOSTS_PREFIX,
  histogramsKey,
  killKey,
  leasesPrefix,
  leftPrefix,
  linesPrefix,
  logsPrefix,
  lostPrefix,
  observationsKey,
  PROBE_KEY,
  partPrefix,
  partsKey,
  planKey,
  RESERVATIONS_PREFIX,
  reportKey,
  scheduledKey,
  scheduleKey,
  scrapesPrefix,
  sealedSecretsKey,
  searchKey,
  summariesPrefix,
  tasksPrefix,
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

const ATTACK = [leasesPrefix, chunksPrefix, ticksPrefix, summariesPrefix, failuresPrefix].map(all);

/**
 * The keys that each function, the state machine, the hosts and the operators of a deployment write: patterns for the
 * policies of their roles.
 */
export const WRITES = {
  plan: [...PLANNED, scheduledKey(ANY), searchKey(ANY), sealedSecretsKey(ANY), `${RESERVATIONS_PREFIX}*`],
  attack: ATTACK,
  /** The tasks of a fleet's hosts, and which of them were lost. */
  stateMachine: [`${tasksPrefix(ANY)}task.json`, all(lostPrefix)],
  /** A host runs workers, claims tasks and gives them back, says that it is there, and as a spare reserves itself. */
  host: [
    ...ATTACK,
    `${tasksPrefix(ANY)}claim.json`,
    all(leftPrefix),
    ...[HOSTS_PREFIX, FAILED_HOSTS_PREFIX, RESERVATIONS_PREFIX].map((prefix) => `${prefix}*`),
  ],
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
