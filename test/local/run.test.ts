import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { FUNCTIONS } from "../../lib/local/functions.ts";
import { LocalRun } from "../../lib/local/run.ts";
import { allowanceOf } from "../../lib/plan/allowance.ts";
import { temporaryFolder } from "../support/folder.ts";
import { checkedPlan } from "../support/plans.ts";

test("workers and Watch get what the person who started the run allowed, and not from the store", async (t) => {
  const folder = temporaryFolder(t);
  /** A handler that writes its input to a file, and does nothing else. */
  const recorder = (name: string): string => {
    const path = `${folder}/${name}.mjs`;
    const write = `writeFileSync(${JSON.stringify(`${folder}/${name}.json`)}, JSON.stringify(input))`;
    const text = `import { writeFileSync } from "node:fs";\nexport async function handler(input) { ${write}; return { done: true }; }\n`;
    writeFileSync(path, text);
    return path;
  };
  const functions = { ...FUNCTIONS, attack: recorder("attack"), watch: recorder("watch") };
  const plan = checkedPlan("http://127.0.0.1:1", { duration: "1s", workers: 1, allowedHosts: ["gateway.example"] });
  const allowance: unknown = JSON.parse(JSON.stringify(allowanceOf(plan)));
  await new LocalRun({ plan, runId: "allowed", folder, functions }).run();
  for (const name of ["attack", "watch"]) {
    const input = JSON.parse(readFileSync(`${folder}/${name}.json`, "utf8")) as { allowance?: unknown };
    assert.deepEqual(input.allowance, allowance, name);
  }
});
