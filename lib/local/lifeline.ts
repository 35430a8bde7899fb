import type { Writable } from "node:stream";
import { Worker } from "node:worker_threads";

/** How often the holder of a lifeline's near end writes to it, in ms. */
const BEAT_MS = 200;

/** A process that loads a target stops after hearing nothing for this long, in ms. */
const SILENT_MS = 1_600;

/** The main thread must receive the stop within this time, in ms; otherwise the process is killed. */
const HEED_MS = 1_000;

/** How long a process whose parent is gone may take to write its results, in ms. */
const LAST_WORDS_MS = 3_000;

const BEAT = ".";
const STOP = "x";

/**
 * The near end of a lifeline, in the parent: a pipe that the child reads for as long as it lives. It closes when the
 * parent ends for any reason, and falls silent when the parent's event loop hangs.
 */
export class Lifeline {
  readonly #pipe: Writable;
  readonly #beats: NodeJS.Timeout;

  constructor(pipe: Writable) {
    this.#pipe = pipe;
    // The child is gone; its exit reports that.
    pipe.on("error", () => clearInterval(this.#beats));
    this.#beats = setInterval(() => pipe.write(BEAT), BEAT_MS).unref();
    pipe.write(BEAT);
  }

  /** Makes the child stop sending, however busy its main thread is: a child that does not react is killed. */
  stop(): void {
    this.#pipe.write(STOP);
  }

  /** Closes the pipe, so that the child ends. */
  close(): void {
    clearInterval(this.#beats);
    this.#pipe.end();
  }
}

/** What a child can hear on its lifeline: stop; the parent is gone; the parent is silent. */
export type LifelineWord = "stop" | "gone" | "silent";

/** The far end of a lifeline, in the child. */
export interface HeldLifeline {
  /** From now on, the parent's silence counts as well. */
  watchSilence(): void;
}

/**
 * The thread that reads the pipe. It is separate from the main thread, which a response may keep busy for a long time.
 * It counts silence in ticks, so that a process that was itself suspended does not mistake that time for the parent's
 * silence.
 */
const READER = `
  const { parentPort, workerData } = require("node:worker_threads");
  const { Socket } = require("node:net");
  const { fd, tickMs, silentMs, heedMs, lastWordsMs, stop } = workerData;
  const kill = () => process.kill(process.pid, "SIGKILL");
  let isWatching = false;
  let ticks = 0;
  let heed;
  const isTold = new Set();
  const tell = (word) => {
    if (isTold.has(word)) return;
    isTold.add(word);
    parentPort.postMessage(word);
    heed ??= setTimeout(kill, heedMs);
    if (word !== "stop") setTimeout(kill, lastWordsMs);
  };
  const gone = () => tell("gone");
  new Socket({ fd, readable: true, writable: false })
    .on("data", (bytes) => {
      ticks = 0;
      if (bytes.includes(stop)) tell("stop");
    })
    .on("end", gone)
    .on("close", gone)
    .on("error", gone);
  setInterval(() => {
    ticks++;
    if (isWatching && ticks * tickMs > silentMs) tell("silent");
  }, tickMs);
  parentPort.on("message", (message) => {
    if (message === "watch") {
      isWatching = true;
      ticks = 0;
    } else {
      clearTimeout(heed);
      heed = undefined;
    }
  });
`;

/**
 * Holds the far end of a lifeline, on a file descriptor that nobody else reads. `onWord` is called once for each word.
 * A process is killed if its main thread does not get to that within a second, or if it lives on for more than a few
 * seconds after its parent is gone or silent.
 */
export function holdLifeline(fd: number, onWord: (word: LifelineWord) => void): HeldLifeline {
  const thread = new Worker(READER, {
    eval: true,
    workerData: {
      fd,
      tickMs: BEAT_MS,
      silentMs: SILENT_MS,
      heedMs: HEED_MS,
      lastWordsMs: LAST_WORDS_MS,
      stop: STOP,
    },
    stdin: false,
  });
  thread.unref();
  thread.on("message", (word: LifelineWord) => {
    thread.postMessage("heard");
    onWord(word);
  });
  return { watchSilence: () => thread.postMessage("watch") };
}
