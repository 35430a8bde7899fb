import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import type { Store } from "../../lib/store/store.ts";

/** What every store must do. A store that cannot be had here is undefined, and has skipped the test. */
export function storeContract(kind: string, open: (test: TestContext) => Promise<Store | undefined>): void {
  test(`${kind}: an object is given back as it was put, and replaced by the next`, async (t) => {
    const store = await open(t);
    if (!store) return;
    assert.equal(await store.get("runs/a/plan.json"), undefined);
    await store.put("runs/a/plan.json", "één ✓");
    assert.equal(await store.get("runs/a/plan.json"), "één ✓");
    await store.put("runs/a/plan.json", "two");
    assert.equal(await store.get("runs/a/plan.json"), "two");
  });

  test(`${kind}: of many who put an object if there is none, exactly one does`, async (t) => {
    const store = await open(t);
    if (!store) return;
    const won = await Promise.all(Array.from({ length: 20 }, (_, index) => store.putIfAbsent("a/lease", `${index}`)));
    assert.equal(won.filter(Boolean).length, 1);
    assert.equal(await store.get("a/lease"), `${won.indexOf(true)}`);
    assert.equal(await store.putIfAbsent("a/lease", "late"), false);
  });

  test(`${kind}: keys are listed by prefix, in the order of their bytes`, async (t) => {
    const store = await open(t);
    if (!store) return;
    for (const key of ["a/c/2", "a/c/10", "a/cd", "a/b", "b/x", "a/c/1/z"]) await store.put(key, key);
    assert.deepEqual(await store.list("a/c"), ["a/c/1/z", "a/c/10", "a/c/2", "a/cd"]);
    assert.deepEqual(await store.list("a/c/"), ["a/c/1/z", "a/c/10", "a/c/2"]);
    assert.deepEqual(await store.list("none/"), []);
  });

  test(`${kind}: keys are listed from one on that need not exist, whatever folders they lie in`, async (t) => {
    const store = await open(t);
    if (!store) return;
    const keys = ["a/1/1", "a/1/2", "a/10/1", "a/2/1", "a/2-", "a/3/4/5", "b"];
    for (const key of keys) await store.put(key, key);
    const inOrder = keys.filter((key) => key.startsWith("a/")).sort();
    for (const startAfter of [
      "",
      "a/",
      "a/1/1",
      "a/1/1x",
      "a/10",
      "a/2",
      "a/2/",
      "a/2/1",
      "a/3",
      "a/3/4/5",
      "a/4",
      "b",
    ]) {
      const expected = inOrder.filter((key) => key > startAfter);
      assert.deepEqual(await store.list("a/", { startAfter }), expected, `after ${startAfter}`);
    }
  });

  test(`${kind}: one object can be asked for over and over`, async (t) => {
    const store = await open(t);
    if (!store) return;
    const ask = store.poll("runs/a/abort.json");
    assert.equal(await ask(), undefined);
    await store.put("runs/a/abort.json", "één ✓");
    assert.equal(await ask(), "één ✓");
    await store.put("runs/a/abort.json", "two");
    assert.equal(await ask(), "two");
  });

  test(`${kind}: a reader never sees an object that is half written`, async (t) => {
    const store = await open(t);
    if (!store) return;
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

  test(`${kind}: its time is this machine's, to its resolution`, async (t) => {
    const store = await open(t);
    if (!store) return;
    await store.put("a/plan", "{}");
    const beforeMs = Date.now();
    const told = await store.time("a/plan");
    const afterMs = Date.now();
    assert.ok(told);
    const { atMs, resolutionMs } = told;
    assert.ok(atMs <= afterMs && atMs + resolutionMs >= beforeMs, `${beforeMs} … ${afterMs}: ${JSON.stringify(told)}`);
    assert.deepEqual(await store.list("a/"), ["a/plan"], "it leaves nothing behind");
  });
}
