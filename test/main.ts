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
 * Folders and files whose tests send load. They mostly wait, so more of them run at a time than there are cores, and
 * they run after all others, which compute. Where such a test fails because its workers did not get a core in time, that
 * says nothing about the code: the files that fail beside others are run again one at a time, and that run decides.
 */
const LOAD = ["attack", "cloud", "e2e", "examples", "fleet", "hostile", "http/fileLimit", "results/blocks"];

/** Files at a time that send load. */
const LOADS = 3;

/** Files at a time of all others. */
const OTHERS = 2;

/** If more files than this fail, which is a quarter of them, the code is at fault, and they are not run again. */
const MOST_AGAIN = 12;

const TIMEOUT_MS = 180_000;

const { values } = parseArgs({ options: { "test-name-pattern": { type: "string", multiple: true, default: [] } } });

// A small test file spends most of its time on compiling what it imports.
process.env.NODE_COMPILE_CACHE ??= join(tmpdir(), "node-compile-cache");

/** Runs test files, `concurrency` at a time, and returns those that fail. */
async function runTests(files: string[], concurrency: number): Promise<string[]> {
  const failed = new Set<string>();
  const tests = run({
    files,
    concurrency,
    timeout: TIMEOUT_MS,
    execArgv: ["--disable-warning=ExperimentalWarning"],
    testNamePatterns: values["test-name-pattern"],
  });
  tests.on("test:fail", ({ file, name }) => failed.add(file ?? name));
  await pipeline(tests, new spec(), process.stdout, { end: false });
  return [...failed];
}

/** Runs the files that send load, and those that fail beside others again. Returns the files that fail. */
async function runLoads(files: string[]): Promise<string[]> {
  const failed = await runTests(files, LOADS);
  if (failed.length === 0 || failed.length > MOST_AGAIN) return failed;
  process.stdout.write(`\nfailed beside others, run again one at a time: ${failed.map(fromHere).join(" ")}\n\n`);
  return runTests(failed, 1);
}

function fromHere(file: string): string {
  return relative(".", file);
}

const files = globSync("test/**/*.test.ts").toSorted();
const isLoad = (file: string): boolean => LOAD.some((place) => file.startsWith(`test/${place}`));
const others = files.filter((file) => !isLoad(file)).map((file) => resolve(file));
const loads = files.filter(isLoad).map((file) => resolve(file));
const failed = [...(await runTests(others, OTHERS)), ...(await runLoads(loads))];
if (failed.length > 0) {
  process.stdout.write(`\nfailed: ${failed.map(fromHere).join(" ")}\n`);
  process.exitCode = 1;
}
