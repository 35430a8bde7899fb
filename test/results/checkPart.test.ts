import assert from "node:assert/strict";
import { test } from "node:test";
import { Recorder } from "../../lib/attack/recorder.ts";
import { checkPart } from "../../lib/results/checkPart.ts";
import type { Chunk, Series } from "../../lib/results/chunk.ts";
import type { SubscriptionCounts } from "../../lib/results/subscriptions.ts";
import { SubscriptionRecorder } from "../../lib/ws/subscriptionRecorder.ts";

/** A chunk with one chain's calls over a WebSocket and its subscribers, as a worker records them. */
function socketChunk(): { chunk: Chunk; series: Series; heads: SubscriptionCounts } {
  const recorder = new Recorder("node", "measure", 1_000);
  recorder.sent(0, 0, 100);
  recorder.responded(0, { responseMs: 1, serviceMs: 1, status: 101, bytes: 50, classified: "valid" });
  recorder.sockets.closed["ws-closed-1006"] = 1;
  const subscriptions = new SubscriptionRecorder(true);
  recorder.subscriptions.set("newHeads", subscriptions);
  subscriptions.connecting(false);
  const state = subscriptions.subscribed(0, 10, 5);
  subscriptions.notified(state, 20, { key: "0xab", order: 7, isRemoved: false });
  subscriptions.ended(state, 30, "ws-closed-1006");
  const series = recorder.take() ?? assert.fail("nothing was recorded");
  const names = ["atMs", "cpu", "eventLoop", "eventLoopDelayMs", "gcMaxMs", "gcMs", "residentMb", "inFlight"];
  const health = Object.fromEntries([...names, "connections", "opened"].map((name) => [name, 0]));
  const place = { version: 2, runId: "r", assignment: "w000-s00", worker: 0, segment: 0, attempt: 1, sequence: 1 };
  const chunk = { ...place, atMs: 40, intervalMs: 1_000, series: [series], health } as unknown as Chunk;
  return { chunk, series, heads: series.subscriptions?.newHeads ?? assert.fail("no subscriber was recorded") };
}

test("counts of sockets and subscribers pass as a worker records them", () => {
  const { chunk, heads } = socketChunk();
  assert.equal(heads.items.length, 1);
  assert.equal(heads.periods.length, 1);
  checkPart(JSON.parse(JSON.stringify(chunk)), "chunk");
});

