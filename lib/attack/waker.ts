import { Worker } from "node:worker_threads";

/** Calls back at an instant. At most one call is pending; a new one replaces it. */
export interface Waker {
  /** Calls `wake` after `ms` (fractions count), or as soon as other events have had their turn. */
  wakeIn(ms: number): void;
  close(): Promise<void>;
}

/** Below this many ms the round trip to the thread is not worth it: the event loop's next turn comes about as soon. */
const NEXT_TURN_MS = 0.03;

/**
 * Waking from the thread takes some 60 µs: the kernel's timer slack, a futex, a turn of the event loop. So the thread
 * is asked to ring that much earlier. The lead adapts with every ring: a late ring increases it and an early one
 * decreases it, so it stays at the median. After an early ring, the remaining time, some 20 µs, is spent in turns of
 * the event loop. This also holds with a share of a CPU: the time spent is bounded by the lead.
 */
const FIRST_LEAD_MS = 0.06;
const MAX_LEAD_MS = 0.15;
const LEAD_STEP_MS = 0.001;

const WANTED = 0;
const RUNG = 1;
const CLOSED = -1;

/**
 * A thread that only sleeps in `Atomics.wait`, which accepts fractions of a ms, and rings. Node's own timers use whole
 * ms and are late by half a ms at the median; spinning until the instant would use up a Lambda's CPU share.
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

/** The clock that both threads read: `performance.now()` has a different origin in each. */
function monotonicMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

/** Starts the sleeping thread. `wake` is called on the calling thread, at each requested instant. */
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
  let leadMs = FIRST_LEAD_MS;
  /** Whether the wake in progress came before the requested instant. */
  let isEarly = false;
  let immediate: NodeJS.Immediate | undefined;

  const rung = (wantedMs: number): void => {
    const isLate = monotonicMs() > wantedMs;
    leadMs = isLate ? Math.min(MAX_LEAD_MS, leadMs + LEAD_STEP_MS) : Math.max(0, leadMs - LEAD_STEP_MS);
    isEarly = !isLate;
    wake();
    isEarly = false;
  };

  return {
    wakeIn(ms) {
      if (ms <= (isEarly ? leadMs : 0) + NEXT_TURN_MS) {
        immediate = setImmediate(wake);
        return;
      }
      const wantedMs = monotonicMs() + ms;
      deadline[0] = wantedMs - Math.min(leadMs, ms / 2);
      const call = ++asked;
      const wait = Atomics.waitAsync(signals, RUNG, Atomics.load(signals, RUNG));
      if (wait.async) {
        wait.value.then(() => {
          if (call === asked) rung(wantedMs);
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
