import { readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { classOf } from "../answers/classes.ts";
import { type Preflight, preflightProblems } from "../attack/preflight.ts";
import { type GatewayProcess, startGatewayProcess } from "../gateway/gatewayProcess.ts";
import { allowanceOf } from "../plan/allowance.ts";
import { splitRates } from "../plan/assign.ts";
import { moveTargets } from "../plan/load.ts";
import { InputError } from "../plan/problems.ts";
import type { RunSchedule } from "../plan/runSchedule.ts";
import type { Plan } from "../plan/schema.ts";
import type { Report } from "../report/schema.ts";
import type { AttackCall } from "../stages/attack.ts";
import { plannedRun } from "../stages/planRun.ts";
import { loadDefinition } from "../stepfunctions/definition.ts";
import { type ExecutionResult, execute, type HistoryEvent } from "../stepfunctions/interpreter.ts";
import type { Json } from "../stepfunctions/paths.ts";
import type { Definition } from "../stepfunctions/stateSchema.ts";
import { type AbortCause, encodeAbort } from "../store/abort.ts";
import { FolderStore } from "../store/folderStore.ts";
import { abortKey, assignmentsKey, planKey, reportKey, runPrefix, scheduleKey } from "../store/keys.ts";
import { RunnerLease, type RunnerState, runnerState } from "../store/runnerLease.ts";
import { readJson, type Store } from "../store/store.ts";
import { LocalFleet } from "./fleet.ts";
import { callInProcess, type FunctionProcess } from "./functionProcess.ts";
import { DEFINITION_PATH, FUNCTIONS, OWN_FUNCTIONS, SUBSTITUTIONS } from "./functions.ts";
import { HostNetwork } from "./hostNetwork.ts";
import { machineProblems, machineWarnings, planSize, thisMachine } from "./machine.ts";
import { delayProblems, isDelayed, type RegionDelays, RegionNetworks } from "./regionNetworks.ts";

/**
 * How long before their first request workers are started, in ms, plus extra time for each worker per core: they start
 * and warm up in parallel.
 */
const LEAD_MS = 1_500;

const LEAD_PER_CORE_MS = 900;

/**
 * CPU time for a worker to read and check a MB of its plan, in ms: 63 measured with 300,000 replayed lines in 83 MB.
 */
const LEAD_PER_MB_MS = 80;

/** The lead if the store is reached over a network, which may be slow. */
const REMOTE_LEAD_MS = 15_000;

/** How long hosts started here may take to announce themselves, in ms. */
const FLEET_WAIT_MS = 10_000;

/** Why a run cannot be resumed, by the state of its runner. */
const RESUMABLE: Record<RunnerState, { found: string; expected: string } | undefined> = {
  none: undefined,
  dead: undefined,
  alive: { found: "a run that is still running", expected: "to wait for its end, or to press Ctrl-C where it runs" },
  ended: { found: "a run that has its report", expected: "volley report, to see it" },
};

/** Why a run with `regionDelays` cannot be resumed. */
const NETWORKS_GONE = { found: "a run with --regions, whose networks are gone", expected: "a new run" };

/** Options of a local run. */
export interface LocalRunOptions {
  plan: Plan;
  runId: string;
  /** The folder in which `runs/<id>/` is created. */
  folder: string;
  /** The store for the run's objects instead of the folder, and the URI with which workers open it. */
  remote?: { uri: string; store: Store };
  /** How long before their first request workers are started, in ms, if it is not the default. */
  leadMs?: number;
  /** The definition to execute, as text; the deployed one by default. */
  definition?: string;
  /** The handlers' modules by name; the sources in functions/ by default. */
  functions?: Record<string, string>;
  /** Gives each of these regions a network with this round-trip time to the stand-in gateway, in ms. */
  regionDelays?: RegionDelays;
  onEvent?(event: HistoryEvent): void;
  /** Called for problems that do not end the run. */
  onWarning?(text: string): void;
  /** Called when a function's process starts and when it ends. */
  onProcess?(functionName: string, pid: number, running: boolean): void;
}

/** How a local run ended. There is no report if the run failed in or before Reduce. */
export interface LocalRunResult {
  execution: ExecutionResult;
  report?: Report;
}

/** Runs the state machine on this machine, with a process for each invocation and a folder as the store. */
export class LocalRun {
  readonly store: Store;
  readonly #options: LocalRunOptions;
  readonly #storeUri: string;
  readonly #definition: Definition;
  #fleet: LocalFleet | undefined;
  #regions: RegionNetworks | undefined;
  readonly #processes = new Map<FunctionProcess, string>();
  #aborting: Promise<unknown> = Promise.resolve();

  /** Throws an InputError if the definition cannot be loaded. */
  constructor(options: LocalRunOptions) {
    this.#options = options;
    this.store = options.remote?.store ?? new FolderStore(options.folder);
    this.#storeUri = options.remote?.uri ?? `file:${options.folder}`;
    const text = options.definition ?? readFileSync(DEFINITION_PATH, "utf8");
    this.#definition = loadDefinition(text, SUBSTITUTIONS, "statemachines/volley.asl.json");
  }

  /** Runs to the end: the report is written when this resolves, whatever happened to the workers. */
  async run(): Promise<LocalRunResult> {
    const { plan, regionDelays, onWarning } = this.#options;
    const machine = thisMachine();
    const problems = machineProblems(plan, planSize(plan), machine);
    if (regionDelays) problems.push(...delayProblems(plan, regionDelays));
    if (problems.length > 0) throw new InputError(plan.name, problems);
    for (const warning of machineWarnings(plan, machine)) onWarning?.(warning);
    return this.#leased(() => this.#runAnew());
  }

  /** Does work as the run's only runner: a runner that resumes the run meanwhile ends this one and its workers. */
  async #leased(work: () => Promise<LocalRunResult>): Promise<LocalRunResult> {
    const lease = await RunnerLease.take(this.store, this.#options.runId);
    try {
      const result = await Promise.race([work(), lease.lost]);
      if (result.report) await lease.end();
      return result;
    } catch (error) {
      this.leave();
      throw error;
    } finally {
      lease.release();
    }
  }

  async #runAnew(): Promise<LocalRunResult> {
    const { plan, runId, regionDelays } = this.#options;
    const history: HistoryEvent[] = [];
    let gateway: GatewayProcess | undefined;
    try {
      if (regionDelays) this.#regions = await RegionNetworks.start(regionDelays);
      const network = (await this.#prepareFleet()) ?? this.#regions;
      gateway = plan.gateway && (await startGatewayProcess(plan.gateway, network?.address));
      if (gateway) moveTargets(plan, gateway.origin);
      if (network) plan.allowedHosts.push(network.address);
      await this.#beginFleet();
      await this.store.put(planKey(runId), JSON.stringify(plan));
      // The stand-in gateway responds as soon as it has started.
      if (plan.preflight && !plan.gateway) await this.#preflight();
      const execution = await this.#execute(this.#definition, { planKey: planKey(runId) }, history);
      await this.store.put(`${runPrefix(runId)}history.json`, `${JSON.stringify(history, null, 1)}\n`);
      return { execution, ...(await this.#report()) };
    } finally {
      await this.#fleet?.stop();
      await gateway?.stop();
      this.#regions?.stop();
    }
  }

  /** Sends one request to each target. Throws an InputError that names the targets that do not respond. */
  async #preflight(): Promise<void> {
    const { plan, runId, onWarning } = this.#options;
    const never = new AbortController().signal;
    let results: Preflight[];
    try {
      results = (await this.#invoke("preflight", { planKey: planKey(runId) }, never)) as unknown as Preflight[];
    } catch (error) {
      // Something that a request is built from is unavailable: a secret, or the newest block.
      const found = (error as Error).message;
      throw new InputError(plan.name, [
        { where: "$.chains", found, expected: "secrets and newest blocks that can be had" },
      ]);
    }
    for (const { chain, url, isAnswered, failure = "" } of results) {
      if (!isAnswered || failure === "") continue;
      const meaning = classOf(failure)?.meaning ?? "no class of ours";
      onWarning?.(`${plan.chains[chain]?.name}: ${url} answers ${failure} (${meaning})`);
    }
    const problems = preflightProblems(results);
    if (problems.length > 0) throw new InputError(`${plan.name}: one request before the run`, problems);
  }

  /**
   * In fleet mode, prepares as many hosts as the plan has workers. Against the stand-in gateway, each host gets a
   * separate network if possible, which is returned; other targets could not be reached from there.
   */
  async #prepareFleet(): Promise<HostNetwork | undefined> {
    const { plan, runId } = this.#options;
    if (plan.mode !== "fleet") return undefined;
    const network = plan.gateway && HostNetwork.isPossible() ? new HostNetwork() : undefined;
    const hosts = splitRates(plan).length;
    const [store, storeUri] = [this.store, this.#storeUri];
    this.#fleet = await LocalFleet.prepare({ hosts, runId, store, storeUri, network });
    return network;
  }

  async #beginFleet(): Promise<void> {
    const { plan, onProcess } = this.#options;
    await this.#fleet?.begin(allowanceOf(plan));
    for (const pid of this.#fleet?.pids ?? []) onProcess?.("host", pid, true);
  }

  /**
   * Resumes a run whose runner has died: workers join the schedule at its current position as new attempts, and the
   * report covers all results. If the schedule is over, the run is only reduced. The stand-in gateway, which died with
   * the runner, is restarted on the same port. Rejects with an InputError if the run's runner is alive, or if the run
   * has ended.
   */
  async resume(): Promise<LocalRunResult> {
    const { runId } = this.#options;
    const problem = RESUMABLE[await runnerState(this.store, runId)];
    if (problem) throw new InputError(runId, [{ where: runPrefix(runId), ...problem }]);
    if (isDelayed(this.#options.plan)) throw new InputError(runId, [{ where: runPrefix(runId), ...NETWORKS_GONE }]);
    return this.#leased(() => this.#goOn());
  }

  async #goOn(): Promise<LocalRunResult> {
    const { plan, runId } = this.#options;
    const history: HistoryEvent[] = [];
    const schedule = await readJson<RunSchedule>(this.store, scheduleKey(runId));
    const assignments = await this.store.get(assignmentsKey(runId));
    if (!schedule || assignments === undefined) throw new Error(`${runId} was never planned: run the plan again`);
    const isOver = Date.now() > schedule.endAtMs;
    const definition: Definition = { ...this.#definition, StartAt: isOver ? "Too large for one reducer?" : "Run" };
    const input: Json = { ...plannedRun(schedule) };
    const port = Number(new URL(plan.chains[0]?.targets[0]?.url ?? "http://none/").port);
    const gateway =
      plan.gateway && !isOver && plan.mode !== "fleet"
        ? await startGatewayProcess({ ...plan.gateway, port })
        : undefined;
    let execution: ExecutionResult;
    try {
      if (!isOver) {
        await this.#prepareFleet();
        await this.#beginFleet();
      }
      execution = await this.#execute(definition, input, history);
    } finally {
      await this.#fleet?.stop();
      await gateway?.stop();
    }
    await this.store.put(`${runPrefix(runId)}history-resumed.json`, `${JSON.stringify(history, null, 1)}\n`);
    return { execution, ...(await this.#report()) };
  }

  async #report(): Promise<{ report?: Report }> {
    const report = await readJson<Report>(this.store, reportKey(this.#options.runId, "json"));
    return report ? { report } : {};
  }

  #execute(definition: Definition, input: Json, history: HistoryEvent[]): Promise<ExecutionResult> {
    const { runId, onEvent } = this.#options;
    return execute(definition, input, runId, {
      invoke: (name, payload, signal) => this.#invoke(name, payload, signal),
      ...(this.#fleet && { callback: this.#fleet.callback.bind(this.#fleet) }),
      readObject: (_bucket, key) => this.store.get(key),
      putObject: (_bucket, key, body) => this.store.put(key, body),
      onEvent(event) {
        history.push(event);
        onEvent?.(event);
      },
    });
  }

  /** Adds what the run's plan allows to the input of a worker or Watch, whatever happens to the plan in the store. */
  #withAllowance(input: Json): Json {
    const allowance = allowanceOf(this.#options.plan) as unknown as Json;
    return { ...(input as Record<string, Json>), allowance };
  }

  /**
   * Stops the workers; what was measured is still reduced and reported. Local workers are stopped at once; others see
   * the flag in the store. A worker too busy to react is killed within a second.
   */
  async abort(cause: AbortCause): Promise<void> {
    for (const [process, name] of this.#processes) if (name === "attack") process.stop();
    this.#fleet?.stopSending();
    const aborting = this.store.putIfAbsent(abortKey(this.#options.runId), encodeAbort(cause, Date.now()));
    this.#aborting = aborting.catch(() => {});
    await aborting;
  }

  /** Kills every process of the run, for a runner that exits at once. */
  leave(): void {
    for (const process of this.#processes.keys()) process.kill();
    this.#fleet?.kill();
  }

  async #invoke(name: string, payload: Json, signal: AbortSignal): Promise<Json> {
    const { remote, functions, onProcess, leadMs = remote ? REMOTE_LEAD_MS : LEAD_MS } = this.#options;
    // A worker may have stopped before the abort flag is written; Reduce reads the reason from that flag.
    if (name === "reduce") await this.#aborting;
    const module = (OWN_FUNCTIONS[name] ?? (functions ?? FUNCTIONS)[name]) as string;
    const input = name === "attack" || name === "watch" ? this.#withAllowance(payload) : payload;
    return callInProcess(module, input, signal, {
      ...(name === "attack" && { network: this.#regions?.namespaceOf(regionOf(input)) }),
      env: {
        VOLLEY_STORE: this.#storeUri,
        VOLLEY_LEAD_MS: String(leadMs),
        VOLLEY_LEAD_PER_MB_MS: String(LEAD_PER_MB_MS),
        VOLLEY_CORES: String(availableParallelism()),
        VOLLEY_FLEET_WAIT_MS: String(FLEET_WAIT_MS),
        VOLLEY_LEAD_PER_WORKER_MS: String(LEAD_PER_CORE_MS / availableParallelism()),
      },
      onStart: (process) => {
        this.#processes.set(process, name);
        onProcess?.(name, process.pid, true);
      },
      onExit: (process) => {
        this.#processes.delete(process);
        onProcess?.(name, process.pid, false);
      },
    });
  }
}

/** The region of a worker's assignment. */
function regionOf(input: Json): string | undefined {
  return (input as unknown as Partial<AttackCall>).assignment?.region;
}

/**
 * A run's id: its plan's name, its creation time, and random characters to separate runs created in the same second.
 */
export function newRunId(name: string, at: Date, random: () => number = Math.random): string {
  const stamp = at.toISOString().slice(0, 19).replaceAll(/[-:]/g, "").replace("T", "-");
  const letters = Math.floor(random() * 36 ** 4)
    .toString(36)
    .padStart(4, "0");
  return `${name.slice(0, 50)}-${stamp}-${letters}`;
}
