/** The length of a slot, in ms. */
export const SLOT_MS = 20;

/** Requests that a rate limit let through, and requests that it refused, by the slot in which they were due. */
export type AdmissionCounts = Record<string, [admitted: number, refused: number]>;

/** Counts over time what a rate limit let through, finely enough to see the limit's shape. */
export class Admissions {
  readonly #slots = new Map<number, [number, number]>();

  /** Counts a request that was due `dueMs` after the start of the measurement. */
  see(dueMs: number, isRefused: boolean): void {
    this.#add(Math.floor(dueMs / SLOT_MS), isRefused ? [0, 1] : [1, 0]);
  }

  /** Adds what another one counted. */
  add(counts: AdmissionCounts): void {
    for (const [slot, own] of Object.entries(counts)) this.#add(Number(slot), own);
  }

  #add(slot: number, [admitted, refused]: [number, number]): void {
    const own = this.#slots.get(slot);
    if (own) {
      own[0] += admitted;
      own[1] += refused;
    } else this.#slots.set(slot, [admitted, refused]);
  }

  /** What was counted; undefined if nothing was. */
  counts(): AdmissionCounts | undefined {
    return this.#slots.size === 0 ? undefined : structuredClone(Object.fromEntries(this.#slots));
  }

  reset(): void {
    this.#slots.clear();
  }
}
