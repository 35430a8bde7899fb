import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { attack } from "../attack/worker.ts";
import { assign } from "../plan/assign.ts";
import { lagLimitMs } from "../plan/lagLimit.ts";
import { checkPlan } from "../plan/load.ts";
import { type Chunk, total } from "../results/chunk.ts";
import { SeriesSum } from "../results/seriesSum.ts";
import { systemClock } from "../store/clock.ts";

const SERVER = fileURLToPath(new URL("./nullServerProcess.ts", import.meta.url));

/** How long each rate is tried, in s. */
const TRIAL_S = 1;

/** The first rate, the highest one, and how many are tried: about 25 s and at most 600,000 requests in all. */
const FIRST_RPS = 2_000;
const MAX_RPS = 128_000;
const MAX_TRIALS = 10;

/** How long before its first request a trial begins, in ms: the first one warms the process up. */
const COLD_LEAD_MS = 3_000;
const WARM_LEAD_MS = 500;

/** A worker at one rate. */
export interface Trial {
  rps: number;
  /** Whether every request was sent and answered, with a send lag that is valid in a run. */
  isHeld: boolean;
  /** The p99 of the send lag. */
  lagMs: number;
  /** The worker's share of a core. */
  cpu: number;
}

/**
 * Finds the highest rate that a worker in this process holds against a null server in another one: doubles the rate
 * until it is not held, and then halves the difference. Undefined if no rate was held in this many trials.
 */
export async function selfTest(trials = MAX_TRIALS): Promise<Trial | undefined> {
  const server = spawn(process.execPath, ["--disable-warning=ExperimentalWarning", SERVER], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  try {
    const url = `http://127.0.0.1:${await portOf(server)}/`;
    let leadMs = COLD_LEAD_MS;
    return await highestHeld((rps) => {
      const trial = tryRate(url, rps, leadMs);
      leadMs = WARM_LEAD_MS;
      return trial;
    }, trials);
  } finally {
    server.kill("SIGKILL");
  }
}

/** The trial with the highest rate that was held, of at most this many. */
export async function highestHeld(
  tryAt: (rps: number) => Promise<Trial>,
  most = MAX_TRIALS,
): Promise<Trial | undefined> {
  let held: Trial | undefined;
  let failedRps: number | undefined;
  let rps = FIRST_RPS;
  for (let trials = 0; trials < most && rps <= MAX_RPS; trials++) {
    const trial = await tryAt(rps);
    if (trial.isHeld) held = trial;
    else failedRps = rps;
    rps = failedRps === undefined ? rps * 2 : Math.round(((held?.rps ?? 0) + failedRps) / 2);
  }
  return held;
}

async function tryRate(url: string, rps: number, leadMs: number): Promise<Trial> {
  const target = { url, body: { jsonrpc: "2.0", method: "eth_blockNumber", params: [], id: "{{id}}" } };
  const chains = [{ name: "null", rps, targets: [target] }];
  const load = { duration: TRIAL_S, workers: 1, perWorkerRps: rps, limits: { inFlightPerWorker: 1_000 } };
  const plan = checkPlan({ name: "self-test", chains, ...load }, undefined, "the self-test's plan");
  const startAtMs = Date.now() + leadMs;
  const [assignment] = assign(plan, { runId: "self-test", startAtMs, leadMs: 0 });
  if (!assignment) throw new Error("the self-test has no assignment");
  const chunks: Chunk[] = [];
  const emit = async (chunk: Chunk): Promise<void> => void chunks.push(chunk);
  const ports = { clock: systemClock, emit, stopRequested: async () => undefined };
  const { series } = await attack({ plan, assignment, attempt: 1 }, ports);
  const sum = new SeriesSum();
  for (const each of series) sum.add(each);
  const lagMs = sum.sendLag.getValueAtPercentile(99) / 1_000;
  const isComplete = total(sum.missed) === 0 && sum.valid === sum.sent;
  const cpu = Math.max(0, ...chunks.map(({ health }) => health.cpu));
  return { rps, isHeld: isComplete && lagMs <= lagLimitMs(plan), lagMs, cpu };
}

async function portOf({ stdout }: ChildProcess): Promise<number> {
  const [port] = stdout ? await once(stdout, "data") : [];
  return Number(port);
}
