import { setMaxListeners } from "node:events";
import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import type { SFNClient } from "@aws-sdk/client-sfn";
import { announce } from "../../lib/fleet/gather.ts";
import { serveActivity } from "../../lib/fleet/host.ts";
import { capacityText, checkLimits, hostCapacity } from "../../lib/fleet/limits.ts";
import { autoWorkers, workerNames } from "../../lib/fleet/workers.ts";
import { callInProcess, type FunctionProcess } from "../../lib/local/functionProcess.ts";
import { holdLifeline } from "../../lib/local/lifeline.ts";
import { InputError } from "../../lib/plan/problems.ts";
import { repeat } from "../../lib/schedule/repeat.ts";
import { ANNOUNCE_MS } from "../../lib/schedule/tempo.ts";
import type { Json } from "../../lib/stepfunctions/paths.ts";
import { openStore } from "../../lib/store/store.ts";
import { runSelfTest } from "./selfTest.ts";

const ATTACK = fileURLToPath(new URL("../../functions/attack.ts", import.meta.url));

export interface HostOptions {
  check?: boolean;
  selfTest?: boolean;
  activity?: string;
  store?: string;
  endpoint?: string;
  name: string;
  workers: number | "auto";
  lifeline?: boolean;
}

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
  const activity = required(options.activity ?? process.env.VOLLEY_ACTIVITY, "--activity", "the activity's ARN");
  const store = required(options.store ?? process.env.VOLLEY_STORE, "--store", "s3:<bucket>, or file:<folder>");
  const endpoint = options.endpoint ?? process.env.VOLLEY_ENDPOINT;
  const names = workerNames(options.name, workers);
  const stopped = new AbortController();
  // Each worker waits for this signal: there may be more of them than the listeners at which Node suspects a leak.
  setMaxListeners(0, stopped.signal);
  const running = new Set<FunctionProcess>();
  if (options.lifeline) endWithRunner(running);
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => stopped.abort());
  const kept = await openStore(store);
  const tell = async (atMs: number | null): Promise<void> => {
    await Promise.all(names.map((name) => announce(kept, name, atMs).catch(() => {})));
  };
  await tell(Date.now());
  const announcing = repeat(ANNOUNCE_MS, () => tell(Date.now()));
  const who = names.length === 1 ? `${options.name} waits` : `${options.name}: ${names.length} workers wait`;
  process.stdout.write(`${who} for assignments of ${activity}\n`);
  const serveAs = async (name: string): Promise<void> =>
    serveActivity(
      { activityArn: activity, workerName: name },
      {
        client: await activityClient(endpoint),
        run: (input, signal) =>
          callInProcess(ATTACK, input as Json, signal, {
            env: { VOLLEY_STORE: store, VOLLEY_HOST: name },
            onStart: (worker) => running.add(worker),
            onExit: (worker) => running.delete(worker),
          }),
        say: (text) => void process.stdout.write(`${name}: ${text}\n`),
      },
      stopped.signal,
    );
  try {
    await Promise.all(names.map(serveAs));
  } finally {
    stopped.abort();
    await announcing.end();
    await tell(null);
  }
}

/**
 * A client of Step Functions, at another endpoint if there is one. Each worker has a client: the polls of many workers
 * would otherwise hold all connections of one, and no heartbeat could be sent.
 */
async function activityClient(endpoint: string | undefined): Promise<SFNClient> {
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
