import { firstInShard } from "../schedule/schedule.ts";
import { type Assignment, phaseRange } from "./assign.ts";
import type { Chain, Plan, Target } from "./schema.ts";

/**
 * A replay with more lines than this is stored separately from the plan: each worker reads only the lines that it
 * sends.
 */
export const LINES_IN_PLAN = 2_000;

/** Most targets of a separately stored replay that stay in the plan to show what it loads: one for each URL. */
const MAX_SHOWN = 100;

/**
 * Whether a chain's lines are stored separately. With data they are not: which row a line takes depends on those before
 * it.
 */
export function isKeptApart(chain: Chain): boolean {
  return chain.replay !== undefined && chain.data === undefined && chain.targets.length > LINES_IN_PLAN;
}

/** The plan as it is stored for a run: replays that are stored separately keep only what they load. */
export function planWithoutLines(plan: Plan): Plan {
  return { ...plan, chains: plan.chains.map((chain) => (isKeptApart(chain) ? withoutLines(chain) : chain)) };
}

function withoutLines(chain: Chain): Chain {
  const shown = new Map<string, Target>();
  for (const target of chain.targets) {
    if (shown.size < MAX_SHOWN && !shown.has(target.url)) shown.set(target.url, target);
  }
  return { ...chain, targets: [...shown.values()], areLinesApart: true };
}

/** The lines of one chain that an assignment sends. */
export interface ReplayPart {
  chain: string;
  targets: Target[];
}

/** The lines that an assignment sends, for each replay that is stored separately. */
export function replayPartsOf(plan: Plan, assignment: Assignment): ReplayPart[] {
  return assignment.shares.flatMap((share): ReplayPart[] => {
    const chain = plan.chains.find(({ name }) => name === share.chain);
    if (!chain || !isKeptApart(chain)) return [];
    const { from, to } = phaseRange(plan, assignment, share, "measure");
    const targets: Target[] = [];
    for (let n = firstInShard(from, share); n < to; n += share.of) targets.push(chain.targets[n] as Target);
    return [{ chain: chain.name, targets }];
  });
}

/** The plan for an assignment's worker, with the lines that it sends. */
export function withReplayParts(plan: Plan, assignment: Assignment, parts: readonly ReplayPart[]): Plan {
  const chains = plan.chains.map((chain): Chain => {
    const part = parts.find((each) => each.chain === chain.name);
    const share = assignment.shares.find((each) => each.chain === chain.name);
    if (!part || !share || part.targets.length === 0) return chain;
    const { from } = phaseRange(plan, assignment, share, "measure");
    return { ...chain, targets: part.targets, part: { first: firstInShard(from, share), of: share.of } };
  });
  return { ...plan, chains };
}
