import type { Handshake } from "../http/request.ts";
import { assignedRps } from "../plan/assign.ts";
import { originsOf } from "../plan/hosts.ts";
import { isHttpsUrl, isWebSocketUrl } from "../plan/httpUrl.ts";
import type { Sender } from "./sender.ts";
import { chainOf } from "./values.ts";
import type { AttackInput } from "./workerPorts.ts";

/** The response time, in s, assumed for the number of connections opened in advance. */
const OPEN_AHEAD_S = 0.2;

/** What the connections that are opened ahead depend on, besides the plan. */
export interface Ahead {
  /** The handshakes of the chains' WebSockets. */
  handshakes: readonly Handshake[];
  /** The number of the worker's subscribers. */
  subscribers: number;
  /** Whether there is time for more. */
  goesOn(): boolean;
}

/** WebSockets per chain if the plan does not set a number: each carries many calls. */
const SOCKETS = 10;

/** How long a TLS handshake may take of a core, in ms: those with older keys and curves take longer. */
const HANDSHAKE_MS = 2;

/** How long opening a worker's connections may take of a core, in ms. */
export function openingMs({ plan, assignment }: AttackInput): number {
  const usesTls = plan.chains.some(({ targets }) => targets.some(({ url }) => isHttpsUrl(url)));
  if (!usesTls || !plan.keepalive || plan.http === "2") return 0;
  return (
    HANDSHAKE_MS * Math.min(plan.limits.inFlightPerWorker, plan.connections ?? assignedRps(assignment) * OPEN_AHEAD_S)
  );
}

/**
 * Opens as many connections as the plan sets, or else as many as the load needs at a response time of 200 ms. Idle ones
 * cost the target little. Opening them only when a target first stalls would cost the target and the worker the time
 * they need to catch up. Leaves one for each of the worker's subscribers, which connect later. Opens no more once
 * `goesOn` is false.
 */
export async function openAhead(
  sender: Sender,
  { plan, assignment }: AttackInput,
  { handshakes, subscribers, goesOn }: Ahead,
): Promise<void> {
  const rates = new Map<string, number>();
  for (const share of assignment.shares) {
    const { targets, data } = chainOf(plan, share);
    const urls = targets.map(({ url }) => url).filter((url) => !isWebSocketUrl(url));
    const origins = new Set(urls.flatMap((url) => originsOf(url, data)));
    for (const origin of origins) rates.set(origin, (rates.get(origin) ?? 0) + share.rps / origins.size);
  }
  const places = rates.size + handshakes.length;
  const left = Math.max(places, sender.count.most - subscribers);
  const most = Math.min(plan.limits.inFlightPerWorker, left / places);
  const ofEach = plan.connections === undefined ? undefined : plan.connections / places;
  const wanted = (count: number): number => Math.ceil(Math.min(most, ofEach ?? count));
  await Promise.all([
    ...[...rates].map(([origin, rps]) => sender.open(origin, wanted(rps * OPEN_AHEAD_S), goesOn)),
    ...handshakes.map((handshake) => sender.open(handshake, wanted(SOCKETS), goesOn)),
  ]);
}
