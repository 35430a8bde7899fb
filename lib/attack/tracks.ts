import type { ConnectionOptions } from "../http/connection.ts";
import type { Handshake } from "../http/request.ts";
import { type Phase, phaseRange, requestNumbers } from "../plan/assign.ts";
import type { Chain, Plan } from "../plan/schema.ts";
import { intervalMs } from "../results/chunk.ts";
import { countInShard, firstInShard } from "../schedule/schedule.ts";
import { TAKEOVER_MS } from "../schedule/tempo.ts";
import type { Track } from "./pacer.ts";
import { Recorder } from "./recorder.ts";
import { type ChainRequests, prepareChain } from "./requests.ts";
import type { Sender } from "./sender.ts";
import { chainEvents } from "./track.ts";
import { chainOf, chainsOf, type RequestValues } from "./values.ts";
import type { AttackInput } from "./workerPorts.ts";

/** All that a worker sends, ready to be paced. */
export interface WorkerTracks {
  tracks: Track[];
  /** One for each track. */
  recorders: Recorder[];
  /** The handshakes of the chains' WebSockets. */
  handshakes: Handshake[];
}

/** What a worker has before it makes its tracks. */
export interface Prepared {
  options: ConnectionOptions;
  values: RequestValues;
  /** By chain. */
  requests: ReadonlyMap<string, ChainRequests>;
}

/** Prepares the requests of a worker's chains. Throws an InputError for a request that could not be sent. */
export function prepareRequests({ plan, assignment }: AttackInput, values: RequestValues): Map<string, ChainRequests> {
  return new Map(chainsOf(plan, assignment).map((chain) => [chain.name, requestsOf(chain, plan, values)]));
}

/**
 * This assignment's part of each chain's schedule, in each phase that overlaps its segment. A later attempt joins the
 * schedule at the present, `nowMs` since the epoch: requests due before that belong to the earlier attempt.
 */
export function workerTracks(input: AttackInput, prepared: Prepared, sender: Sender, nowMs: number): WorkerTracks {
  const { plan, assignment, attempt, joinsAtMs } = input;
  const joinAtMs = attempt === 1 ? -Infinity : (joinsAtMs ?? nowMs + TAKEOVER_MS);
  const made: WorkerTracks = { tracks: [], recorders: [], handshakes: [] };
  for (const share of assignment.shares) {
    const chain = chainOf(plan, share);
    const requests = prepared.requests.get(chain.name) as ChainRequests;
    made.handshakes.push(...requests.handshakes);
    for (const phase of ["warmup", "measure"] as const) {
      const originMs = assignment.startAtMs - (phase === "warmup" ? plan.warmupMs : 0);
      const { schedule, from, to } = phaseRange(plan, assignment, share, phase);
      const first = Math.max(from, schedule.dueBefore(joinAtMs - originMs));
      const range = { shard: share.shard, of: share.of, from: first, to };
      if (countInShard(range) === 0) continue;
      const recorder = recorderOf(chain, phase, plan, prepared.values.secrets);
      const numberOf = numbersOf(chain, phase, input);
      const events = chainEvents({ plan, requests, range, numberOf, sender, recorder, originMs });
      made.recorders.push(recorder);
      made.tracks.push({ schedule, originMs, ...range, events });
    }
  }
  return made;
}

function recorderOf(chain: Chain, phase: Phase, plan: Plan, secrets: readonly string[]): Recorder {
  return new Recorder(chain.name, phase, intervalMs(plan.durationMs), {
    timings: plan.timings,
    targets: chain.apart?.targets ?? chain.targets.length,
    secrets,
    nodeHeader: plan.nodeHeader,
    countsAdmissions: phase === "measure" && plan.profile.type === "limit",
  });
}

function numbersOf(chain: Chain, phase: Phase, { plan, assignment, firstNumbers }: AttackInput): (n: number) => number {
  const first = firstNumbers?.[chain.name];
  return first === undefined ? requestNumbers(plan, chain, phase, assignment.region) : (n) => first + n;
}

/** When the first request is due, in ms since the epoch; if the worker has none, when its segment begins. */
export function firstDueAtMs(tracks: readonly Track[], { startAtMs, fromMs }: AttackInput["assignment"]): number {
  if (tracks.length === 0) return startAtMs + fromMs;
  return Math.min(...tracks.map((track) => track.originMs + track.schedule.dueAtMs(firstInShard(track.from, track))));
}

function requestsOf(chain: Chain, plan: Plan, values: RequestValues): ChainRequests {
  const block = values.blocks.get(chain.name);
  const lookups = values.lookups.get(chain.name);
  return prepareChain(chain, {
    keepalive: plan.keepalive,
    http: plan.http,
    seed: plan.seed,
    ...(block !== undefined && { block }),
    ...(lookups && { lookups: lookups.values }),
    ...(plan.blockAges && { blockAges: plan.blockAges }),
    secret: values.reveal,
  });
}
