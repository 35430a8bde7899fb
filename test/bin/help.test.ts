import assert from "node:assert/strict";
import { test } from "node:test";
import { loadedFor } from "../support/loadedModules.ts";

test("--help loads the definitions of the commands, Commander, and nothing that a command does", async () => {
  const loaded = await loadedFor("bin/volley.ts", "--help");
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
  const actions = (await loadedFor("bin/volley.ts", "schema", "plan")).filter((path) =>
    path.startsWith("bin/actions/"),
  );
  assert.deepEqual(actions, ["bin/actions/schema.ts"]);
});
