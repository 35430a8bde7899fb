import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { test } from "node:test";
import { promisify } from "node:util";
import { ROOT } from "../support/volley.ts";

/** The paths, from the root on, of all modules that the command line loads for some arguments. */
async function loadedFor(...args: string[]): Promise<string[]> {
  const { stderr } = await promisify(execFile)(
    process.execPath,
    ["--import", "./test/support/loadedModules.mjs", "bin/volley.ts", ...args],
    { cwd: ROOT },
  );
  const urls = stderr.split("\n").filter((line) => line.startsWith("file:"));
  return urls.map((url) => url.slice(`file://${ROOT}`.length));
}

test("--help loads the definitions of the commands, Commander, and nothing that a command does", async () => {
  const loaded = await loadedFor("--help");
  const packages = loaded.flatMap((path) => /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1] ?? []);
  assert.deepEqual([...new Set(packages)], ["commander"]);
  assert.deepEqual(
    loaded.filter((path) => path.startsWith("bin/actions/")),
    [],
  );
  assert.ok(loaded.includes("bin/commands/run.ts"), "the hook sees what is loaded");
  assert.ok(loaded.length < 80, `--help loads ${loaded.length} modules`);
});

test("a command loads what it does, and not what the others do", async () => {
  const actions = (await loadedFor("schema", "plan")).filter((path) => path.startsWith("bin/actions/"));
  assert.deepEqual(actions, ["bin/actions/schema.ts"]);
});
