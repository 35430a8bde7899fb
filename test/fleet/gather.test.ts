import assert from "node:assert/strict";
import { test } from "node:test";
import { type GatherPorts, gatherHosts, type Need } from "../../lib/fleet/gather.ts";
import { announce, reservationOf } from "../../lib/fleet/hosts.ts";
import { MemoryStore } from "../support/memoryStore.ts";

const NEED: Need = { runId: "evening", hosts: 2, hasTrials: false, lastsMs: 60_000 };

/** A store of hosts, and time that passes only while Plan sleeps. */
function setting(onSleep: (nowMs: number) => Promise<void> = async () => {}) {
  const store = new MemoryStore();
  const started: number[] = [];
  const clock = { nowMs: 1_000_000 };
  const ports: GatherPorts = {
    nowMs: () => clock.nowMs,
    limitMs: 30_000,
    startHosts: async (workers) => void started.push(workers),
    sleep: async (ms) => {
      clock.nowMs += ms;
      await onSleep(clock.nowMs);
    },
  };
  const free = (name: string, atMs: number | null = clock.nowMs): Promise<void> =>
    announce(store, { name, atMs, freeSinceMs: 7 });
  /** Every host that is reserved says so. */
  const confirm = async (names: readonly string[]): Promise<void> => {
    for (const name of names) {
      const reservation = await reservationOf(store, name, 7);
      const { role, runId = "" } = reservation ?? {};
      if (role === "worker") await announce(store, { name, atMs: clock.nowMs, runId });
    }
  };
  return { store, ports, started, clock, free, confirm };
}

test("a run begins when enough hosts have confirmed; those that left, fell silent or do not respond are not waited for", async () => {
  const { store, ports, started, clock, free, confirm } = setting(async (nowMs) => {
    if (nowMs === 1_010_000) await free("one/../x");
    await confirm(["here", "one/../x", "late"]);
    if (nowMs === 1_020_000) await free("late");
  });
  await free("silent", clock.nowMs - 120_000);
  await free("gone", null);
  await free("deaf");
  await free("here");
  await gatherHosts(store, NEED, ports);
  assert.equal((await reservationOf(store, "here", 7))?.runId, "evening");
  assert.equal((await reservationOf(store, "deaf", 7))?.isReleased, true, "the surplus is released");
  assert.equal(await reservationOf(store, "silent", 7), undefined);
  assert.equal(clock.nowMs, 1_011_000);
  assert.deepEqual(started, [2]);
});

test("too few hosts: the run is refused with their number, releases them, and shows why others could not be set up", async () => {
  const { store, ports, free, confirm } = setting(async () => confirm(["here"]));
  await free("here");
  await assert.rejects(gatherHosts(store, NEED, ports), {
    name: "FleetTooSmall",
    message: "the run needs 2 hosts, and 1 came within 30 s: start more, or raise perWorkerRps",
  });
  assert.equal((await reservationOf(store, "here", 7))?.isReleased, true);
  // One of an earlier run, and one that was started for this one.
  store.set("hosts-failed/1029-ip-10-84-16-6.txt", "no space left");
  store.set("hosts-failed/1040-ip-10-84-16-7.txt", "npm error code ETIMEDOUT");
  await assert.rejects(
    gatherHosts(store, NEED, ports),
    /raise perWorkerRps\. 1 could not be set up; hosts-failed\/1040-ip-10-84-16-7\.txt ends: npm error code ETIMEDOUT$/,
  );
});

test("a run that is aborted while it waits for hosts ends, and releases those that came", async () => {
  const { store, ports, clock, free, confirm } = setting(async (nowMs) => {
    await confirm(["here"]);
    if (nowMs === 1_004_000) store.set("runs/evening/abort.json", "{}");
  });
  await free("here");
  await assert.rejects(gatherHosts(store, NEED, ports), {
    name: "AbortedWhileWaiting",
    message: "the run was aborted when 1 of 2 hosts had come",
  });
  assert.equal((await reservationOf(store, "here", 7))?.isReleased, true);
  assert.equal(clock.nowMs, 1_004_000);
});

test("hosts of another run are left to it, and more are started for both runs", async () => {
  const { store, ports, started, clock, free, confirm } = setting(async (nowMs) => {
    if (nowMs === 1_003_000) for (const name of ["c", "d"]) await free(name);
    await confirm(["c", "d"]);
  });
  for (const name of ["a", "b"]) await announce(store, { name, atMs: clock.nowMs, runId: "morning" });
  await gatherHosts(store, NEED, ports);
  assert.deepEqual(started, [4]);
  assert.equal((await reservationOf(store, "c", 7))?.runId, "evening");
  const { store: alone, ports: impatient, ...other } = setting();
  for (const name of ["a", "b"]) await announce(alone, { name, atMs: other.clock.nowMs, runId: "morning" });
  await assert.rejects(
    gatherHosts(alone, NEED, { ...impatient, limitMs: 5_000 }),
    /0 came within 5 s \(2 more are there and work for other runs, or did not respond\)/,
  );
});

test("Plan that is called again finds the hosts of its first call; other free hosts become spares", async () => {
  const { store, ports, clock, free } = setting();
  for (const name of ["a", "b"]) await announce(store, { name, atMs: clock.nowMs, runId: "evening" });
  for (const name of ["c", "d", "e"]) await free(name);
  await gatherHosts(store, NEED, ports);
  const roles = await Promise.all(["c", "d", "e"].map(async (name) => (await reservationOf(store, name, 7))?.role));
  assert.deepEqual(roles, ["spare", "spare", undefined], "no more than the run has hosts");
});
