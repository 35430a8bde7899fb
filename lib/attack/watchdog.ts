import { Worker } from "node:worker_threads";
import type { LastWordsPlace } from "../store/lastWords.ts";

/** How often the main thread shows that its event loop turns, and the other looks, in ms. */
const BEAT_MS = 250;

/** An event loop that has not turned for so long stands still, in ms. */
const FROZEN_MS = 2_000;

/** A process whose event loop has not turned for so long is ended, in ms. */
const END_MS = 10_000;

/** How long it may take to write the reason over a network, in ms. */
const WRITE_MS = 3_000;

/** What ends a process whose event loop stands still, and what is said then. */
export interface WatchdogOptions {
  /** Who it is about, such as a worker's name. */
  name: string;
  /** Where the reason is written before the end. */
  lastWords?: LastWordsPlace;
  frozenMs?: number;
  endMs?: number;
}

/** Sees that the main thread's event loop turns. */
export interface Watchdog {
  /** The longest time for which it stood still since the last call, in ms; 0 where that was not worth telling. */
  take(): number;
  close(): void;
}

const BEAT = 0;
const CLOSED = 1;

/**
 * The thread that looks on. It counts its own ticks, so that a process which was stopped as a whole is not taken for one
 * that is stuck.
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
 * Starts the thread. A main thread that is kept busy by one response or one line of a log can neither time anything out
 * nor stop when it is told to: after 2 s that is said on stderr, and after 10 s the process is killed, whose requests are
 * then booked as lost.
 */
export function startWatchdog({ name, lastWords, frozenMs = FROZEN_MS, endMs = END_MS }: WatchdogOptions): Watchdog {
  const shared = new SharedArrayBuffer(8);
  const cells = new Int32Array(shared);
  const workerData = { shared, name, lastWords, beatMs: BEAT_MS, frozenMs, endMs };
  const thread = new Worker(LOOKER, { eval: true, workerData, stdin: false });
  thread.unref();
  // Without the thread a run is as good; it is only not watched.
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
