import type { Assignment } from "../plan/assign.ts";
import type { Chain, Plan } from "../plan/schema.ts";
import { systemClock } from "../store/clock.ts";
import { attack, type WorkerPorts } from "./worker.ts";

/** Most targets of a chain that are tried: a replay has as many as its log has lines. */
const MOST_TARGETS = 20;

/** How far apart the requests are, in ms. */
const APART_MS = 20;

/** Tries of a target whose request got no response: one reset is no dead target. */
const TRIES = 3;

/** How long after its beginning the first request is due, in ms. */
const BEGIN_MS = 200;

/** What one target did with a request before the run. */
export interface Preflight {
  /** The chain's and the target's place in the plan. */
  chain: number;
  target: number;
  url: string;
  /** The class of what came instead of a valid relay; undefined where one came. */
  failure?: string;
  /** Whether there was a response at all, in one of three tries. */
  isAnswered: boolean;
}

/**
 * Sends one request to each target by the engine that the workers have, with its guards, secrets and TLS: of a chain's
 * many targets to the first twenty. A target that does not answer is tried two more times.
 */
export async function preflight(plan: Plan, secret: NonNullable<WorkerPorts["secret"]>): Promise<Preflight[]> {
  let results = await tryTargets(plan, plan.chains.flatMap(placesOf), secret);
  for (let tries = 1; tries < TRIES; tries++) {
    const silent = results.filter(({ isAnswered }) => !isAnswered);
    if (silent.length === 0) break;
    const again = await tryTargets(plan, silent, secret);
    results = results.map((each) => again.find((it) => it.chain === each.chain && it.target === each.target) ?? each);
  }
  return results;
}

interface Place {
  chain: number;
  target: number;
}

function placesOf({ targets }: Chain, chain: number): Place[] {
  return targets.slice(0, MOST_TARGETS).map((_, target) => ({ chain, target }));
}

async function tryTargets(plan: Plan, places: readonly Place[], secret: WorkerPorts["secret"]): Promise<Preflight[]> {
  const chains = places.map(({ chain, target }, index): Chain => {
    const whole = plan.chains[chain] as Chain;
    const own = whole.targets[target];
    return { ...whole, name: `${index}`, rps: 1, targets: own ? [own] : [], replay: [index * APART_MS] };
  });
  const assignment: Assignment = {
    id: "preflight",
    runId: "preflight",
    worker: 0,
    segment: 0,
    invokeAt: "",
    startAtMs: systemClock.nowMs() + BEGIN_MS,
    fromMs: 0,
    toMs: (places.length + 1) * APART_MS,
    mode: "lambda",
    timeoutSeconds: 0,
    shares: chains.map(({ name }) => ({ chain: name, shard: 0, of: 1, rps: 1 })),
  };
  const single: Plan = {
    ...plan,
    chains,
    connections: 0,
    durationMs: assignment.toMs,
    warmupMs: 0,
    profile: { type: "constant" },
  };
  const ports: WorkerPorts = {
    clock: systemClock,
    emit: async () => {},
    stopRequested: async () => undefined,
    ...(secret && { secret }),
  };
  const { series } = await attack({ plan: single, assignment, attempt: 1 }, ports);
  return places.map(({ chain, target }, index) => {
    const { errors = {}, invalid = {}, missed = {} } = series.find((each) => each.chain === `${index}`) ?? {};
    const [error] = [...Object.keys(errors), ...Object.keys(missed)];
    const [failure = error] = Object.keys(invalid);
    return {
      chain,
      target,
      url: plan.chains[chain]?.targets[target]?.url ?? "",
      isAnswered: error === undefined,
      ...(failure !== undefined && { failure }),
    };
  });
}
