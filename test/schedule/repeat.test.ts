import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { repeat } from "../../lib/schedule/repeat.ts";

test("work that takes longer than its interval leaves turns out: it never runs twice at once, and does not pile up", async () => {
  let [running, most, done] = [0, 0, 0];
  const repetition = repeat(5, async () => {
    running++;
    most = Math.max(most, running);
    await sleep(60);
    running--;
    done++;
  });
  await sleep(100);
  await repetition.end();
  assert.equal(running, 0, "its end waits for the work that is going on");
  assert.equal(most, 1);
  const before = done;
  assert.ok(before >= 1 && before <= 3, `20 turns were due; the work was done ${before} times`);
  await sleep(50);
  assert.equal(done, before, "nothing is done after its end");
});

test("work that fails is tried again at its next turn", async () => {
  let tries = 0;
  await new Promise<void>((done) => {
    const repetition = repeat(2, async () => {
      tries++;
      if (tries < 3) throw new Error("not yet");
      void repetition.end();
      done();
    });
  });
  assert.equal(tries, 3);
});
