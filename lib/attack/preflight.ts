import { classOf } from "../answers/classes.ts";
import { type Assignment, chainSchedule } from "../plan/assign.ts";
import { harmless } from "../plan/harmless.ts";
import { jsonPath, type Problem } from "../plan/problems.ts";
import type { Chain, Plan, Target } from "../plan/schema.ts";
import { subscribeTarget } from "../plan/subscriptions.ts";
import { systemClock } from "../store/clock.ts";
import { attack } from "./worker.ts";
import type { WorkerPorts } from "./workerPorts.ts";

/** Maximum targets tried per chain: a replay has as many as its log has lines. */
const MAX_TARGETS = 20;

/** Interval between requests, in ms. */
const APART_MS = 20;

/** Tries of a target that gives no response: one reset does not make a target dead. */
const TRIES = 3;

/** Tries of a target if this machine was too late to send, which says nothing about the target. */
const LATE_TRIES = 8;

/**
 * Delay from the start to the first request, in ms; longer in AWS, where a function has only part of a core to get
 * ready. Each later try waits that much longer.
 */
const BEGIN_MS = 200;
const BEGIN_DEPLOYED_MS = 5_000;

/** How one target responded to a request before the run. */
export interface Preflight {
  /** The chain's index in the plan, and the index among what is tried for it. */
  chain: number;
  target: number;
  /** The target's or the subscription's JSONPath in the plan. */
  where: string;
  url: string;
  /** The class of the outcome if it was not a valid relay; undefined if it was. */
  failure?: string;
  /** Whether there was any response, in one of three tries. */
  isAnswered: boolean;
  /** Whether the request was sent: a busy machine may be too late for it, which says nothing about the target. */
  isSent: boolean;
}

/** Preflight's dependencies. */
export type PreflightPorts = Pick<WorkerPorts, "secret" | "deployed">;

/**
 * Sends one request to each target through the workers' engine, with its guards, secrets and TLS; if a chain has many
 * targets, to the first twenty. A target that does not respond is tried two more times. No request may write, and none
 * shares an id or a random value with a request of the run. None is part of the ledger.
 */
export async function preflight(plan: Plan, ports: PreflightPorts): Promise<Preflight[]> {
  let results = await tryTargets(plan, plan.chains.flatMap(placesOf), ports, 0);
  for (let tries = 1; tries < LATE_TRIES; tries++) {
    const silent = results.filter(({ isAnswered, isSent }) => !isAnswered && (tries < TRIES || !isSent));
    if (silent.length === 0) break;
    const again = await tryTargets(plan, silent, ports, tries);
    results = results.map((each) => again.find((it) => it.chain === each.chain && it.target === each.target) ?? each);
  }
  return results;
}

interface Place {
  chain: number;
  target: number;
}

/** What is tried for a chain: its targets, and a subscription of each kind. */
function triedOf({ targets, subscriptions = [] }: Chain): Target[] {
  return [...targets.slice(0, MAX_TARGETS), ...subscriptions.map(subscribeTarget)];
}

/** The path of what is tried at a place. */
function pathOf(plan: Plan, { chain, target }: Place): string {
  const { length } = (plan.chains[chain] as Chain).targets.slice(0, MAX_TARGETS);
  const path = target < length ? (["targets", target] as const) : (["subscriptions", target - length] as const);
  return jsonPath(["chains", chain, ...path]);
}

function placesOf(tried: Chain, chain: number): Place[] {
  return triedOf(tried).map((_, target) => ({ chain, target }));
}

/** The number of a target's request: one that no request of the run uses in this chain. */
function numberOf(plan: Plan, { chain, target }: Place, tries: number): number {
  const whole = plan.chains[chain] as Chain;
  const taken = chainSchedule(plan, whole, "measure").count + chainSchedule(plan, whole, "warmup").count;
  return taken + tries * MAX_TARGETS + target;
}

async function tryTargets(
  plan: Plan,
  places: readonly Place[],
  { secret, deployed }: PreflightPorts,
  tries: number,
): Promise<Preflight[]> {
  const sent = places.map(({ chain, target }) => {
    const whole = plan.chains[chain] as Chain;
    const own = triedOf(whole)[target] as Target;
    // A subscription ends with its socket and leaves nothing behind.
    return whole.targets.includes(own) ? harmless(own, whole) : { target: own, isReplaced: false };
  });
  const chains = places.map(({ chain }, index): Chain => {
    const { subscriptions: _, ...whole } = plan.chains[chain] as Chain;
    // The run may use the same row later: targets that use each row once are replaced by a harmless call.
    const own = { name: `${index}`, rps: 1, targets: [sent[index]?.target as Target], dataOrder: "cycle" as const };
    return { ...whole, ...own, replay: [index * APART_MS] };
  });
  const firstNumbers = Object.fromEntries(places.map((place, index) => [`${index}`, numberOf(plan, place, tries)]));
  const assignment: Assignment = {
    id: "preflight",
    runId: "preflight",
    worker: 0,
    segment: 0,
    invokeAt: "",
    startAtMs: systemClock.nowMs() + (deployed ? BEGIN_DEPLOYED_MS : BEGIN_MS * (tries + 1)),
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
    ...(deployed && { deployed }),
  };
  const { series } = await attack({ plan: single, assignment, attempt: 1, firstNumbers }, ports);
  return places.map((place, index) => {
    const { chain, target } = place;
    const { errors = {}, invalid = {}, missed = {} } = series.find((each) => each.chain === `${index}`) ?? {};
    const isSent = Object.keys(missed).length === 0;
    const [error] = Object.keys(errors);
    const [failure = error] = Object.keys(invalid);
    return {
      chain,
      target,
      where: pathOf(plan, place),
      url: triedOf(plan.chains[chain] as Chain)[target]?.url ?? "",
      isAnswered: isSent && error === undefined,
      isSent,
      // A bad response to a replacement request does not matter: the load does not send it.
      ...(failure !== undefined && !(error === undefined && sent[index]?.isReplaced) && { failure }),
    };
  });
}

/** A problem for each target that does not respond. */
export function preflightProblems(results: readonly Preflight[]): Problem[] {
  return results.flatMap(({ where, url, isAnswered, isSent, failure = "" }) => {
    if (isAnswered || !isSent) return [];
    const found = `${url}, which gives no response: ${failure} (${classOf(failure)?.meaning ?? "no class of ours"})`;
    return [{ where, found, expected: 'a target that answers, or "preflight": false to load it all the same' }];
  });
}
