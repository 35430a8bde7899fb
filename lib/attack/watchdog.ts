import { Worker } from "node:worker_threads";
import type { LastWordsPlace } from "../store/lastWords.ts";

/** How often the main thread reports that its event loop turns, and the watchdog thread checks, in ms. */
const BEAT_MS = 250;

/** An event loop that has not turned for this long is frozen, in ms. */
const FROZEN_MS = 2_000;

/** A process whose event loop has not turned for this long is killed, in ms. */
const END_MS = 10_000;

/** Timeout for writing the reason over a network, in ms. */
const WRITE_MS = 3_000;

/** When a frozen process is killed, and what is reported. */
export interface WatchdogOptions {
  /** The name in messages, such as a worker's. */
  name: string;
  /** Where the reason is written before the process is killed. */
  lastWords?: LastWordsPlace;
  frozenMs?: number;
  endMs?: number;
}

/** Monitors the main thread's event loop. */
export interface Watchdog {
  /** The longest freeze since the last call, in ms; 0 if it was shorter than `frozenMs`. */
  take(): number;
  close(): void;
}

const BEAT = 0;
const CLOSED = 1;

/**
 * The watchdog thread. It counts its own ticks, so that a process that was suspended as a whole is not mistaken for a
 * frozen one.
 */
const LOOKER = `
  const { workerData } = require("node:worker_threads");
  const fs = require("node:fs");
  const { shared, name, lastWords = {}, beatMs, frozenMs, endMs } = workerData;
  const cells = new Int32Array(shared);
  const say = (text) => {
    try { fs.writeSync(2, text + "\\n"); } catch {}
  };
  const leave = async (reason) => {
    const { file, url } = lastWords;
    if (file !== undefined) {
      fs.mkdirSync(require("node:path").dirname(file), { recursive: true });
      fs.writeFileSync(file, reason);
    }
    if (url !== undefined)
      await fetch(url, { method: "PUT", body: reason, signal: AbortSignal.timeout(${WRITE_MS}) });
  };
  const end = async (reason) => {
    await leave(reason).catch(() => {});
    process.kill(process.pid, "SIGKILL");
  };
  let seen = 0;
  let ticks = 0;
  while (Atomics.load(cells, ${CLOSED}) === 0) {
    Atomics.wait(cells, ${CLOSED}, 0, beatMs);
    const beat = Atomics.load(cells, ${BEAT});
    ticks = beat === seen ? ticks + 1 : 0;
    seen = beat;
    const stillMs = ticks * beatMs;
    if (stillMs >= frozenMs && stillMs - beatMs < frozenMs)
      say("the event loop of " + name + " has not turned for " + stillMs / 1000 + " s");
    if (stillMs < endMs) continue;
    const reason = "its event loop did not turn for " + stillMs / 1000 + " s, and it was ended";
    say(name + ": " + reason);
    void end(reason);
    break;
  }
`;

/**
 * Starts the watchdog thread. A main thread that is blocked by one response or one log line can neither time anything
 * out nor react to a stop. After 2 s this is reported on stderr; after 10 s the process is killed, and its requests are
 * booked as lost.
 */
export function startWatchdog({ name, lastWords, frozenMs = FROZEN_MS, endMs = END_MS }: WatchdogOptions): Watchdog {
  const shared = new SharedArrayBuffer(8);
  const cells = new Int32Array(shared);
  const workerData = { shared, name, lastWords, beatMs: BEAT_MS, frozenMs, endMs };
  const thread = new Worker(LOOKER, { eval: true, workerData, stdin: false });
  thread.unref();
  // The run works without the thread; it is just not monitored.
  thread.on("error", () => {});
  let lastMs = performance.now();
  let longestMs = 0;
  const beat = (): void => {
    Atomics.add(cells, BEAT, 1);
    const nowMs = performance.now();
    longestMs = Math.max(longestMs, nowMs - lastMs - BEAT_MS);
    lastMs = nowMs;
  };
  const beats = setInterval(beat, BEAT_MS).unref();
  return {
    take() {
      beat();
      const stillMs = longestMs;
      longestMs = 0;
      return stillMs >= frozenMs ? Math.round(stillMs) : 0;
    },
    close() {
      clearInterval(beats);
      Atomics.store(cells, CLOSED, 1);
      Atomics.notify(cells, CLOSED);
    },
  };
}
