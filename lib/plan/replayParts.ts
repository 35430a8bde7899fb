import { firstInShard } from "../schedule/schedule.ts";
import { type Assignment, phaseRange } from "./assign.ts";
import type { Chain, Plan, Target } from "./schema.ts";

/** A replay of more lines than this is kept apart from the plan: each worker reads the lines that it sends, and no others. */
export const LINES_IN_PLAN = 2_000;

/** Most targets that stay in the plan of such a replay, for what it loads to be known: one for each URL. */
const MAX_SHOWN = 100;

/** Whether a chain's lines are kept apart. With data they are not: which row a line takes depends on those before it. */
export function isKeptApart(chain: Chain): boolean {
  return chain.replay !== undefined && chain.data === undefined && chain.targets.length > LINES_IN_PLAN;
}

/** The plan as it is stored for a run: of replays that are kept apart only what they load. */
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

/** The lines that an assignment sends, of each replay that is kept apart. */
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

/** The plan of an assignment's worker: with the lines that it sends. */
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
