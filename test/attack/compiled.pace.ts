import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { openSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { temporaryFolder } from "../support/folder.ts";
import { answeringServer, jsonResponse, RELAY } from "../support/servers.ts";

const RUN = fileURLToPath(new URL("../support/tracedRun.ts", import.meta.url));
const FLAGS = ["--disable-warning=ExperimentalWarning", "--trace-deopt", "--trace-deopt-verbose"];

test("a run discards no code of the engine that the warm-up compiled", { timeout: 60_000 }, async (t) => {
  const server = await answeringServer(t, () => jsonResponse(RELAY));
  const file = `${temporaryFolder(t)}/traces`;
  // A file, because a pipe that is full would hold up the run.
  const output = openSync(file, "w");
  const child = spawn(process.execPath, [...FLAGS, RUN, server.origin], { stdio: ["ignore", output, "inherit"] });
  assert.deepEqual(await once(child, "exit"), [0, null]);
  const traces = readFileSync(file, "utf8");
  const run = /^BEGIN$(.*)^END$/ms.exec(traces)?.[1];
  assert.ok(run !== undefined, traces.slice(-500));
  assert.ok(/deoptimize at/.test(traces), "V8 has no such traces any more");
  assert.match(traces, /"sent":10000,"valid":10000/);
  const discarded = run.match(/deoptimize at <\S*\/lib\/(?:attack|http|answers|schedule)\/[^>]*>/g) ?? [];
  // One may be the code of a moment in which the machine was busy.
  assert.ok(discarded.length <= 1, discarded.join("\n"));
});
