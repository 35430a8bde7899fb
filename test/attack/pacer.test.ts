import assert from "node:assert/strict";
import { test } from "node:test";
import { Pacer, type Track } from "../../lib/attack/pacer.ts";
import { constantSchedule } from "../../lib/schedule/schedule.ts";

/** What a pacer did: each request with when it was due and when it was sent, or that it was missed. */
type Event = [n: number, dueAtMs: number, nowMs: number] | [missed: string, dueAtMs: number];

/** A pacer whose time is a number; `sleep` goes on to the instant that it asked for, and so much longer. */
class Bench {
  nowMs = 1_000;
  readonly events: Event[] = [];
  readonly asked: number[] = [];
  closed = 0;
  readonly pacer: Pacer;
  readonly finished: Promise<void>;
  #wake: () => void = () => {};

  constructor(tracks: Omit<Track, "events">[]) {
    const own = tracks.map((track) => ({
      ...track,
      events: {
        due: (n: number, dueAtMs: number, nowMs: number) => void this.events.push([n, dueAtMs, nowMs]),
        missed: (dueAtMs: number, reason: string) => void this.events.push([reason, dueAtMs]),
      },
    }));
    this.pacer = new Pacer({ nowMs: () => this.nowMs }, own);
    this.finished = this.pacer.run((wake) => {
      this.#wake = wake;
      return { wakeIn: (ms) => this.asked.push(ms), close: async () => void this.closed++ };
    });
  }

  sleep(moreMs = 0): void {
    this.nowMs += Math.max(0, this.asked.at(-1) ?? 0) + moreMs;
    this.#wake();
  }
}

/** Ten requests at 10/s from the instant 1,000 on. */
const TRACK = { schedule: constantSchedule(10, 1_000), originMs: 1_000, shard: 0, of: 1, from: 0, to: 10 };

test("each request is sent when it is due, and the pacing ends after the last one", async () => {
  const bench = new Bench([TRACK]);
  for (let count = 0; count < 9; count++) bench.sleep();
  await bench.finished;
  assert.deepEqual(
    bench.events,
    Array.from({ length: 10 }, (_, n) => [n, 1_000 + 100 * n, 1_000 + 100 * n]),
  );
  assert.deepEqual(bench.asked, new Array(9).fill(100));
  assert.equal(bench.closed, 1);
  bench.sleep();
  assert.equal(bench.events.length, 10, "a wake that comes late sends nothing");
});

test("whatever held it up, the next request is due when it always was", () => {
  const bench = new Bench([TRACK]);
  bench.sleep(130);
  assert.deepEqual(bench.events.slice(1), [
    [1, 1_100, 1_230],
    [2, 1_200, 1_230],
  ]);
  assert.equal(bench.asked.at(-1), 70);
});

test("a request that is more than 250 ms late is missed and not sent in a burst; one that is 250 ms late is sent", () => {
  const bench = new Bench([TRACK]);
  bench.sleep(250);
  assert.deepEqual(bench.events.slice(1), [
    [1, 1_100, 1_350],
    [2, 1_200, 1_350],
    [3, 1_300, 1_350],
  ]);
  bench.sleep(251);
  assert.deepEqual(bench.events.slice(4), [
    ["late", 1_400],
    [5, 1_500, 1_651],
    [6, 1_600, 1_651],
  ]);
});

test("no more than 32 requests are sent before the network has its turn", () => {
  const bench = new Bench([{ ...TRACK, schedule: constantSchedule(1_000, 200), to: 200 }]);
  bench.sleep(100);
  assert.equal(bench.events.length, 1 + 32);
  assert.ok((bench.asked.at(-1) ?? 0) <= 0, "and then it is called back at once");
  bench.sleep();
  assert.equal(bench.events.length, 1 + 64);
});

test("a worker sends its shard of the numbers from and before its segment's ends, several tracks by their instants", async () => {
  const bench = new Bench([
    { ...TRACK, shard: 1, of: 3, from: 2, to: 9 },
    { ...TRACK, originMs: 1_050, shard: 2, of: 3, from: 0, to: 9 },
  ]);
  while (bench.closed === 0 && bench.asked.length < 50) {
    bench.sleep();
    await Promise.resolve();
  }
  await bench.finished;
  assert.deepEqual(bench.events, [
    [2, 1_250, 1_250],
    [4, 1_400, 1_400],
    [5, 1_550, 1_550],
    [7, 1_700, 1_700],
    [8, 1_850, 1_850],
  ]);
});

test("a stop tells once what of each track is still to come, and sends no more", async () => {
  const bench = new Bench([TRACK, { ...TRACK, to: 1 }, { ...TRACK, originMs: 9_000, from: 4 }]);
  bench.sleep();
  const rest: [of: number, from: number][] = [];
  const stop = (): void => bench.pacer.stop(({ originMs }, from) => rest.push([originMs, from]));
  stop();
  stop();
  await bench.finished;
  assert.deepEqual(rest, [
    [1_000, 2],
    [9_000, 4],
  ]);
  bench.sleep(1_000);
  assert.equal(bench.events.length, 3);
});

test("a worker without a request ends at once", async () => {
  const bench = new Bench([{ ...TRACK, from: 3, to: 3 }]);
  await bench.finished;
  assert.deepEqual([bench.events, bench.asked, bench.closed], [[], [], 1]);
});
