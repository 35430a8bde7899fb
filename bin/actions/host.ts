import { fileURLToPath } from "node:url";
import { announce } from "../../lib/fleet/gather.ts";
import { serveActivity } from "../../lib/fleet/host.ts";
import { capacityText, checkLimits, hostCapacity } from "../../lib/fleet/limits.ts";
import { callInProcess, type FunctionProcess } from "../../lib/local/functionProcess.ts";
import { holdLifeline } from "../../lib/local/lifeline.ts";
import { InputError } from "../../lib/plan/problems.ts";
import { ANNOUNCE_MS } from "../../lib/schedule/tempo.ts";
import type { Json } from "../../lib/stepfunctions/paths.ts";
import { openStore } from "../../lib/store/store.ts";

const ATTACK = fileURLToPath(new URL("../../functions/attack.ts", import.meta.url));

export interface HostOptions {
  check?: boolean;
  activity?: string;
  store?: string;
  endpoint?: string;
  name: string;
  lifeline?: boolean;
}

/** Standard input, which `--lifeline` uses as the far end of a lifeline. */
const STDIN = 0;

/** Shows a host's limits, or runs a load generator of the fleet until it is stopped. */
export async function runHost(options: HostOptions): Promise<void> {
  if (options.check) {
    const { table, isTuned } = await checkLimits();
    process.stdout.write(`${table}\n${capacityText(hostCapacity())}`);
    if (!isTuned) process.stdout.write("\nfleet/tune-system-limits.sh sets what is not ok\n");
    process.exitCode = isTuned ? 0 : 1;
    return;
  }
  await serve(options);
}

async function serve(options: HostOptions): Promise<void> {
  const activity = required(options.activity ?? process.env.VOLLEY_ACTIVITY, "--activity", "the activity's ARN");
  const store = required(options.store ?? process.env.VOLLEY_STORE, "--store", "s3:<bucket>, or file:<folder>");
  const endpoint = options.endpoint ?? process.env.VOLLEY_ENDPOINT;
  // Loaded on demand: --check needs no AWS client.
  const { SFNClient } = await import("@aws-sdk/client-sfn");
  const local = { endpoint, region: "local", credentials: { accessKeyId: "local", secretAccessKey: "local" } };
  const client = new SFNClient(endpoint === undefined ? {} : { ...local, endpoint });
  const stopped = new AbortController();
  const running = new Set<FunctionProcess>();
  if (options.lifeline) endWithRunner(running);
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => stopped.abort());
  const kept = await openStore(store);
  const here = (): Promise<void> => announce(kept, options.name, Date.now()).catch(() => {});
  await here();
  const announcing = setInterval(here, ANNOUNCE_MS);
  process.stdout.write(`${options.name} waits for assignments of ${activity}\n`);
  await serveActivity(
    { activityArn: activity, workerName: options.name },
    {
      client,
      run: (input, signal) =>
        callInProcess(ATTACK, input as Json, signal, {
          env: { VOLLEY_STORE: store, VOLLEY_HOST: options.name },
          onStart: (worker) => running.add(worker),
          onExit: (worker) => running.delete(worker),
        }),
      say: (text) => void process.stdout.write(`${options.name}: ${text}\n`),
    },
    stopped.signal,
  );
  clearInterval(announcing);
  await announce(kept, options.name, null).catch(() => {});
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
