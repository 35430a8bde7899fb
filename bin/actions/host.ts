import { setMaxListeners } from "node:events";
import { availableParallelism } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type { SFNClient } from "@aws-sdk/client-sfn";
import { serveRuns } from "../../lib/fleet/host.ts";
import { capacityText, checkLimits, hostCapacity } from "../../lib/fleet/limits.ts";
import { type Leaving, watchForSpotNotice } from "../../lib/fleet/spotNotice.ts";
import { autoWorkers, workerNames } from "../../lib/fleet/workers.ts";
import type { RunnerWord } from "../../lib/local/fleet.ts";
import { callInProcess, type FunctionProcess } from "../../lib/local/functionProcess.ts";
import { holdLifeline } from "../../lib/local/lifeline.ts";
import { InputError } from "../../lib/plan/problems.ts";
import { cleanLines } from "../../lib/plan/terminal.ts";
import type { Json } from "../../lib/stepfunctions/paths.ts";
import { openStore } from "../../lib/store/store.ts";
import { runSelfTest } from "./selfTest.ts";

const ATTACK = fileURLToPath(new URL("../../functions/attack.ts", import.meta.url));

export interface HostOptions {
  check?: boolean;
  selfTest?: boolean;
  store?: string;
  endpoint?: string;
  name: string;
  workers: number | "auto";
  lifeline?: boolean;
  runner?: string;
}

/** How often a host asks the store for work, in ms: a bucket is paid for by the request. */
const POLL_BUCKET_MS = 1_000;
const POLL_FOLDER_MS = 100;

/** Longer than a Spot instance lives after its notice, in ms. */
const LONG_MS = 3_600_000;

/** Standard input, which `--lifeline` uses as the far end of a lifeline. */
const STDIN = 0;

/** Shows a host's limits, measures what it can send, or runs a load generator of the fleet until it is stopped. */
export async function runHost(options: HostOptions): Promise<void> {
  if (options.check) {
    const { table, isTuned } = await checkLimits();
    process.stdout.write(`${table}\n${capacityText(hostCapacity())}`);
    if (!isTuned) process.stdout.write("\nfleet/tune-system-limits.sh sets what is not ok\n");
    process.exitCode = isTuned ? 0 : 1;
    return;
  }
  const workers = options.workers === "auto" ? autoWorkers(availableParallelism()) : options.workers;
  if (options.selfTest) await runSelfTest(workers);
  else await serve(options, workers);
}

async function serve(options: HostOptions, workers: number): Promise<void> {
  const uri = required(options.store ?? process.env.VOLLEY_STORE, "--store", "s3:<bucket>, or file:<folder>");
  const runner = options.runner === undefined ? undefined : (JSON.parse(options.runner) as RunnerWord);
  const allowed = runner && { allowance: runner.allowance };
  const names = workerNames(options.name, workers);
  const stopped = new AbortController();
  // Each worker waits for this signal: there may be more of them than the listeners at which Node suspects a leak.
  setMaxListeners(0, stopped.signal);
  const running = new Set<FunctionProcess>();
  if (options.lifeline) endWithRunner(running);
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => stopped.abort());
  const store = await openStore(uri);
  const leaving = Promise.withResolvers<Leaving>();
  const metadata = process.env.VOLLEY_METADATA;
  if (metadata !== undefined) void watchForSpotNotice({ endpoint: metadata }, leaving.resolve, stopped.signal);
  const client = await tokenClient(runner?.endpoint ?? options.endpoint ?? process.env.VOLLEY_ENDPOINT);
  const who = names.length === 1 ? `${options.name} waits` : `${options.name}: ${names.length} workers wait`;
  process.stdout.write(`${who} for runs in ${uri}\n`);
  const serveAs = async (name: string): Promise<void> =>
    serveRuns(
      // Several runs on one machine have hosts with the same names.
      runner ? { name: `${runner.runId}-${name}`, runId: runner.runId } : { name },
      {
        store,
        client,
        run: (input, signal) =>
          callInProcess(ATTACK, { ...(input as object), ...allowed } as Json, signal, {
            env: { VOLLEY_STORE: uri, VOLLEY_HOST: name },
            onStart: (worker) => running.add(worker),
            onExit: (worker) => running.delete(worker),
          }),
        say: (text) => void process.stdout.write(`${cleanLines(`${name}: ${text}`)}\n`),
        pollMs: uri.startsWith("s3:") ? POLL_BUCKET_MS : POLL_FOLDER_MS,
        leaving: leaving.promise,
      },
      stopped.signal,
    );
  await Promise.all(names.map(serveAs));
  // A host that is taken away waits for that: a service that ended would be started again.
  await sleep(LONG_MS, undefined, { signal: stopped.signal }).catch(() => {});
}

/** A client of Step Functions, at another endpoint if there is one. */
async function tokenClient(endpoint: string | undefined): Promise<SFNClient> {
  // Loaded on demand: --check needs no AWS client.
  const { SFNClient } = await import("@aws-sdk/client-sfn");
  const local = { endpoint, region: "local", credentials: { accessKeyId: "local", secretAccessKey: "local" } };
  return new SFNClient(endpoint === undefined ? {} : { ...local, endpoint });
}

/**
 * Stops the workers when the runner says so, and exits when the runner is gone or silent; the workers then see that
 * this process is gone.
 */
function endWithRunner(workers: ReadonlySet<FunctionProcess>): void {
  const lifeline = holdLifeline(STDIN, (word) => {
    if (word !== "stop") process.exit(1);
    for (const worker of workers) worker.stop();
  });
  lifeline.watchSilence();
}

function required(value: string | undefined, option: string, expected: string): string {
  if (value !== undefined) return value;
  throw new InputError("volley host", [{ where: option, found: "nothing", expected }]);
}
