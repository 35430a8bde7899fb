import { registerHooks } from "node:module";

// Writes the URL of each module that a process loads to standard error: node --import ./test/support/loadedModules.mjs
registerHooks({
  load(url, context, nextLoad) {
    if (url.startsWith("file:")) process.stderr.write(`${url}\n`);
    return nextLoad(url, context);
  },
});
