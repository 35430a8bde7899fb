import { globSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative, resolve } from "node:path";
import { pipeline } from "node:stream/promises";
import { run } from "node:test";
import { spec } from "node:test/reporters";
import { parseArgs } from "node:util";

/*
 * `npm run test:run [-- --test-name-pattern=PATTERN]`: all tests but `*.pace.ts`, which judge pace or take long and have
 * the machine to themselves (`npm run test:pace`).
 */

/**
 * Folders and files whose tests send load, or wait for something that must come in time. More of them run at a time than
 * there are cores. All others compute: they run beside them at a low priority, on what is left of the cores. Where a
 * test fails because it did not get a core in time, that says nothing about the code: the files that fail beside others
 * are run again one at a time, and that run decides.
 */
const TIMED = [
  "attack",
  "cloud/stack",
  "doctor",
  "e2e",
  "examples",
  "fleet",
  "functions",
  "gateway",
  "hostile",
  "http/fileLimit",
  "observe",
  "render",
  "results/blocks",
  "stages",
  "stepfunctions",
  "store",
  "ws",
];

/** Files at a time of those. */
const TIMED_AT_ONCE = 4;

/** Files at a time of all others. */
const OTHERS_AT_ONCE = 3;

/** If more files than this fail, the code is at fault, and they are not run again. */
const MOST_AGAIN = 12;

const TIMEOUT_MS = 180_000;

const { values } = parseArgs({ options: { "test-name-pattern": { type: "string", multiple: true, default: [] } } });

// A small test file spends most of its time on compiling what it imports.
process.env.NODE_COMPILE_CACHE ??= join(tmpdir(), "node-compile-cache");

/** Runs test files, `concurrency` at a time, and returns those that fail. `imports` are imported before each file. */
async function runTests(files: string[], concurrency: number, imports: string[] = []): Promise<string[]> {
  const failed = new Set<string>();
  const tests = run({
    files,
    concurrency,
    timeout: TIMEOUT_MS,
    execArgv: ["--disable-warning=ExperimentalWarning", ...imports.map((path) => `--import=${resolve(path)}`)],
    testNamePatterns: values["test-name-pattern"],
  });
  tests.on("test:fail", ({ file, name }) => failed.add(file ?? name));
  await pipeline(tests, new spec(), process.stdout, { end: false });
  return [...failed];
}

/** Runs files again that fail beside others, one at a time. Returns the files that fail. */
async function runAgain(failed: string[]): Promise<string[]> {
  if (failed.length === 0 || failed.length > MOST_AGAIN) return failed;
  process.stdout.write(`\nfailed beside others, run again one at a time: ${failed.map(fromHere).join(" ")}\n\n`);
  return runTests(failed, 1);
}

function fromHere(file: string): string {
  return relative(".", file);
}

const files = globSync("test/**/*.test.ts").toSorted();
const isTimed = (file: string): boolean => TIMED.some((place) => file.startsWith(`test/${place}`));
const pathsOf = (some: string[]): string[] => some.map((file) => resolve(file));
const beside = await Promise.all([
  runTests(pathsOf(files.filter(isTimed)), TIMED_AT_ONCE),
  runTests(pathsOf(files.filter((file) => !isTimed(file))), OTHERS_AT_ONCE, ["test/support/lowPriority.ts"]),
]);
const failed = await runAgain(beside.flat());
if (failed.length > 0) {
  process.stdout.write(`\nfailed: ${failed.map(fromHere).join(" ")}\n`);
  process.exitCode = 1;
}
