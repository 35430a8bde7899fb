import { enableCompileCache } from "node:module";
import { pathToFileURL } from "node:url";

/*
 * The process of one function call: loads a handler's module, calls it with the payload that the parent sends, answers,
 * and ends. It ends too when the parent does.
 */

enableCompileCache();
const modulePath = process.argv[2];
if (modulePath === undefined || !process.send) throw new Error("this file is started by the local runner");

// The runner's end is this process's: nobody would read what it does.
process.on("disconnect", () => process.exit(1));
process.once("message", async (payload) => {
  let answer: object;
  try {
    const { handler } = (await import(pathToFileURL(modulePath).href)) as { handler: (event: unknown) => unknown };
    answer = { result: (await handler(payload)) ?? null };
  } catch (error) {
    const { name, message } = error instanceof Error ? error : new Error(String(error));
    answer = { error: { name, message } };
  }
  process.send?.(answer, () => process.exit(0));
});
