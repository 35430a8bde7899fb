import { FRESH_MS } from "../schedule/tempo.ts";
import type { Store } from "../store/store.ts";

/** Prefix of what hosts say of themselves; not of a run. */
const HOSTS_PREFIX = "hosts/";

/** Prefix of what hosts that could not be set up said last: the end of their log. */
const FAILED_PREFIX = "hosts-failed/";

/** A host's word that it is there: `hosts/<name>.json`. */
interface Announcement {
  name: string;
  /** When it said so, in ms since the epoch; null when it left. */
  atMs: number | null;
}

/** A run for which too few hosts came. */
export class FleetTooSmall extends Error {
  override readonly name = "FleetTooSmall";
}

/** Says that a host is there or, without a time, that it leaves. */
export async function announce(store: Store, name: string, atMs: number | null): Promise<void> {
  const key = `${HOSTS_PREFIX}${encodeURIComponent(name)}.json`;
  await store.put(key, JSON.stringify({ name, atMs } satisfies Announcement));
}

/** What waiting needs from outside. */
export interface GatherPorts {
  nowMs(): number;
  sleep(ms: number): Promise<unknown>;
  /** How long to wait at most. */
  limitMs: number;
}

/** Waits until so many hosts are there. Rejects with a FleetTooSmall that says how many came. */
export async function gatherHosts(store: Store, needed: number, ports: GatherPorts): Promise<void> {
  const untilMs = ports.nowMs() + ports.limitMs;
  for (;;) {
    const came = await hostsThere(store, ports.nowMs());
    if (came >= needed) return;
    if (ports.nowMs() >= untilMs) {
      throw new FleetTooSmall(
        `the run needs ${needed} hosts, and ${came} came within ${Math.round(ports.limitMs / 1_000)} s: start more, or ` +
          `raise perWorkerRps${await failedHosts(store)}`,
      );
    }
    await ports.sleep(1_000);
  }
}

/** What hosts said that could not be set up, to go on after a sentence. */
async function failedHosts(store: Store): Promise<string> {
  const keys = await store.list(FAILED_PREFIX);
  const [first] = keys;
  if (first === undefined) return "";
  const said = (await store.get(first)) ?? "";
  return `. ${keys.length} could not be set up; ${first} ends: ${said.slice(-500)}`;
}

async function hostsThere(store: Store, nowMs: number): Promise<number> {
  const keys = await store.list(HOSTS_PREFIX);
  const said = await Promise.all(keys.map((key) => store.get(key)));
  return said.filter((text) => {
    const { atMs = null } = JSON.parse(text ?? "{}") as Partial<Announcement>;
    return atMs !== null && nowMs - atMs < FRESH_MS;
  }).length;
}
