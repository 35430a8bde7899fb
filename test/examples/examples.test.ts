import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { cpSync, globSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { parse } from "yaml";
import { renderPrometheus } from "../../lib/render/exports/prometheus.ts";
import type { Report } from "../../lib/report/schema.ts";
import { temporaryFolder } from "../support/folder.ts";
import { chainInput, checkedPlan } from "../support/plans.ts";
import { madeReport } from "../support/reports.ts";
import { ROOT, volley } from "../support/volley.ts";

/** What each plan schedules in 2 s. */
const SCHEDULED = { first: 200, batches: 40, "data-file": 80, replay: 40 };

test("each example's plan runs, and every request that is sent becomes a relay", async (t) => {
  const out = temporaryFolder(t);
  for (const [name, count] of Object.entries(SCHEDULED)) {
    const ended = await volley(["run", `examples/${name}/plan.json`, "--duration", "2s", "--quiet", "--out", out]);
    const [file] = globSync(`${out}/runs/${name}-*/report.json`);
    assert.ok(file !== undefined, ended.stderr);
    const { scheduled, missed, valid } = (JSON.parse(readFileSync(file, "utf8")) as Report).total.ledger;
    assert.deepEqual([scheduled, valid], [count, count - missed], name);
  }
});

test("the search's plan is planned; test/e2e/capacity.pace.ts runs searches", async () => {
  const { code, stdout } = await volley(["plan", "examples/search/plan.json"]);
  assert.equal(code, 0);
  assert.match(stdout, /kava/);
});

test("the workflow's own commands run a plan, fail as it fails, and write the summary", (t) => {
  const folder = temporaryFolder(t);
  const { jobs } = parse(readFileSync(`${ROOT}examples/github-actions/load-test.yml`, "utf8")) as {
    jobs: Record<string, { steps: { name?: string; run?: string }[] }>;
  };
  const steps = jobs["load-test"]?.steps ?? [];
  const plan = JSON.parse(readFileSync(`${ROOT}examples/first/plan.json`, "utf8")) as object;
  mkdirSync(`${folder}/load`);
  mkdirSync(`${folder}/bin`);
  // An SLO that no gateway meets.
  writeFileSync(`${folder}/load/plan.json`, JSON.stringify({ ...plan, duration: "1s", slo: { p99Ms: 0.001 } }));
  writeFileSync(`${folder}/bin/npx`, `#!/bin/sh\nshift\nexec ${ROOT}bin/volley "$@"\n`, { mode: 0o755 });
  const step = (name: string): number | null => {
    const run = steps.find((each) => each.name === name)?.run ?? "exit 99";
    const env = { ...process.env, PATH: `${folder}/bin:${process.env.PATH}`, GITHUB_STEP_SUMMARY: `${folder}/summary` };
    return spawnSync("bash", ["-e", "-c", run], { cwd: folder, env }).status;
  };
  assert.ok([1, 3].includes(step("Run the plan") ?? -1));
  assert.equal(step("Write the summary"), 0);
  assert.match(readFileSync(`${folder}/summary`, "utf8"), /\| ✗ ethereum \|/);
});

test("the dashboard asks for metrics and labels that the export has", async () => {
  const text = readFileSync(`${ROOT}examples/grafana/dashboard.json`, "utf8");
  const origin = "http://127.0.0.1:8545";
  const plan = checkedPlan(origin, { name: "evening", chains: [chainInput("kava", 100, origin)], duration: "2s" });
  const page = await renderPrometheus(madeReport({ plan }));
  const metrics = new Set(text.match(/volley_\w+/g));
  assert.ok(metrics.size >= 9, [...metrics].join(" "));
  for (const metric of metrics) assert.match(page, new RegExp(`^${metric}\\{`, "m"));
  for (const [, label, value = ""] of text.matchAll(/(quantile|outcome)=~?\\"([\w.|]+)\\"/g)) {
    for (const each of value.split("|")) assert.ok(page.includes(`${label}="${each}"`), `${label} ${each}`);
  }
});

test("the README names each example, and each plan is linted without an error", async (t) => {
  const readme = readFileSync(`${ROOT}examples/README.md`, "utf8");
  const folder = temporaryFolder(t);
  cpSync(`${ROOT}examples`, folder, { recursive: true });
  for (const name of globSync("*/", { cwd: `${ROOT}examples` })) assert.ok(readme.includes(`[${name}](`), name);
  for (const plan of globSync(`${folder}/*/plan.json`)) {
    const { code, stderr } = await volley(["lint", plan]);
    assert.equal(code, 0, stderr);
  }
});
