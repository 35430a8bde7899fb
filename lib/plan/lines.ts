import { firstInShard } from "../schedule/schedule.ts";
import { type Assignment, type Phase, phaseRange, requestNumbers, scheduledRequests } from "./assign.ts";
import { takesBlock } from "./blockAge.ts";
import { originsOf } from "./hosts.ts";
import { isWebSocketUrl } from "./httpUrl.ts";
import { lookupUses } from "./lookupProblems.ts";
import { type Packed, PackedList, pack } from "./packed.ts";
import { type Placeholder, parseTemplate } from "./placeholders.ts";
import { requestTemplate } from "./requestTemplate.ts";
import type { Chain, Plan, Row, Target } from "./schema.ts";
import { referencesOf } from "./secretReferences.ts";
import { MAX_TARGETS_APART } from "./sizes.ts";
import { mixOf, Turns } from "./turns.ts";

/**
 * A chain with more targets or rows of data than this stores them separately from the plan: each worker reads only
 * those that it sends, and unpacks each when it is due.
 */
export const LINES_IN_PLAN = 2_000;

/** Most targets of a chain that stay in the plan to show what it loads: one for each URL. */
const MAX_SHOWN = 100;

/** An assignment that sends more requests than this for each line reads all lines: few would be left out. */
const MAX_REQUESTS_PER_LINE = 4;

const PHASES: readonly Phase[] = ["warmup", "measure"];

/** A chain's targets and rows that an assignment sends, if they are stored separately. */
export interface OwnLines {
  chain: string;
  targets?: Packed;
  rows?: Packed;
}

/** Whether a chain's targets or rows are stored separately from the plan. */
export function isKeptApart({ targets, data }: Chain): boolean {
  return targets.length > LINES_IN_PLAN || (data?.length ?? 0) > LINES_IN_PLAN;
}

/** The plan as it is stored for a run: chains whose lines are stored separately keep only what they load. */
export function planWithoutLines(plan: Plan): Plan {
  return { ...plan, chains: plan.chains.map((chain) => (isKeptApart(chain) ? withoutLines(chain, plan) : chain)) };
}

function withoutLines(chain: Chain, plan: Plan): Chain {
  const { data: _, ...rest } = chain;
  return { ...rest, targets: shownOf(chain.targets, plan), apart: mixOf(chain) };
}

/**
 * The targets that say what a chain loads: all if they are recorded separately, because the report finds them by their
 * place; otherwise one for each URL, up to a limit, and for each of the kinds below.
 */
function shownOf(targets: Target[], plan: Plan): Target[] {
  if (targets.length <= MAX_TARGETS_APART) return targets;
  const urls = new Set<string>();
  const kinds = new Set<string>();
  const shown: Target[] = [];
  for (const target of targets) {
    const kind = kindOf(target, plan);
    const isNew = urls.size < MAX_SHOWN && !urls.has(target.url);
    if (!isNew && kinds.has(kind)) continue;
    if (isNew) urls.add(target.url);
    kinds.add(kind);
    shown.push(target);
  }
  return shown;
}

/** What a worker must know of a target before it sends the first request: equal for targets that do not differ in it. */
function kindOf(target: Target, { blockAges }: Plan): string {
  const { url, headers, body = "" } = target;
  const [origin = url] = originsOf(url);
  const texts = [url, body, ...headers.map(([, value]) => value)];
  const kinds = texts.flatMap((text) => (text.includes("{{") ? parseTemplate(text).pieces : []));
  const isIn = (kind: Placeholder["kind"]): boolean =>
    kinds.some((piece) => typeof piece !== "string" && piece.kind === kind);
  const blocks = [isIn("block"), blockAges && takesBlock(body)];
  const lookups = isIn("lookup") ? lookupUses(target) : [];
  const socket = isWebSocketUrl(url) ? [url, headers, requestTemplate(target).parts] : [];
  return JSON.stringify([origin, referencesOf(target), blocks, lookups, ...socket]);
}

/** The lines that an assignment sends, of each chain whose lines are stored separately. */
export function ownLinesOf(plan: Plan, assignment: Assignment): OwnLines[] {
  return assignment.shares.flatMap((share): OwnLines[] => {
    const chain = plan.chains.find(({ name }) => name === share.chain);
    if (!chain || !isKeptApart(chain)) return [];
    const places = placesOf(plan, assignment, chain);
    return [
      {
        chain: chain.name,
        targets: pack(chain.targets, places?.targets),
        ...(chain.data && { rows: pack(chain.data, places?.rows) }),
      },
    ];
  });
}

/** Which targets and rows of a chain an assignment takes; undefined if it may take all. */
function placesOf(plan: Plan, assignment: Assignment, chain: Chain): { targets: number[]; rows: number[] } | undefined {
  const share = assignment.shares.find((each) => each.chain === chain.name);
  if (!share) return undefined;
  const rows = new Uint8Array(chain.data?.length ?? 0);
  const targets = new Uint8Array(chain.targets.length);
  const sent = PHASES.reduce((sum, phase) => sum + scheduledRequests(plan, assignment, share, phase), 0);
  if (sent > MAX_REQUESTS_PER_LINE * (rows.length + targets.length)) return undefined;
  const turns = new Turns(chain, plan.seed);
  for (const phase of PHASES) {
    const { from, to } = phaseRange(plan, assignment, share, phase);
    const numberOf = requestNumbers(plan, chain, phase, assignment.region);
    for (let n = firstInShard(from, share); n < to; n += share.of) {
      const number = numberOf(n);
      targets[turns.target(number)] = 1;
      if (rows.length > 0) rows[turns.row(number)] = 1;
    }
  }
  return { targets: marked(targets), rows: marked(rows) };
}

function marked(flags: Uint8Array): number[] {
  const places: number[] = [];
  for (const [place, flag] of flags.entries()) if (flag === 1) places.push(place);
  return places;
}

/** The plan for an assignment's worker, with the lines that it sends. */
export function withOwnLines(plan: Plan, own: readonly OwnLines[]): Plan {
  const chains = plan.chains.map((chain): Chain => {
    const lines = own.find((each) => each.chain === chain.name);
    if (!lines?.targets) return chain;
    return {
      ...chain,
      lines: new PackedList<Target>(lines.targets),
      ...(lines.rows && { data: new PackedList<Row>(lines.rows) }),
    };
  });
  return { ...plan, chains };
}
