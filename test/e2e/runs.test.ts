import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { temporaryFolder } from "../support/folder.ts";
import { chainInput, checkedPlan, planInput } from "../support/plans.ts";
import { madeReport } from "../support/reports.ts";
import { answeringServer, DEAD_ORIGIN, jsonResponse, RELAY } from "../support/servers.ts";
import { startVolley, volley } from "../support/volley.ts";

const ORIGIN = "http://127.0.0.1:8545";

test("volley runs lists a folder's runs with their verdicts; one without a report is unfinished", async (t) => {
  const folder = temporaryFolder(t);
  assert.match((await volley(["runs", "--out", folder])).stdout, /^no runs in .*\/runs yet\n$/);
  const plan = checkedPlan(ORIGIN, { chains: [chainInput("kava", 50, ORIGIN)], duration: "2s" });
  mkdirSync(`${folder}/runs/first`, { recursive: true });
  mkdirSync(`${folder}/runs/second`);
  writeFileSync(`${folder}/runs/first/report.json`, JSON.stringify(madeReport({ plan })));
  writeFileSync(`${folder}/runs/second/plan.json`, JSON.stringify(plan));
  const text = await volley(["runs", "--out", folder]);
  assert.match(text.stdout, /^first +passed +2026-01-01 00:00:00 +50 +100 % +20/m);
  assert.match(text.stdout, /^second +unfinished/m);
  const lines = (await volley(["runs", "--out", folder, "--json"])).stdout.trim().split("\n");
  assert.deepEqual(
    lines.map((line) => (JSON.parse(line) as { state: string }).state),
    ["passed", "unfinished"],
  );
});

test("volley serve says where its page is, and ends with Ctrl-C", async (t) => {
  const folder = temporaryFolder(t);
  const running = startVolley(["serve", "--out", folder, "--port", "0"]);
  t.after(() => running.child.kill("SIGKILL"));
  const [, url = ""] = await running.printed(/^all runs at (http:\S+);/m);
  assert.match(await (await fetch(url)).text(), /No runs yet/);
  running.child.kill("SIGINT");
  assert.equal((await running.ended).code, 0);
});

test("volley run --send sends figures while the run goes, and warns of a receiver that is not there", async (t) => {
  const folder = temporaryFolder(t);
  const target = await answeringServer(t, () => jsonResponse(RELAY));
  let writes = 0;
  const receiver = await answeringServer(t, () => {
    writes++;
    return jsonResponse("{}");
  });
  writeFileSync(`${folder}/plan.json`, JSON.stringify(planInput(target.origin, { duration: "2s" })));
  const send = [`prometheus=${receiver.origin}/api/v1/write`, `otlp=${DEAD_ORIGIN}/v1/metrics`];
  const ended = await volley(["run", `${folder}/plan.json`, "--out", folder, ...send.flatMap((to) => ["--send", to])]);
  assert.ok(writes >= 2, `${writes} writes: the last figures, and the mark of their end`);
  assert.match(ended.stdout, /warning: otlp=http\S+ does not take the run's figures/);
  assert.ok([0, 1, 3].includes(ended.code ?? -1), ended.stderr);
});
