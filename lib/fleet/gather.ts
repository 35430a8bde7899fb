import { FRESH_MS } from "../schedule/tempo.ts";
import type { Store } from "../store/store.ts";

/** Prefix of the hosts' announcements; they do not belong to a run. */
const HOSTS_PREFIX = "hosts/";

/** Prefix of objects with the end of a host's log, from hosts whose setup failed. */
const FAILED_PREFIX = "hosts-failed/";

/** A host's announcement that it is up: `hosts/<name>.json`. */
interface Announcement {
  name: string;
  /** When it was written, in ms since the epoch; null when the host left. */
  atMs: number | null;
}

/** Too few hosts joined for a run. */
export class FleetTooSmall extends Error {
  override readonly name = "FleetTooSmall";
}

/** Announces that a host is up or, without a time, that it is leaving. */
export async function announce(store: Store, name: string, atMs: number | null): Promise<void> {
  const key = `${HOSTS_PREFIX}${encodeURIComponent(name)}.json`;
  await store.put(key, JSON.stringify({ name, atMs } satisfies Announcement));
}

/** External dependencies of waiting for hosts. */
export interface GatherPorts {
  nowMs(): number;
  sleep(ms: number): Promise<unknown>;
  /** Maximum time to wait, in ms. */
  limitMs: number;
}

/** Waits until this many hosts are up. Rejects with a FleetTooSmall that contains how many there were. */
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

/** The log end of a host whose setup failed, as text to append to a sentence. */
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
