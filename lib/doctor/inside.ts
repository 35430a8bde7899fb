import { classOf } from "../answers/classes.ts";
import { preflight } from "../attack/preflight.ts";
import { guardedAgent } from "../http/lookup.ts";
import { scrape } from "../observe/scrape.ts";
import { DEFAULT_SETTING } from "../plan/estimate.ts";
import { type Guards, guardProblems } from "../plan/guards.ts";
import { observeGuard } from "../plan/hosts.ts";
import type { Plan } from "../plan/schema.ts";
import { secretReferences } from "../plan/secretReferences.ts";
import { keepsTo, sizeOf, workerMemory } from "../plan/workerMemory.ts";
import { lagText, loadText } from "../render/memoryText.ts";
import { systemClock } from "../store/clock.ts";
import { StoreClock } from "../store/clockError.ts";
import { PROBE_KEY } from "../store/keys.ts";
import type { Store } from "../store/store.ts";
import { type Check, checked } from "./check.ts";

/** The external dependencies of the function that checks from inside. */
export interface InsidePorts {
  store: Store;
  guards: Guards;
  /** How many concurrent invocations the account allows, in this region or another one. */
  concurrency(region?: string): Promise<number>;
  /** The state of the workers' function in another region, such as Active. */
  workerState(region: string): Promise<string>;
  secret(reference: string): Promise<string>;
  /** Resolves the references to secrets in a header's value. */
  reveal(value: string): Promise<string>;
  sleep(ms: number): Promise<unknown>;
}

/** The function's input. */
export interface InsideInput {
  /** A checked plan for a run; without one, only the deployment is checked. */
  plan?: Plan;
}

/** Keys that no function may write. */
const FORBIDDEN_KEYS = ["elsewhere.json", "runs/doctor/report.json"];

/** How long the clock is measured, in ms. */
const CLOCK_MS = 6_000;

/** How far a clock may be off, in ms, before its worker has to correct it. */
const MAX_CLOCK_ERROR_MS = 100;

/** Checks a deployment from one of its functions, with the same kind of role, network and clock as a worker. */
export async function lookInside({ plan }: InsideInput, ports: InsidePorts): Promise<Check[]> {
  const probed = await checked("bucket", "look at the doctor function's role", () => bucketCheck(ports.store));
  const always = [
    checked("clock in Lambda", "run it again", () => clockCheck(ports)),
    checked("roles", "run it again", () => roleCheck(ports.store)),
    checked("concurrency", "run it again", () => concurrencyCheck(ports)),
    ...(ports.guards.regions?.others ?? []).map((region) =>
      checked(region, `deploy the stack of ${region}`, () => regionCheck(region, ports)),
    ),
  ];
  const ofPlan = plan
    ? [
        checked("guards", "change the plan or the deployment", () => guardChecks(plan, ports)),
        checked("memory", "run it again", async () => memoryChecks(plan, ports.guards)),
        checked("secrets", "run it again", () => secretChecks(plan, ports)),
        checked("targets", "look at the function's log", () => targetChecks(plan, ports)),
        checked("observed", "look at the function's log", () => observedChecks(plan, ports)),
      ]
    : [];
  return [...probed, ...(await Promise.all([...always, ...ofPlan])).flat()];
}

async function bucketCheck(store: Store): Promise<Check> {
  await store.put(PROBE_KEY, JSON.stringify({ atMs: Date.now() }));
  const text = await store.get(PROBE_KEY);
  if (text === undefined) throw new Error(`${PROBE_KEY} was written and is not there`);
  return { subject: "bucket", level: "ok", evidence: "an object was written and read from a function" };
}

async function clockCheck({ store, sleep }: InsidePorts): Promise<Check> {
  const clock = new StoreClock(store, PROBE_KEY, systemClock, sleep);
  await clock.begin();
  await clock.narrow(systemClock.nowMs() + CLOCK_MS);
  const error = clock.error();
  const subject = "clock in Lambda";
  if (!error) return { subject, level: "warn", evidence: "S3 reported no time", remedy: "run it again" };
  const evidence = `${error.errorMs.toFixed(0)} ms from S3's, known within ${error.boundMs.toFixed(0)} ms`;
  const isWrong = Math.abs(error.errorMs) > MAX_CLOCK_ERROR_MS + error.boundMs;
  if (!isWrong) return { subject, level: "ok", evidence };
  return { subject, level: "warn", evidence, remedy: "workers go by S3's clock then; the report has each one's error" };
}

/** Tries to write keys that no function may write. */
async function roleCheck(store: Store): Promise<Check> {
  const written: string[] = [];
  for (const key of FORBIDDEN_KEYS) {
    const denied = await store.put(key, "{}").then(
      () => undefined,
      (error: Error) => error.name,
    );
    if (denied === undefined) written.push(key);
    else if (!/AccessDenied/.test(denied)) throw new Error(`${key} was refused for another reason: ${denied}`);
  }
  const subject = "roles";
  if (written.length > 0) {
    const evidence = `a function could write ${written.join(" and ")}, which its role does not allow`;
    return {
      subject,
      level: "fail",
      evidence,
      remedy: "deploy again; look for further policies on the functions' roles",
    };
  }
  return { subject, level: "ok", evidence: `a function was denied to write ${FORBIDDEN_KEYS.join(" and ")}` };
}

