import { seedOf, uniform } from "../schedule/random.ts";
import { parseTemplate } from "./placeholders.ts";
import type { Chain, Target } from "./schema.ts";

/** Longest cycle in which targets take turns: weights that need a longer one are rounded to fit. */
const LONGEST_CYCLE = 2 ** 18;

/**
 * Which target and which row of the data a chain's n-th request takes: a function of n and the plan's seed, so that
 * neither the number of workers nor a later attempt changes the mix.
 */
export class Turns {
  readonly #replayed: boolean;
  readonly #order: NonNullable<Chain["order"]>;
  readonly #dataOrder: NonNullable<Chain["dataOrder"]>;
  readonly #targets: number;
  readonly #rows: number;
  readonly #targetSeed: number;
  readonly #rowSeed: number;
  /** The targets of one cycle of turns; without it, each target has one turn, in their order. */
  readonly #cycle: Uint32Array | undefined;
  readonly #cycleLength: number;
  /** How many turns before each turn of the cycle take a row of the data; without it, all do or none. */
  readonly #rowsBefore: Uint32Array | undefined;
  readonly #rowsOfCycle: number;
  /** The cumulative weights, up to each target, if they differ. */
  readonly #upTo: readonly number[] | undefined;

  constructor(chain: Chain, seed: number) {
    const { targets, rows, weights, takers } = chain.apart ?? mixOf(chain);
    this.#replayed = chain.replay !== undefined;
    this.#order = chain.order ?? "turns";
    this.#dataOrder = chain.dataOrder ?? "cycle";
    this.#targets = targets;
    this.#rows = rows;
    this.#targetSeed = seed;
    this.#rowSeed = seedOf(`${chain.name}/rows`, seed);
    this.#cycle = weights && !this.#replayed ? cycleOf(weights) : undefined;
    this.#cycleLength = this.#cycle?.length ?? targets;
    this.#upTo = weights && this.#order === "random" ? sumsOf(weights) : undefined;
    if (typeof takers === "string") {
      this.#rowsOfCycle = takers === "all" ? this.#cycleLength : 0;
      return;
    }
    this.#rowsBefore = new Uint32Array(this.#cycleLength);
    let before = 0;
    for (let turn = 0; turn < this.#cycleLength; turn++) {
      this.#rowsBefore[turn] = before;
      if (takers[this.#targetOf(turn)]) before++;
    }
    this.#rowsOfCycle = before;
  }

  /** The n-th request's target, as its index in the chain. */
  target(n: number): number {
    if (this.#order === "turns" || this.#replayed) return this.#targetOf(n % this.#cycleLength);
    const point = uniform(n, this.#targetSeed);
    return this.#upTo ? firstAbove(this.#upTo, point * (this.#upTo.at(-1) ?? 0)) : Math.floor(point * this.#targets);
  }

  #targetOf(turn: number): number {
    return this.#cycle ? (this.#cycle[turn] as number) : turn;
  }

  /**
   * The row that the n-th request takes. Unless rows are taken at random, each request that needs one takes the next,
   * starting with the first; requests that need no row use none up.
   */
  row(n: number): number {
    if (this.#dataOrder === "random") return Math.floor(uniform(n, this.#rowSeed) * this.#rows);
    const number = this.#number(n);
    return this.#dataOrder === "once" ? number : number % this.#rows;
  }

  /** How many of the first n requests take a row. */
  #number(n: number): number {
    if (this.#order === "random" && !this.#replayed) return n;
    const turn = n % this.#cycleLength;
    const before = this.#rowsBefore ? (this.#rowsBefore[turn] as number) : this.#rowsOfCycle === 0 ? 0 : turn;
    return ((n - turn) / this.#cycleLength) * this.#rowsOfCycle + before;
  }

  /** How many rows this many requests need, if each row is used once. */
  rowsOf(requests: number): number {
    return this.#number(requests);
  }
}

/** What decides the turns of a chain's targets and rows. */
export interface Mix {
  /** Number of targets, and of rows of the data. */
  targets: number;
  rows: number;
  /** The targets' weights, if they differ. */
  weights?: number[];
  /** Which targets take a row of the data. */
  takers: "all" | "none" | boolean[];
}

/** What decides the turns of a chain whose targets and rows are in its plan. */
export function mixOf({ targets, data }: Pick<Chain, "targets" | "data">): Mix {
  const rows = data?.length ?? 0;
  const weights = targets.map(({ weight }) => weight);
  const takers = rows === 0 ? [] : targets.map(takesData);
  return {
    targets: targets.length,
    rows,
    ...(weights.some((weight) => weight !== weights[0]) && { weights }),
    takers: !takers.includes(true) ? "none" : takers.includes(false) ? takers : "all",
  };
}

/** Whether a target contains a data field. */
function takesData({ url, body = "", headers }: Target): boolean {
  return [url, body, ...headers.map(([, value]) => value)].some(
    (text) =>
      text.includes("{{") &&
      parseTemplate(text).pieces.some((piece) => typeof piece !== "string" && piece.kind === "data"),
  );
}

/**
 * Orders targets so that each has exactly its weight over a cycle, spread as evenly as possible: the j-th turn of
 * weight w is at (j + 1/2)/w of the cycle (Webster's method, Sainte-Laguë). On a tie, the earlier target comes first.
 * Equal weights keep the targets' own order.
 */
export function cycleOf(weights: readonly number[]): Uint32Array {
  const counts = wholeWeights(weights);
  const turns = counts.flatMap((count, target) =>
    Array.from({ length: count }, (_, turn) => ({ target, at: (2 * turn + 1) / (2 * count) })),
  );
  if (turns.length > counts.length) turns.sort((a, b) => a.at - b.at || a.target - b.target);
  return Uint32Array.from(turns, ({ target }) => target);
}

/**
 * The smallest whole numbers in the weights' proportions, or in the nearest ones that a cycle of the longest length
 * has.
 */
function wholeWeights(weights: readonly number[]): number[] {
  for (let scale = 1; scale <= 1e9; scale *= 10) {
    const scaled = weights.map((weight) => weight * scale);
    const whole = scaled.map(Math.round);
    if (!scaled.every((value, index) => Math.abs(value - (whole[index] as number)) <= value * 1e-9)) continue;
    const divisor = whole.reduce(greatestCommonDivisor, 0);
    const counts = whole.map((count) => count / divisor);
    if (sumOf(counts) <= Math.max(LONGEST_CYCLE, weights.length)) return counts;
    break;
  }
  const sum = sumOf(weights);
  return weights.map((weight) => Math.max(1, Math.round((weight / sum) * LONGEST_CYCLE)));
}

function sumsOf(values: readonly number[]): number[] {
  let sum = 0;
  return values.map((value) => {
    sum += value;
    return sum;
  });
}

function sumOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0);
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}

/** The first index whose value is above a point; the last index if there is no such value. */
function firstAbove(values: readonly number[], point: number): number {
  let low = 0;
  let high = values.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (point < (values[middle] as number)) high = middle;
    else low = middle + 1;
  }
  return low;
}
