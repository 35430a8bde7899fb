import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { type TestContext, test } from "node:test";
import { FolderStore } from "../../lib/results/folderStore.ts";
import { openStore, type Store } from "../../lib/results/store.ts";
import { temporaryFolder } from "../support/folder.ts";

/** What every store must do. */
function storeContract(kind: string, open: (test: TestContext) => Store): void {
  test(`${kind}: an object is given back as it was put, and replaced by the next`, async (t) => {
    const store = open(t);
    assert.equal(await store.get("runs/a/plan.json"), undefined);
    await store.put("runs/a/plan.json", "één ✓");
    assert.equal(await store.get("runs/a/plan.json"), "één ✓");
    await store.put("runs/a/plan.json", "two");
    assert.equal(await store.get("runs/a/plan.json"), "two");
  });

  test(`${kind}: of many who put an object if there is none, exactly one does`, async (t) => {
    const store = open(t);
    const won = await Promise.all(Array.from({ length: 20 }, (_, index) => store.putIfAbsent("a/lease", `${index}`)));
    assert.equal(won.filter(Boolean).length, 1);
    assert.equal(await store.get("a/lease"), `${won.indexOf(true)}`);
    assert.equal(await store.putIfAbsent("a/lease", "late"), false);
  });

  test(`${kind}: keys are listed by prefix, in the order of their bytes`, async (t) => {
    const store = open(t);
    for (const key of ["a/c/2", "a/c/10", "a/cd", "a/b", "b/x", "a/c/1/z"]) await store.put(key, key);
    assert.deepEqual(await store.list("a/c"), ["a/c/1/z", "a/c/10", "a/c/2", "a/cd"]);
    assert.deepEqual(await store.list("a/c/"), ["a/c/1/z", "a/c/10", "a/c/2"]);
    assert.deepEqual(await store.list("none/"), []);
  });

  test(`${kind}: a reader never sees an object that is half written`, async (t) => {
    const store = open(t);
    const bodies = ["a".repeat(300_000), "b".repeat(200_000)];
    await store.put("big", bodies[0] as string);
    let writing = true;
    const writer = (async () => {
      for (let round = 0; round < 30; round++) await store.put("big", bodies[round % 2] as string);
      writing = false;
    })();
    while (writing) assert.ok(bodies.includes((await store.get("big")) as string));
    await writer;
    assert.deepEqual(await store.list(""), ["big"]);
  });
}

storeContract("folder", (t) => new FolderStore(temporaryFolder(t)));

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
