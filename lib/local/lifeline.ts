import type { Writable } from "node:stream";
import { Worker } from "node:worker_threads";

/** How often whoever holds a lifeline's near end writes to it, in ms. */
const BEAT_MS = 200;

/** A process that loads a target stops when it has heard nothing for this long, in ms. */
const SILENT_MS = 1_600;

/** The main thread must have heard that it is to stop within this time, in ms; otherwise the process is killed. */
const HEED_MS = 1_000;

/** How long a process whose parent has gone may take to write down what it knows, in ms. */
const LAST_WORDS_MS = 3_000;

const BEAT = ".";
const STOP = "x";

/**
 * The near end of a lifeline, in the parent: a pipe that a child reads for as long as it lives. It closes with the
 * parent, however that ends, and it falls silent when the parent's event loop does.
 */
export class Lifeline {
  readonly #pipe: Writable;
  readonly #beats: NodeJS.Timeout;

  constructor(pipe: Writable) {
    this.#pipe = pipe;
    // The child has gone, and says so by its exit.
    pipe.on("error", () => clearInterval(this.#beats));
    this.#beats = setInterval(() => pipe.write(BEAT), BEAT_MS).unref();
    pipe.write(BEAT);
  }

  /** Tells the child to stop what it sends, whatever its main thread is busy with: one that does not heed is killed. */
  stop(): void {
    this.#pipe.write(STOP);
  }

  /** Lets go, so that the child ends. */
  close(): void {
    clearInterval(this.#beats);
    this.#pipe.end();
  }
}

/** What a child hears by its lifeline: to stop; that its parent has gone; that its parent has fallen silent. */
export type LifelineWord = "stop" | "gone" | "silent";

/** The far end of a lifeline, in the child. */
export interface HeldLifeline {
  /** From now on the parent's silence counts too. */
  watchSilence(): void;
}

/**
 * The thread that reads the pipe. It is apart from the main one, which a response may keep busy for long. Silence is
 * counted in ticks, so that a process which was itself stopped does not take its own absence for the parent's.
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
 * Holds the far end of a lifeline, at a file descriptor that nobody else reads. `onWord` is called once for each word. A
 * process whose main thread does not come to that within a second is killed, and so is one that lives on for some
 * seconds after its parent has gone or fallen silent.
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