/** A change to what a worker recorded, and what the error says. */
const BROKEN: [what: string, change: (recorded: ReturnType<typeof socketChunk>) => unknown, says: RegExp][] = [
  ["version", ({ chunk }) => Object.assign(chunk, { version: 1 }), /its version is 1, and this reads 2/],
  ["seconds", ({ series }) => Object.assign(series, { seconds: {} }), /seconds is no list/],
  ["a second", ({ series }) => series.seconds[0]?.splice(0, 1, 1e9), /seconds has a row that is none/],
  ["a second's count", ({ series }) => series.seconds[0]?.splice(3, 1, 0.5), /seconds has a row that is none/],
  ["a short row", ({ series }) => series.seconds[0]?.pop(), /seconds has a row that is none/],
  ["a long row", ({ series }) => series.seconds[0]?.push({}, 1), /seconds has a row that is none/],
  ["a second's classes", ({ series }) => series.seconds[0]?.push({ x: -1 }), /second 0\.x is no count/],
  ["responseTime", ({ series }) => Object.assign(series, { responseTime: "x" }), /responseTime is no object/],
  ["intervals", ({ series }) => Object.assign(series.responseTime, { intervals: {} }), /intervals is no list/],
  [
    "an interval",
    ({ series }) => series.responseTime.intervals.push(-1),
    /responseTime\.intervals has one that is none/,
  ],
  ["a far interval", ({ series }) => series.responseTime.intervals.push(1e9), /intervals has one that is none/],
  ["packed", ({ series }) => Object.assign(series.responseTime, { packed: 7 }), /responseTime\.packed is no text/],
  ["rateLimits", ({ series }) => Object.assign(series, { rateLimits: { responses: -1 } }), /responses is no count/],
  [
    "a limit's header",
    ({ series }) => Object.assign(series, { rateLimits: { responses: 1, headers: { a: { count: 1, sample: 3 } } } }),
    /headers\.a\.sample is no text/,
  ],
  [
    "a node",
    ({ series }) => Object.assign(series, { nodes: { byName: { a: { responses: 0.5 } }, pairs: 0, same: 0 } }),
    /byName\.a\.responses is no count/,
  ],
  [
    "a block's age",
    ({ series }) => Object.assign(series, { blockAges: { byName: { a: { responses: 0.5 } }, pairs: 0, same: 0 } }),
    /blockAges\.byName\.a/,
  ],
  ["a slot", ({ series }) => Object.assign(series, { admissions: { 3: [1, -1] } }), /admissions\.3 is no count/],
  ["a slot's name", ({ series }) => Object.assign(series, { admissions: { x: [1, 1] } }), /admissions\.x is no slot/],
  ["a slot's counts", ({ series }) => Object.assign(series, { admissions: { 3: [1] } }), /admissions\.3 is no slot/],
  ["sockets", ({ series }) => Object.assign(series, { sockets: 1 }), /series\[0\]\.sockets is no object/],
  ["opened", ({ series }) => Object.assign(series.sockets ?? {}, { opened: -1 }), /sockets\.opened is no count/],
  ["closed", ({ series }) => Object.assign(series.sockets?.closed ?? {}, { x: 0.5 }), /sockets\.closed\.x is no count/],
  ["subscriptions", ({ series }) => Object.assign(series, { subscriptions: [] }), /\.subscriptions is no object/],
  ["a subscription", ({ series }) => Object.assign(series, { subscriptions: { a: null } }), /\.a is no object/],
  ["subscribed", ({ heads }) => Object.assign(heads, { subscribed: "1" }), /newHeads\.subscribed is no count/],
  ["failures", ({ heads }) => Object.assign(heads, { failures: { x: -1 } }), /newHeads\.failures\.x is no count/],
  ["drops", ({ heads }) => Object.assign(heads, { drops: [] }), /newHeads\.drops is no object/],
  ["subscribeTime", ({ heads }) => Object.assign(heads, { subscribeTime: 7 }), /subscribeTime is no text/],
  ["items", ({ heads }) => Object.assign(heads, { items: {} }), /newHeads\.items/],
  ["a row of items", ({ heads }) => heads.items[0]?.pop(), /newHeads\.items has a row/],
  ["an item's key", ({ heads }) => heads.items[0]?.splice(0, 1, "x".repeat(101)), /newHeads\.items has a row/],
  ["an item's order", ({ heads }) => heads.items[0]?.splice(1, 1, null as never), /newHeads\.items has a row/],
  ["an item's count", ({ heads }) => heads.items[0]?.splice(3, 1, -1), /newHeads\.items has a row/],
  ["an item's lags", ({ heads }) => heads.items[0]?.splice(6, 1, { "1e9": 1 }), /newHeads\.items has a row/],
  ["a row of periods", ({ heads }) => heads.periods[0]?.pop(), /newHeads\.periods has a row/],
  ["a period's subscriber", ({ heads }) => heads.periods[0]?.splice(0, 1, 0.5), /newHeads\.periods has a row/],
  ["a period's instant", ({ heads }) => heads.periods[0]?.splice(2, 1, null as never), /newHeads\.periods has a row/],
  ["a period's end", ({ heads }) => heads.periods[0]?.splice(5, 1, "x" as never), /newHeads\.periods has a row/],
];

for (const [what, change, says] of BROKEN) {
  test(`a chunk from the store is refused if this is not as a worker writes it: ${what}`, () => {
    const recorded = socketChunk();
    change(recorded);
    assert.throws(() => checkPart(recorded.chunk, "chunk"), says);
  });
}
