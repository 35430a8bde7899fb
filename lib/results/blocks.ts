import type { Plan } from "../plan/schema.ts";
import type { Series } from "./chunk.ts";

/** Length of the slots in which block numbers are counted, in ms. */
const SLOT_MS = 250;
const SLOTS_A_SECOND = 1_000 / SLOT_MS;

/** Maximum distinct blocks, and target–block pairs, that are counted per slot: a target may return any number. */
const MAX_BLOCKS = 32;
const MAX_TOLD = 1_024;

/** The block numbers that a chain's nodes reported. A slot is 250 ms long, counted from the start of the phase. */
export interface BlockCounts {
  /** Answers by arrival time: slot, block, count. */
  seen: [slot: number, block: number, count: number][];
  /** Relays by due time, each with its lowest block: slot, target, block, count. */
  told: [slot: number, target: number, block: number, count: number][];
}

/** Counts block numbers. */
export class BlockCounter {
  readonly #seen = new Map<number, Map<number, number>>();
  readonly #told = new Map<number, Map<string, number>>();

  /** Counts a relay whose response contained block numbers. Times are from the start of the phase. */
  count(dueMs: number, cameMs: number, blocks: readonly number[], target: number): void {
    for (const block of blocks) addTo(countsIn(this.#seen, slotOf(cameMs)), block, 1);
    addTo(countsIn(this.#told, slotOf(dueMs)), `${target} ${Math.min(...blocks)}`, 1, MAX_TOLD);
  }

  add({ seen, told }: BlockCounts): void {
    for (const [slot, block, count] of seen) addTo(countsIn(this.#seen, slot), block, count);
    for (const [slot, target, block, count] of told)
      addTo(countsIn(this.#told, slot), `${target} ${block}`, count, MAX_TOLD);
  }

  /** The counts so far; undefined if nothing was counted. */
  counts(): BlockCounts | undefined {
    if (this.#told.size === 0) return undefined;
    const seen = [...this.#seen].flatMap(([slot, counts]) =>
      [...counts].map(([block, count]): BlockCounts["seen"][number] => [slot, block, count]),
    );
    const told = [...this.#told].flatMap(([slot, counts]) =>
      [...counts].map(([key, count]): BlockCounts["told"][number] => {
        const [target = 0, block = 0] = key.split(" ").map(Number);
        return [slot, target, block, count];
      }),
    );
    return { seen, told };
  }

  reset(): void {
    this.#seen.clear();
    this.#told.clear();
  }
}

function slotOf(ms: number): number {
  return Math.floor(ms / SLOT_MS);
}

/** The counts of a slot; creates an empty table if there is none yet. */
function countsIn<K>(slots: Map<number, Map<K, number>>, slot: number): Map<K, number> {
  let counts = slots.get(slot);
  if (!counts) {
    counts = new Map();
    slots.set(slot, counts);
  }
  return counts;
}

function addTo<K>(counts: Map<K, number>, key: K, count: number, most = MAX_BLOCKS): void {
  const before = counts.get(key);
  if (before !== undefined || counts.size < most) counts.set(key, (before ?? 0) + count);
}

/** Slots in the window that decides whether a block is believed: 10 s. */
const WINDOW = 10 * SLOTS_A_SECOND;

/** A block is believed if at least this share and this number of the answers in the window have it or a higher one. */
const MIN_SHARE = 0.05;
const MIN_ANSWERS = 2;

/** The newest block of a chain over a phase, from the answers to all workers. */
class Head {
  readonly #seen = new Map<number, Map<number, number>>();
  #heads: [slot: number, block: number][] | undefined;

  add({ seen }: BlockCounts): void {
    this.#heads = undefined;
    for (const [slot, block, count] of seen) addTo(countsIn(this.#seen, slot), block, count);
  }

  /**
   * The newest block known when a slot began; 0 if none was known. A block counts once at least one answer in twenty of
   * the last 10 s, and more than one answer, had it or a higher one: a single absurd number makes no other answer
   * stale.
   */
  before(slot: number): number {
    this.#heads ??= this.#believed();
    let low = 0;
    let high = this.#heads.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#heads[middle]?.[0] ?? 0) < slot) low = middle + 1;
      else high = middle;
    }
    return this.#heads[low - 1]?.[1] ?? 0;
  }

  #believed(): [number, number][] {
    const slots = [...this.#seen.keys()].sort((a, b) => a - b);
    const window = new Map<number, number>();
    let highest = 0;
    let oldest = 0;
    return slots.map((slot) => {
      for (const [block, count] of this.#seen.get(slot) ?? []) window.set(block, (window.get(block) ?? 0) + count);
      for (; (slots[oldest] as number) <= slot - WINDOW; oldest++) {
        for (const [block, count] of this.#seen.get(slots[oldest] as number) ?? []) {
          const left = (window.get(block) ?? 0) - count;
          if (left > 0) window.set(block, left);
          else window.delete(block);
        }
      }
      highest = Math.max(highest, supported(window));
      return [slot, highest];
    });
  }
}

/** The highest block that enough answers had or exceeded. */
function supported(window: ReadonlyMap<number, number>): number {
  let all = 0;
  for (const count of window.values()) all += count;
  const least = Math.max(MIN_ANSWERS, all * MIN_SHARE);
  let reached = 0;
  for (const [block, count] of [...window].sort(([a], [b]) => b - a)) {
    reached += count;
    if (reached >= least) return block;
  }
  return 0;
}

/** Finds stale blocks across all workers: an answer to one worker shows that another worker's answer was old. */
export class StaleBlocks {
  readonly #tolerances = new Map<string, number>();
  readonly #heads = new Map<string, Head>();

  constructor(plan: Pick<Plan, "chains">) {
    for (const { name, staleBlocks } of plan.chains) {
      if (staleBlocks !== undefined) this.#tolerances.set(name, staleBlocks);
    }
  }

  /** Whether the plan asks for stale blocks. */
  get isAsked(): boolean {
    return this.#tolerances.size > 0;
  }

  /** Learns the newest blocks from a worker's series. */
  learn(series: readonly Series[]): void {
    for (const each of series) if (each.blocks && this.#tolerances.has(each.chain)) this.#headOf(each).add(each.blocks);
  }

  /** Learns from a part of a run in progress, and judges it by what is known so far. */
  take(series: readonly Series[]): void {
    this.learn(series);
    this.judge(series);
  }

  /** The number of stale relays in a series, by what has been learned so far. */
  count({ blocks, ...series }: Series): number {
    const tolerance = this.#tolerances.get(series.chain);
    if (tolerance === undefined || !blocks) return 0;
    const head = this.#headOf(series);
    const stale = blocks.told.filter(([slot, , block]) => block < head.before(slot) - tolerance);
    return stale.reduce((sum, [, , , count]) => sum + count, 0);
  }

  /** Moves stale relays from a series' valid count to its invalid ones, by what has been learned so far. */
  judge(series: readonly Series[]): void {
    for (const each of series) {
      const tolerance = this.#tolerances.get(each.chain);
      if (tolerance === undefined || !each.blocks) continue;
      const head = this.#headOf(each);
      for (const [slot, target, block, count] of each.blocks.told) {
        if (block < head.before(slot) - tolerance) moveStale(each, slot, target, count);
      }
    }
  }

  #headOf({ chain, phase }: Pick<Series, "chain" | "phase">): Head {
    const key = `${phase} ${chain}`;
    const head = this.#heads.get(key) ?? new Head();
    this.#heads.set(key, head);
    return head;
  }
}

/** The class of a relay whose block was stale. */
const STALE = "stale-block";

/** Places in a second's row. */
const VALID = 3;
const INVALID = 4;
const CLASSES = 6;

function moveStale(series: Series, slot: number, target: number, count: number): void {
  const second = Math.floor(slot / SLOTS_A_SECOND);
  const row = series.seconds.find(([each]) => each === second);
  // Inconsistent counts stay as they are: the ledger must balance, whoever wrote to the store.
  if (!row || row[VALID] < count || series.valid < count) return;
  series.valid -= count;
  series.invalid[STALE] = (series.invalid[STALE] ?? 0) + count;
  row[VALID] -= count;
  row[INVALID] += count;
  const classes = row[CLASSES] ?? {};
  row[CLASSES] = { ...classes, [STALE]: (classes[STALE] ?? 0) + count };
  const own = series.targets?.[target];
  if (!own || own.valid < count) return;
  own.valid -= count;
  own.invalid += count;
}
