import { requestNumbers } from "../plan/assign.ts";
import type { Chain, Plan } from "../plan/schema.ts";
import { constantSchedule } from "../schedule/schedule.ts";
import type { Clock } from "../store/clock.ts";
import { HealthMeter } from "./health.ts";
import { type NullServers, startNullServers } from "./nullServers.ts";
import { Pacer, type Track } from "./pacer.ts";
import { Recorder } from "./recorder.ts";
import { prepareChain } from "./requests.ts";
import { Sender } from "./sender.ts";
import { chainEvents } from "./track.ts";
import { startWaker } from "./waker.ts";

/** Minimum requests per second: enough for code to be compiled. */
const MIN_RPS = 6_000;

/**
 * Maximum requests per second: what a core can send and answer with time to spare. At a rate beyond that, requests are
 * sent in groups, and the code that sends a single one stays cold.
 */
const MAX_RPS = 25_000;

/**
 * The warm-up repeats everything several times, with new objects each time: code compiled for one schedule, one sender
 * or one kind of socket is discarded when it meets the next, and that must not be the first one that counts.
 */
const ROUND_MS = 500;

/** CPU time after which this process is warm, in ms; with only a share of a CPU this takes longer. */
const ENOUGH_CPU_MS = 2_000;

/** Connections to the null server, and maximum requests in flight there: more than one, as in the run. */
const CONNECTIONS = 32;

/** How often a round's recording is encoded: flushes must also be compiled before the first one. */
const ENCODINGS = 4;

/** How often a round's recorders are flushed during it: what is recorded afterwards reuses their histograms. */
const FLUSHES = 3;

/** Maximum targets sent per chain: preparing all of a long replay would take too long. */
const MAX_TARGETS = 4;

/** Rows of a chain's data that fill them in. */
const MAX_ROWS = 8;

/**
 * Warms this process up: sends the plan's own requests through the whole engine to a server inside the process, so that
 * code compiled on first use is compiled before the first request that counts. Sends at the run's rate, `rps`, if
 * possible, because different code is hot at a high rate than at a low one. Nothing leaves the process. Ends when it
 * has used enough CPU time, and at the latest after `mostMs`, however slow the machine is. A chain of subscribers alone
 * sends no requests and needs none of this. Without a port or a cipher for the servers there is no warm-up: the worker
 * starts cold.
 */
export async function warmUp(clock: Clock, whole: Plan, mostMs: number, rps: number): Promise<void> {
  const plan = { ...whole, chains: whole.chains.filter(({ targets }) => targets.length > 0) };
  if (plan.chains.length === 0) return;
  const servers = await startNullServers(plan);
  if (servers === undefined) return;
  const untilMs = clock.nowMs() + mostMs;
  const before = process.cpuUsage();
  const usedMs = (): number => {
    const { user, system } = process.cpuUsage(before);
    return (user + system) / 1_000;
  };
  do {
    await warmUpRound(clock, plan, servers, {
      durationMs: Math.min(ROUND_MS, untilMs - clock.nowMs()),
      rps: Math.min(MAX_RPS, Math.max(MIN_RPS, rps)),
    });
  } while (usedMs() < ENOUGH_CPU_MS && clock.nowMs() + ROUND_MS / 2 < untilMs);
  servers.close();
}

async function warmUpRound(
  clock: Clock,
  plan: Plan,
  servers: NullServers,
  { durationMs, rps }: { durationMs: number; rps: number },
): Promise<void> {
  const limits = { ...plan.limits, inFlightPerWorker: CONNECTIONS };
  const { tls: _, resolve: __, unixSocket: ___, ...own } = plan;
  const local: Plan = { ...own, limits, keepalive: true, timeoutMs: 1_000, durationMs, warmupMs: 0 };
  const sender = new Sender(clock, { ...local, secure: servers.secure });
  for (const origin of servers.http) await sender.open(origin, CONNECTIONS);
  const originMs = clock.nowMs();
  const recorders: Recorder[] = [];
  const tracks = plan.chains.map((chain): Track => {
    const recorder = new Recorder(chain.name, "warmup", Math.max(1, durationMs / 4), {
      timings: plan.timings,
      targets: chain.targets.length,
    });
    recorders.push(recorder);
    const schedule = constantSchedule(rps / plan.chains.length, durationMs);
    const copy = nullChain(chain, servers);
    const requests = prepareChain(copy, { keepalive: true, http: plan.http, seed: plan.seed });
    const range = { shard: 0, of: 1, from: 0, to: schedule.count };
    const numberOf = requestNumbers(local, copy, "measure");
    const parts = { plan: local, requests, range, numberOf, sender, recorder, originMs };
    return { schedule, originMs, ...range, events: chainEvents(parts) };
  });
  const health = new HealthMeter(clock, sender, originMs);
  const flushes = setInterval(() => {
    for (const recorder of recorders) recorder.take();
    health.take();
  }, durationMs / FLUSHES);
  await new Pacer(clock, tracks).run(startWaker);
  await sender.drained();
  clearInterval(flushes);
  health.close();
  for (let index = 0; index < ENCODINGS; index++) for (const recorder of recorders) recorder.peek();
  for (const recorder of recorders) recorder.take();
  sender.close();
}

/** A copy of a chain that targets the null servers, without secrets and without the plan's checks on responses. */
function nullChain({ name, rps, targets, data }: Chain, servers: NullServers): Chain {
  return {
    name,
    rps,
    targets: targets.slice(0, MAX_TARGETS).map(({ method, url, body, bodyBase64, weight }) => ({
      method,
      url: `${servers.originFor(url)}/`,
      headers: [],
      weight,
      ...(body !== undefined && { body }),
      ...(bodyBase64 !== undefined && { bodyBase64 }),
    })),
    ...(data && { data: [...Iterator.from(data).take(MAX_ROWS)] }),
  };
}
