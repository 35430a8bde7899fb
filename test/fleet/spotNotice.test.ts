import assert from "node:assert/strict";
import { test } from "node:test";
import { type Leaving, watchForSpotNotice } from "../../lib/fleet/spotNotice.ts";
import { metadataService } from "../support/metadata.ts";

async function noticeOf(endpoint: string): Promise<Leaving | undefined> {
  let leaving: Leaving | undefined;
  const never = new AbortController().signal;
  await watchForSpotNotice({ endpoint, lookEveryMs: 5 }, (each) => (leaving = each), never);
  return leaving;
}

test("a Spot notice is found by its token, after answers without one and an expired token", async (t) => {
  const notice = '{"action": "terminate", "time": "2026-09-18T08:22:00Z"}';
  const { endpoint, asked } = await metadataService(t, [404, 404, 401, 500, notice]);
  assert.deepEqual(await noticeOf(endpoint), { atMs: Date.UTC(2026, 8, 18, 8, 22) });
  assert.equal(asked.filter((each) => each.startsWith("PUT")).length, 3, "one token, and one after each refusal");
});

test("a notice that does not say when means now", async (t) => {
  const { endpoint } = await metadataService(t, ['{"action": "hibernate"}']);
  const beganMs = Date.now();
  assert.ok(((await noticeOf(endpoint))?.atMs ?? 0) >= beganMs);
});

test("without a metadata service the look-out goes on until the host is stopped", async () => {
  const stopped = new AbortController();
  const watching = watchForSpotNotice(
    { endpoint: "http://127.0.0.1:1", lookEveryMs: 5 },
    () => assert.fail("there is no notice"),
    stopped.signal,
  );
  setTimeout(() => stopped.abort(), 50);
  await watching;
});
