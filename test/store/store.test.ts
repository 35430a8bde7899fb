import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { test } from "node:test";
import { FolderStore } from "../../lib/store/folderStore.ts";
import { openStore } from "../../lib/store/store.ts";
import { temporaryFolder } from "../support/folder.ts";
import { storeContract } from "../support/storeContract.ts";

storeContract("folder", async (t) => new FolderStore(temporaryFolder(t)));

test("folder: nothing is left but the objects", async (t) => {
  const folder = temporaryFolder(t);
  const store = await openStore(`file:${folder}`);
  await Promise.all([1, 2, 3].map(() => store.putIfAbsent("x", "x")));
  assert.deepEqual(readdirSync(folder), ["x"]);
});

test("folder: a key that leads out of the store is refused", async (t) => {
  const store = new FolderStore(temporaryFolder(t));
  await assert.rejects(store.put("../x", ""), /leaves the store/);
  await assert.rejects(store.get("a/../../x"), /leaves the store/);
});

test("a store of an unknown kind is refused with what is expected", async () => {
  await assert.rejects(openStore("ftp://x"), /expected file:<folder>/);
});
