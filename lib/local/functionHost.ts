import { enableCompileCache } from "node:module";
import { pathToFileURL } from "node:url";
import { holdLifeline, type LifelineWord } from "./lifeline.ts";

/*
 * The process of one function call: loads a handler's module, calls it with the parent's payload, replies, and exits.
 * It also exits when the parent does.
 */

/** What a handler can use of the process that it runs in. A Lambda's context has none of this. */
export interface ProcessContext {
  /**
   * Calls back when the handler must stop sending, or its parent is gone; the handler then has a few seconds to return.
   */
  onLifeline?(onWord: (word: LifelineWord) => void): void;
}

enableCompileCache();
const modulePath = process.argv[2];
if (modulePath === undefined || !process.send) throw new Error("this file is started by the local runner");

let heed: ((word: LifelineWord) => void) | undefined;
const lifeline = holdLifeline(0, (word) => {
  if (heed) heed(word);
  // This handler has nothing to write down, and nobody is left to read its result.
  else if (word === "gone") process.exit(1);
});
const context: ProcessContext = {
  onLifeline(onWord) {
    heed = onWord;
    lifeline.watchSilence();
  },
};

process.once("message", async (payload) => {
  let answer: object;
  try {
    const { handler } = (await import(pathToFileURL(modulePath).href)) as {
      handler: (event: unknown, context: ProcessContext) => unknown;
    };
    answer = { result: (await handler(payload, context)) ?? null };
  } catch (error) {
    const { name, message } = error instanceof Error ? error : new Error(String(error));
    answer = { error: { name, message } };
  }
  if (process.connected) process.send?.(answer, () => process.exit(0));
  else process.exit(1);
});
