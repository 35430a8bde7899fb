import { spawnSync } from "node:child_process";
import { globSync } from "node:fs";

/**
 * Folders and files whose tests send load and judge its pace: one file at a time, so that no other takes the cores
 * from the workers. All other tests run as many at a time as there are cores.
 */
const ALONE = ["attack", "cloud", "e2e", "examples", "faults", "fleet", "hostile", "http/fileLimit", "results/blocks"];

const TIMEOUT_MS = 180_000;

const files = globSync("test/**/*.test.ts").toSorted();
const isAlone = (file: string): boolean => ALONE.some((place) => file.startsWith(`test/${place}`));

/** Runs test files by Node's test runner, `concurrency` at a time, with the options given to this command. Gives its exit code. */
function runTests(those: string[], concurrency: number): number {
  const options = ["--disable-warning=ExperimentalWarning", "--test", `--test-timeout=${TIMEOUT_MS}`];
  const { status } = spawnSync(
    process.execPath,
    [...options, `--test-concurrency=${concurrency}`, ...process.argv.slice(2), ...those],
    {
      stdio: "inherit",
    },
  );
  return status ?? 1;
}

const together = runTests(
  files.filter((file) => !isAlone(file)),
  2,
);
const alone = runTests(files.filter(isAlone), 1);
process.exitCode = together || alone;