async function concurrencyCheck({ guards, concurrency }: InsidePorts): Promise<Check> {
  const free = await concurrency();
  const evidence = `${free} Lambda invocations at once, not reserved by other functions`;
  // At a segment border, the workers of two segments run at the same time, along with Plan, Watch and Reduce.
  const most = Math.max(0, Math.floor((free - 3) / 2));
  if (most >= guards.maxWorkers) return { subject: "concurrency", level: "ok", evidence };
  return {
    subject: "concurrency",
    level: "warn",
    evidence: `${evidence}: enough for ${most} workers in runs of several segments, where maxWorkers is ${guards.maxWorkers}`,
    remedy: 'ask for more in Service Quotas, "Concurrent executions" of AWS Lambda',
  };
}

/** Checks that the workers of another region can be called, and that the account has enough invocations there. */
async function regionCheck(region: string, { guards, concurrency, workerState }: InsidePorts): Promise<Check> {
  const [state, free] = await Promise.all([workerState(region), concurrency(region)]);
  const evidence = `its workers' function is ${state}; ${free} Lambda invocations at once`;
  if (state !== "Active") {
    const remedy = "wait a minute, then deploy the stack of the region again";
    return { subject: region, level: "warn", evidence, remedy };
  }
  if (free >= 2 * guards.maxWorkers) return { subject: region, level: "ok", evidence };
  const remedy = `ask for more there, or give it few of a plan's workers: ${Math.floor(free / 2)} in runs of several segments`;
  return { subject: region, level: "warn", evidence, remedy };
}

async function guardChecks(plan: Plan, { guards, concurrency }: InsidePorts): Promise<Check[]> {
  const problems = guardProblems(plan, guards, await concurrency());
  if (problems.length === 0) {
    return [{ subject: "guards", level: "ok", evidence: "the plan is within what this deployment and account allow" }];
  }
  return problems.map(({ where, found, expected }) => ({
    subject: "guards",
    level: "fail",
    evidence: `${where}: ${found}`,
    remedy: `expected ${expected}`,
  }));
}

/** Checks that workers with the deployment's memory keep to the send lag that the plan allows. */
function memoryChecks(plan: Plan, { setting: { workerMb } = DEFAULT_SETTING }: Guards): Check[] {
  if (plan.mode === "fleet") return [];
  const memory = workerMemory(plan);
  const { limitMs, neededMb } = memory;
  const size = sizeOf(memory, workerMb);
  const subject = "memory";
  const found = size ? `expected p99 of the send lag ${lagText(size)}, at most ${limitMs} ms` : "not measured";
  const evidence = `${workerMb} MB. ${loadText(memory)}: ${found}`;
  if (size && keepsTo(size, limitMs)) return [{ subject, level: "ok", evidence }];
  const deploy = neededMb === null ? "" : `deploy with -c workerMemoryMb=${neededMb}, or `;
  return [{ subject, level: "warn", evidence, remedy: `${deploy}lower perWorkerRps of the plan` }];
}

async function secretChecks(plan: Plan, { secret }: InsidePorts): Promise<Check[]> {
  const references = [...secretReferences(plan).keys()];
  return Promise.all(
    references.map(async (reference): Promise<Check> => {
      const failed = await secret(reference).then(
        () => undefined,
        (error: Error) => error.message,
      );
      if (failed === undefined) return { subject: "secrets", level: "ok", evidence: `${reference} can be read` };
      const remedy = "its name, and secretArns of the deployment, which has to name it";
      return { subject: "secrets", level: "fail", evidence: failed, remedy };
    }),
  );
}

/** Checks each chain separately: a secret that cannot be read must not keep the other chains' targets from being checked. */
async function targetChecks(plan: Plan, ports: InsidePorts): Promise<Check[]> {
  const remedy = "its secrets; otherwise look at the function's log";
  const checks = plan.chains.map((chain) =>
    checked("targets", remedy, () => chainChecks({ ...plan, chains: [chain] }, ports)),
  );
  return (await Promise.all(checks)).flat();
}

async function chainChecks(plan: Plan, { secret, guards }: InsidePorts): Promise<Check[]> {
  // Read-only endpoints are checked separately: a refused metrics page must not keep the targets from being checked.
  const loaded: Plan = { ...plan, observe: { ...plan.observe, endpoints: [], logs: [] } };
  const results = await preflight(loaded, { secret, deployed: guards });
  return results.map(({ chain, url, isAnswered, failure }): Check => {
    const name = plan.chains[chain]?.name ?? "";
    if (failure === undefined) return { subject: "targets", level: "ok", evidence: `${name}: a relay from ${url}` };
    const meaning = classOf(failure)?.meaning ?? failure;
    const remedy = isAnswered
      ? "send it by volley ping, which shows the whole answer"
      : "the way from this network to it: security groups, the gateway's allow list, its name";
    const evidence = `${name}: ${url} gave ${failure} (${meaning})`;
    return { subject: "targets", level: isAnswered ? "warn" : "fail", evidence, remedy };
  });
}

async function observedChecks(plan: Plan, { guards, reveal }: InsidePorts): Promise<Check[]> {
  const { endpoints } = plan.observe;
  if (endpoints.length === 0) return [];
  const dispatcher = guardedAgent(observeGuard(plan, guards));
  const { failed } = await scrape(plan.observe, () => 0, { reveal, dispatcher }).finally(() => dispatcher.close());
  const unread = failed.map(({ url, failure, detail }): Check => {
    const remedy = "observeHosts of the deployment, and the way from this network to it";
    return { subject: "observed", level: "fail", evidence: `${url}: ${failure}: ${detail}`, remedy };
  });
  const read = endpoints.length - failed.length;
  if (read === 0) return unread;
  return [
    { subject: "observed", level: "ok", evidence: `${read} of ${endpoints.length} metrics pages can be read` },
    ...unread,
  ];
}
