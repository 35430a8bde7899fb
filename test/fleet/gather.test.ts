import assert from "node:assert/strict";
import { test } from "node:test";
import { announce, gatherHosts } from "../../lib/fleet/gather.ts";
import { FolderStore } from "../../lib/store/folderStore.ts";
import { temporaryFolder } from "../support/folder.ts";

test("a run waits until enough hosts have said that they are there, and not for those that left or fell silent", async (t) => {
  const store = new FolderStore(temporaryFolder(t));
  let nowMs = 1_000_000;
  await announce(store, "silent", nowMs - 120_000);
  await announce(store, "gone", nowMs);
  await announce(store, "gone", null);
  await announce(store, "one/../x", nowMs);
  const ports = {
    nowMs: () => nowMs,
    limitMs: 30_000,
    sleep: async (ms: number): Promise<void> => {
      nowMs += ms;
      if (nowMs === 1_010_000) await announce(store, "late", nowMs);
    },
  };
  await gatherHosts(store, 2, ports);
  assert.equal(nowMs, 1_010_000, "the second came after 10 s");
  await assert.rejects(gatherHosts(store, 5, ports), (error: Error) => {
    assert.equal(error.name, "FleetTooSmall");
    return /needs 5 hosts, and 2 came within 30 s: start more, or raise perWorkerRps$/.test(error.message);
  });
  await store.put("hosts-failed/ip-10-84-16-7.txt", "npm error code ETIMEDOUT");
  await assert.rejects(
    gatherHosts(store, 5, ports),
    /raise perWorkerRps\. 1 could not be set up; hosts-failed\/ip-10-84-16-7\.txt ends: npm error code ETIMEDOUT$/,
  );
});
