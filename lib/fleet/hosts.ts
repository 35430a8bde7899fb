import { FRESH_MS } from "../schedule/tempo.ts";
import { HOSTS_PREFIX, hostKey, reservationKey } from "../store/keys.ts";
import { readJson, type Store } from "../store/store.ts";

/** What a host says about itself. A host belongs to one run at a time, or is free. */
export interface Announcement {
  name: string;
  /** When it was written, in ms since the epoch; null when the host left. */
  atMs: number | null;
  /** The run that the host works for. */
  runId?: string;
  /** Since when the host is free, in ms since the epoch; a reservation refers to it. */
  freeSinceMs?: number;
}

/** What a run wants of a free host. */
export interface Reservation {
  runId: string;
  /** A spare remains free, and takes over if a host of the run dies. */
  role: "worker" | "spare";
  /** Whether the run has several tasks for each host, one after another: the trials of a search. */
  hasTrials: boolean;
  /** How long the run lasts at most, in ms. */
  lastsMs: number;
  /** The run does not need the host after all. */
  isReleased?: boolean;
}

/** Writes what a host says about itself. */
export async function announce(store: Store, announcement: Announcement): Promise<void> {
  await store.put(hostKey(announcement.name), JSON.stringify(announcement));
}

/** The hosts that have announced themselves within the last minute. */
export async function hostsThere(store: Store, nowMs: number): Promise<Announcement[]> {
  const keys = await store.list(HOSTS_PREFIX);
  const said = await Promise.all(keys.map((key) => readJson<Partial<Announcement>>(store, key)));
  return said.flatMap((each) => {
    const { name, atMs = null, ...rest } = each ?? {};
    return name === undefined || atMs === null || nowMs - atMs >= FRESH_MS ? [] : [{ name, atMs, ...rest }];
  });
}

/** Reserves a free host; returns whether nobody else had. */
export async function reserve(
  store: Store,
  name: string,
  freeSinceMs: number,
  reservation: Reservation,
): Promise<boolean> {
  return store.putIfAbsent(reservationKey(name, freeSinceMs), JSON.stringify(reservation));
}

/** The reservation of a host, if there is one. */
export async function reservationOf(store: Store, name: string, freeSinceMs: number): Promise<Reservation | undefined> {
  return readJson(store, reservationKey(name, freeSinceMs));
}
