import assert from "node:assert/strict";
import { test } from "node:test";
import { loadedFor } from "../support/loadedModules.ts";

test("a worker starts without the schema that Plan checks plans by, and without zod", async () => {
  const loaded = await loadedFor("functions/attack.ts");
  assert.ok(loaded.includes("lib/stages/attack.ts"), "the hook sees what is loaded");
  assert.deepEqual(
    loaded.filter((path) => /^node_modules\/zod\/|Schema\.ts$|\/schema\.ts$/.test(path)),
    [],
  );
});
