import type { Schedule } from "./schedule.ts";

/** Which numbers of a schedule a part has: out of every `of` numbers those at `places`, in ascending order. */
export interface Deal {
  of: number;
  places: readonly number[];
}

/** The schedule's number of a part's i-th request. */
export function dealtNumber({ of, places }: Deal, i: number): number {
  return Math.floor(i / places.length) * of + (places[i % places.length] as number);
}

/** How many of the schedule's first n requests a part has. */
export function dealtBefore({ of, places }: Deal, n: number): number {
  const rest = n % of;
  const first = places.findIndex((place) => place >= rest);
  return Math.floor(n / of) * places.length + (first < 0 ? places.length : first);
}

/** A part's schedule: its requests are numbered 0 … count − 1, and each is due when it is in the whole schedule. */
export function dealtSchedule(whole: Schedule, deal: Deal): Schedule {
  const count = dealtBefore(deal, whole.count);
  return {
    count,
    dueAtMs: (i) => (i < count ? whole.dueAtMs(dealtNumber(deal, i)) : whole.dueAtMs(whole.count)),
    dueBefore: (ms) => dealtBefore(deal, whole.dueBefore(ms)),
  };
}
