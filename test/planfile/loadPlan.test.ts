import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { checkPlan } from "../../lib/plan/load.ts";
import { InputError } from "../../lib/plan/problems.ts";
import type { Plan } from "../../lib/plan/schema.ts";
import { loadPlan } from "../../lib/planfile/loadPlan.ts";
import { temporaryFolder } from "../support/folder.ts";
import { planInput } from "../support/plans.ts";
import { ROOT } from "../support/volley.ts";

const ORIGIN = "http://127.0.0.1:8545";

const YAML = `# a plan
name: evening
duration: 10s
anchors: &call
  url: ${ORIGIN}/eth
chains:
  - name: ethereum
    rps: 100
    targets:
      - url: ${ORIGIN}/eth
        body: { jsonrpc: "2.0", method: eth_call, id: 12345678901234567890, params: [1.10, 0x1f, "0x1f"] }
`.replace(/anchors[\s\S]*?\/eth\n/, "");

function problemsOf(check: () => unknown): string[] {
  try {
    check();
  } catch (error) {
    assert.ok(error instanceof InputError, String(error));
    return error.problems.map(({ where, found, expected }) => `${where}: ${found} → ${expected}`);
  }
  return [];
}

function written(folder: string, files: Record<string, string | object>): (name: string, options?: object) => Plan {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(`${folder}/${name}/..`.replace(/[^/]+\/\.\.$/, ""), { recursive: true });
    writeFileSync(`${folder}/${name}`, typeof text === "string" ? text : JSON.stringify(text));
  }
  return (name, options) => loadPlan(`${folder}/${name}`, options);
}

test("a plan is JSON, JSON with comments, or YAML, and its bodies keep their digits in each", (t) => {
  const commented = `// a plan
  { "name": "evening", /* how long */ "duration": "10s", "chains": [{ "name": "ethereum", "rps": 100, "targets": [
    { "url": "${ORIGIN}/eth", "body": {"jsonrpc": "2.0", "method": "eth_call", "id": 12345678901234567890, "params": [1.10, 31, "0x1f"]} },
  ] }] }`;
  const load = written(temporaryFolder(t), { "a.yaml": YAML, "b.jsonc": commented, c: YAML, d: commented });
  for (const name of ["a.yaml", "b.jsonc", "c", "d"]) {
    const plan = load(name);
    assert.deepEqual([plan.name, plan.durationMs, plan.chains[0]?.rps], ["evening", 10_000, 100]);
    const body = '{"jsonrpc":"2.0","method":"eth_call","id":12345678901234567890,"params":[1.10,31,"0x1f"]}';
    const texts = plan.chains[0]?.targets.map((target) => target.body?.split("").sort().join(""));
    assert.deepEqual(texts, [body.split("").sort().join("")], name);
  }
});

test("mistakes of a YAML plan are told with line and column", (t) => {
  const load = written(temporaryFolder(t), {
    "field.yaml": YAML.replace("rps: 100", "rate: 100"),
    "value.yml": YAML.replace("rps: 100", "rps: -1"),
    "syntax.yaml": `${YAML}\n  - : [`,
    "twice.yaml": `${YAML}\nname: again\n`,
    "broken.json": '{\n  "name": }',
  });
  assert.match(
    problemsOf(() => load("field.yaml")).join("\n"),
    /field\.yaml:6:5 \(\$\.chains\[0\]\.rate\): .*"rps", perhaps/,
  );
  assert.match(
    problemsOf(() => load("value.yml")).join("\n"),
    /value\.yml:6:5 \(\$\.chains\[0\]\.rps\): found|value\.yml:6:5/,
  );
  assert.match(problemsOf(() => load("syntax.yaml")).join("\n"), /syntax\.yaml:1\d:\d+: text that is not YAML/);
  assert.match(problemsOf(() => load("twice.yaml")).join("\n"), /twice\.yaml:\d+:1: .*unique/);
  assert.match(problemsOf(() => load("broken.json")).join("\n"), /broken\.json:2:11: text that is not JSON/);
});

test("a plan comes from standard input, too, and its files are relative to the working folder", () => {
  const ended = spawnSync(`${ROOT}bin/volley`, ["plan", "-"], { input: YAML, encoding: "utf8" });
  assert.equal(ended.status, 0, ended.stderr);
  assert.match(ended.stdout, /evening: 100 requests\/s for 10s/);
});

