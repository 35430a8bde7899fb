import { abortKey, FAILED_HOSTS_PREFIX, reservationKey } from "../store/keys.ts";
import type { Store } from "../store/store.ts";
import { type Announcement, hostsThere, type Reservation, reserve } from "./hosts.ts";

/** How long a reserved host may take to confirm, in ms; another one is then reserved as well. */
const CONFIRM_MS = 10_000;

/** Too few hosts joined for a run. */
export class FleetTooSmall extends Error {
  override readonly name = "FleetTooSmall";
}

/** A run was aborted before its hosts had come: nothing was sent, and there is no report. */
export class AbortedWhileWaiting extends Error {
  override readonly name = "AbortedWhileWaiting";
}

/** What a run needs of a fleet. */
export interface Need extends Omit<Reservation, "role" | "isReleased"> {
  /** Hosts that must be there before the run begins. */
  hosts: number;
}

/** External dependencies of gathering hosts. */
export interface GatherPorts {
  nowMs(): number;
  sleep(ms: number): Promise<unknown>;
  /** Makes sure that there are hosts for this many workers, if the deployment can start some. */
  startHosts(workers: number): Promise<void>;
  /** Maximum time to wait, in ms. */
  limitMs: number;
}

/** A host that was reserved and has not confirmed yet. */
interface Reserved {
  name: string;
  freeSinceMs: number;
  atMs: number;
}

/**
 * Reserves as many hosts as a run needs, and waits until they have confirmed that they work for it. Hosts that work for
 * another run are left alone. Other free hosts become the run's spares. Rejects with a FleetTooSmall
 * that contains how many there were, or with an AbortedWhileWaiting, and releases these.
 */
export async function gatherHosts(store: Store, need: Need, ports: GatherPorts): Promise<void> {
  const { hosts: needed, ...run } = need;
  const beganMs = ports.nowMs();
  const untilMs = beganMs + ports.limitMs;
  const reserved: Reserved[] = [];
  const take = async ({ name, freeSinceMs = 0 }: Announcement): Promise<void> => {
    const isOurs = await reserve(store, name, freeSinceMs, { ...run, role: "worker" });
    if (isOurs) reserved.push({ name, freeSinceMs, atMs: ports.nowMs() });
  };
  let started = 0;
  for (;;) {
    const there = await hostsThere(store, ports.nowMs());
    const ours = there.filter(({ runId }) => runId === need.runId);
    const fresh = there.filter((host) => host.freeSinceMs !== undefined && !isAmong(reserved, host));
    if (ours.length >= needed) {
      await release(store, run, reserved, ours);
      return takeSpares(store, need, fresh);
    }
    if ((await store.get(abortKey(need.runId))) !== undefined) {
      await release(store, run, reserved, []);
      throw new AbortedWhileWaiting(`the run was aborted when ${ours.length} of ${needed} hosts had come`);
    }
    if (ports.nowMs() >= untilMs) {
      await release(store, run, reserved, []);
      const came = `${ours.length} came within ${Math.round(ports.limitMs / 1_000)} s`;
      const others = there.length - ours.length;
      const busy = others > 0 ? ` (${others} more are there and work for other runs, or did not respond)` : "";
      throw new FleetTooSmall(
        `the run needs ${needed} hosts, and ${came}${busy}: start more, or raise perWorkerRps${await failedHosts(store, beganMs)}`,
      );
    }
    const all = there.filter(({ runId }) => runId !== undefined && runId !== need.runId).length + needed;
    if (all > started) await ports.startHosts(all);
    started = Math.max(started, all);
    const pending = reserved.filter(({ name, atMs }) => {
      return ports.nowMs() - atMs < CONFIRM_MS && !ours.some((each) => each.name === name);
    });
    for (const host of fresh.slice(0, Math.max(0, needed - ours.length - pending.length))) await take(host);
    await ports.sleep(1_000);
  }
}

type Run = Omit<Need, "hosts">;

/** Releases the hosts that were reserved, but not those that confirmed and are wanted. */
async function release(
  store: Store,
  run: Run,
  reserved: readonly Reserved[],
  wanted: readonly Announcement[],
): Promise<void> {
  const surplus = reserved.filter(({ name }) => !wanted.some((each) => each.name === name));
  const released: Reservation = { ...run, role: "worker", isReleased: true };
  for (const { name, freeSinceMs } of surplus) {
    await store.put(reservationKey(name, freeSinceMs), JSON.stringify(released));
  }
}

/** Asks other free hosts, as many as the run has, to take over from those that die; any run may still reserve them. */
async function takeSpares(store: Store, need: Need, free: readonly Announcement[]): Promise<void> {
  const { hosts, ...run } = need;
  for (const { name, freeSinceMs = 0 } of free.slice(0, hosts)) {
    await reserve(store, name, freeSinceMs, { ...run, role: "spare" });
  }
}

function isAmong(reserved: readonly Reserved[], { name, freeSinceMs }: Announcement): boolean {
  return reserved.some((each) => each.name === name && each.freeSinceMs === freeSinceMs);
}

/** The log end of a host whose setup failed since then, as text to append to a sentence. Their keys begin with the time, in s. */
async function failedHosts(store: Store, sinceMs: number): Promise<string> {
  const keys = await store.list(FAILED_HOSTS_PREFIX, {
    startAfter: `${FAILED_HOSTS_PREFIX}${Math.floor(sinceMs / 1_000)}`,
  });
  const [first] = keys;
  if (first === undefined) return "";
  const said = (await store.get(first)) ?? "";
  return `. ${keys.length} could not be set up; ${first} ends: ${said.slice(-500)}`;
}
