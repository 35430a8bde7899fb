import { Worker } from "node:worker_threads";

/** Calls back at an instant. At most one call is outstanding; asking again replaces it. */
export interface Waker {
  /** Calls `wake` in so many ms (fractions count), or as soon as other events had their turn. */
  wakeIn(ms: number): void;
  close(): Promise<void>;
}

/** Below this many ms it is not worth the way to the thread: the event loop's next turn comes about as soon. */
const NEXT_TURN_MS = 0.03;

const WANTED = 0;
const RUNG = 1;
const CLOSED = -1;

/**
 * A thread that does nothing but sleep in `Atomics.wait`, which takes fractions of a ms, and ring. Node's own timers are
 * whole ms and late by half of one at the median; spinning until the instant would use up a Lambda's share of its CPU.
 */
const SLEEPER = `
  const { workerData } = require("node:worker_threads");
  const signals = new Int32Array(workerData, 0, 2);
  const deadline = new Float64Array(workerData, 8, 1);
  const nowMs = () => Number(process.hrtime.bigint()) / 1e6;
  let seen = 0;
  for (;;) {
    Atomics.wait(signals, ${WANTED}, seen);
    seen = Atomics.load(signals, ${WANTED});
    if (seen === ${CLOSED}) break;
    let left;
    while ((left = deadline[0] - nowMs()) > 0 && Atomics.load(signals, ${WANTED}) === seen) {
      Atomics.wait(signals, ${WANTED}, seen, left);
    }
    if (Atomics.load(signals, ${WANTED}) !== seen) continue;
    Atomics.add(signals, ${RUNG}, 1);
    Atomics.notify(signals, ${RUNG});
  }
`;

/** Starts the sleeping thread. `wake` is called on this thread, at each instant asked for. */
export function startWaker(wake: () => void): Waker {
  const shared = new SharedArrayBuffer(16);
  const signals = new Int32Array(shared, 0, 2);
  const deadline = new Float64Array(shared, 8, 1);
  const thread = new Worker(SLEEPER, {
    eval: true,
    workerData: shared,
    stdin: false,
  });
  const ended = new Promise<void>((done) => thread.once("exit", () => done()));
  let asked = 0;
  let immediate: NodeJS.Immediate | undefined;

  return {
    wakeIn(ms) {
      if (ms <= NEXT_TURN_MS) {
        immediate = setImmediate(wake);
        return;
      }
      // The two threads share the monotonic clock but not performance.now()'s origin.
      deadline[0] = Number(process.hrtime.bigint()) / 1e6 + ms;
      const rung = Atomics.load(signals, RUNG);
      const call = ++asked;
      const wait = Atomics.waitAsync(signals, RUNG, rung);
      if (wait.async) {
        wait.value.then(() => {
          if (call === asked) wake();
        });
      } else {
        immediate = setImmediate(wake);
      }
      Atomics.store(signals, WANTED, (call % 0x3fffffff) + 1);
      Atomics.notify(signals, WANTED);
    },
    async close() {
      asked++;
      clearImmediate(immediate);
      Atomics.store(signals, WANTED, CLOSED);
      Atomics.notify(signals, WANTED);
      await ended;
    },
  };
}