test("a plan extends another: objects merge, chains by name, lists replace, null removes, files stay found", (t) => {
  const folder = temporaryFolder(t);
  const load = written(folder, {
    "base/targets.txt": `GET ${ORIGIN}/a\n`,
    "base/base.yaml": `name: base
duration: 10s
seed: 7
slo: { success: 0.9, p99Ms: 100 }
allowedHosts: [a.example, b.example]
chains:
  - { name: ethereum, rps: 100, targets: targets.txt }
  - { name: kava, rps: 50, targets: [targets.txt] }
`,
    "evening.json": {
      extends: "base/base.yaml",
      name: "evening",
      seed: null,
      slo: { p99Ms: 50 },
      allowedHosts: ["c.example"],
      chains: [
        { name: "kava", rps: 70 },
        { name: "boba", rps: 5, targets: "base/targets.txt" },
      ],
    },
    "loop.json": { extends: "loop.json", name: "x" },
    "lost.json": { extends: "none.json", name: "x" },
  });
  const plan = load("evening.json");
  assert.deepEqual(
    plan.chains.map(({ name, rps, targets }) => [name, rps, targets.length]),
    [
      ["ethereum", 100, 1],
      ["kava", 70, 1],
      ["boba", 5, 1],
    ],
  );
  assert.deepEqual(
    [plan.name, plan.durationMs, plan.seed, plan.slo.success, plan.slo.p99Ms],
    ["evening", 10_000, 1, 0.9, 50],
  );
  assert.deepEqual(plan.allowedHosts, ["c.example"]);
  assert.match(problemsOf(() => load("loop.json")).join(), /extends this plan/);
  assert.match(problemsOf(() => load("lost.json")).join(), /no such file/);
  const inAws = problemsOf(() => checkPlan({ ...planInput(ORIGIN), extends: "base.json" }, undefined, "plan"));
  assert.match(inAws.join(), /\$\.extends: .*a whole plan/);
});

test("environment variables stand in a plan's texts, with defaults, and become numbers where a number belongs", (t) => {
  const input = planInput("${env:VOLLEY_T_ORIGIN}", {
    duration: "${env:VOLLEY_T_FOR:-3s}",
    name: "${env:VOLLEY_T_NAME:-7}",
  });
  const [chain] = input.chains as Record<string, unknown>[];
  if (chain) chain.rps = "${env:VOLLEY_T_RPS:-250}";
  const load = written(temporaryFolder(t), { "plan.json": input });
  assert.match(problemsOf(() => load("plan.json")).join(), /targets\[0\]\.url: .*VOLLEY_T_ORIGIN/);
  process.env.VOLLEY_T_ORIGIN = ORIGIN;
  t.after(() => delete process.env.VOLLEY_T_ORIGIN);
  const plan = load("plan.json");
  assert.deepEqual([plan.name, plan.durationMs, plan.chains[0]?.rps], ["7", 3_000, 250]);
  assert.equal(plan.chains[0]?.targets[0]?.url, `${ORIGIN}/api/gateway?endpoint=ETHEREUM`);
});

test("the command line changes fields by path, the duration, and the rates", (t) => {
  const chains = ["a.b", "kava"].map((name) => ({ name, rps: 300, targets: [{ url: ORIGIN }] }));
  const load = written(temporaryFolder(t), { "plan.json": planInput(ORIGIN, { chains }) });
  const rates = (options: object): (number | undefined)[] => load("plan.json", options).chains.map(({ rps }) => rps);
  assert.deepEqual(rates({ set: ["chains.kava.rps=500"] }), [300, 500]);
  assert.deepEqual(rates({ set: ["chains.a.b.rps=1", "chains[1].rps=2"] }), [1, 2]);
  assert.deepEqual(rates({ scale: 0.1 }), [30, 30]);
  assert.deepEqual(rates({ targetRps: 5_000, set: ["chains.1.rps=700"] }), [1_500, 3_500]);
  const plan = load("plan.json", {
    duration: "9s",
    set: [
      "slo.p99Ms=40",
      "name=night",
      'chains.kava.targets.0.body={"jsonrpc":"2.0","method":"m","id":12345678901234567890}',
    ],
  });
  assert.deepEqual([plan.durationMs, plan.slo.p99Ms, plan.name], [9_000, 40, "night"]);
  assert.match(plan.chains[1]?.targets[0]?.body ?? "", /12345678901234567890/);
  for (const [options, told] of [
    [{ set: ["chains.kavva.rps=5"] }, /"kava"/],
    [{ set: ["chains.kava.rsp=5"] }, /"rps", perhaps/],
    [{ set: ["nothing"] }, /a path, = and a value/],
    [{ set: ["__proto__.x=1"] }, /__proto__/],
    [{ scale: 2, targetRps: 5 }, /both decide/],
  ] as const) {
    assert.match(problemsOf(() => load("plan.json", options)).join(), told);
  }
});

test("a method that is a typo names the one that was meant, and one of nobody's is sent", () => {
  const withMethod = (method: string): string[] =>
    problemsOf(() =>
      checkPlan(
        planInput(ORIGIN, { chains: [{ name: "x", rps: 1, targets: [{ url: ORIGIN, method }] }] }),
        ".",
        "plan",
      ),
    );
  for (const [method, meant] of [
    ["PSOT", "POST"],
    ["POTS", "POST"],
    ["GTE", "GET"],
    ["DELTE", "DELETE"],
  ] as const) {
    assert.match(withMethod(method).join(), new RegExp(`"${meant}", perhaps`), method);
  }
  for (const method of ["LIST", "PURGE", "POST", "MKCOL", "post", "COPY", "FETCH"])
    assert.deepEqual(withMethod(method), [], method);
});
