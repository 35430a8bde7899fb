import assert from "node:assert/strict";
import { test } from "node:test";
import { decodeHistogram } from "../../lib/results/histogram.ts";
import { SubscriptionRecorder } from "../../lib/ws/subscriptionRecorder.ts";

test("a subscription that the node confirms after the flush with its handshake is counted in the next flush", () => {
  const recorder = new SubscriptionRecorder(true);
  recorder.connecting(false);
  assert.equal(recorder.take(1_000)?.connects, 1);
  recorder.subscribed(0, 1_200, 300);
  const counts = recorder.take(2_000);
  assert.equal(counts?.subscribed, 1);
  assert.equal(decodeHistogram(counts?.subscribeTime ?? "").totalCount, 1);
  assert.equal(recorder.take(3_000), undefined);
});
