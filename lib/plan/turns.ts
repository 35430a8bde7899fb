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
  readonly #part: Chain["part"];
  readonly #order: NonNullable<Chain["order"]>;
  readonly #dataOrder: NonNullable<Chain["dataOrder"]>;
  readonly #rows: number;
  readonly #targetSeed: number;
  readonly #rowSeed: number;
  /** The targets of one cycle of turns. */
  readonly #cycle: Uint32Array;
  /** How many turns before each turn of the cycle take a row of the data, and how many do in the whole cycle. */
  readonly #rowsBefore: Uint32Array;
  readonly #rowsOfCycle: number;
  /** The cumulative weights, up to each target. */
  readonly #upTo: readonly number[];

  constructor(chain: Chain, seed: number) {
    const { targets } = chain;
    this.#replayed = chain.replay !== undefined;
    this.#part = chain.part;
    this.#order = chain.order ?? "turns";
    this.#dataOrder = chain.dataOrder ?? "cycle";
    this.#rows = chain.data?.length ?? 0;
    this.#targetSeed = seed;
    this.#rowSeed = seedOf(`${chain.name}/rows`, seed);
    const weights = targets.map(({ weight }) => weight);
    this.#cycle = this.#replayed ? Uint32Array.from(targets.keys()) : cycleOf(weights);
    this.#rowsBefore = new Uint32Array(this.#cycle.length);
    const takesRow = targets.map((target) => this.#rows > 0 && takesData(target));
    let before = 0;
    for (const [turn, target] of this.#cycle.entries()) {
      this.#rowsBefore[turn] = before;
      if (takesRow[target]) before++;
    }
    this.#rowsOfCycle = before;
    this.#upTo = this.#order === "random" ? sumsOf(weights) : [];
  }

  /** The n-th request's target, as its index in the chain. */
  target(n: number): number {
    if (this.#part) {
      // The warm-up uses numbers of other workers too.
      const place = Math.floor((n - this.#part.first) / this.#part.of) % this.#cycle.length;
      return place < 0 ? place + this.#cycle.length : place;
    }
    if (this.#order === "turns" || this.#replayed) return this.#cycle[n % this.#cycle.length] as number;
    return firstAbove(this.#upTo, uniform(n, this.#targetSeed) * (this.#upTo.at(-1) ?? 0));
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
    const turn = n % this.#cycle.length;
    return ((n - turn) / this.#cycle.length) * this.#rowsOfCycle + (this.#rowsBefore[turn] as number);
  }

  /** How many rows this many requests need, if each row is used once. */
  rowsOf(requests: number): number {
    return this.#number(requests);
  }
}

/** Whether a target contains a data field. */
function takesData({ url, body = "", headers }: Target): boolean {
  return [url, body, ...headers.map(([, value]) => value)].some((text) =>
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
