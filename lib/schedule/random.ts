/**
 * 32 bits from two numbers, by MurmurHash3's finaliser (Appleby, public domain). For one seed it permutes the n below
 * 2³², so no two of them give the same result.
 */
export function bits(n: number, seed: number): number {
  let h = Math.imul(n ^ Math.floor(n / 2 ** 32) ^ Math.imul(seed + 1, 0x9e3779b1), 0x85ebca6b);
  h ^= h >>> 13;
  h = Math.imul(h, 0xc2b2ae35);
  h ^= h >>> 16;
  h = Math.imul(h ^ (h >>> 15), 0x2c1b3c6d);
  return (h ^ (h >>> 12)) >>> 0;
}

/** A number in [0, 1) from two others. */
export function uniform(n: number, seed: number): number {
  return bits(n, seed) / 2 ** 32;
}

/** A seeded series of numbers in [0, 1): mulberry32 (Ettinger, public domain). */
export function randomSeries(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A seed from a name and another seed, so that chains do not share their series. */
export function seedOf(name: string, seed: number): number {
  let h = 0x811c9dc5 ^ seed;
  for (const character of name) h = Math.imul(h ^ (character.codePointAt(0) ?? 0), 0x01000193);
  return h >>> 0;
}
