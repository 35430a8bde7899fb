import { readFileSync } from "node:fs";
import { registerHooks } from "node:module";
import { pathToFileURL } from "node:url";

/**
 * Loaded before a test process's files, and before those of the processes that it starts: gives the instrumented source
 * in place of the file that it was made from (VOLLEY_MUTANTS_FILE, VOLLEY_MUTANTS_SOURCE), and for `node:test` our own
 * `test()`, whose tests can be run again and again.
 */
const { VOLLEY_MUTANTS_FILE: file, VOLLEY_MUTANTS_SOURCE: source } = process.env;
const mutated = file === undefined ? undefined : pathToFileURL(file).href;
const tests = new URL("./tests.ts", import.meta.url).href;

registerHooks({
  resolve(specifier, context, next) {
    if (specifier === "node:test" && context.parentURL !== tests) {
      return { url: tests, format: "module-typescript", shortCircuit: true };
    }
    return next(specifier, context);
  },
  load(url, context, next) {
    if (url !== mutated || source === undefined) return next(url, context);
    return { format: "module-typescript", source: readFileSync(source, "utf8"), shortCircuit: true };
  },
});
