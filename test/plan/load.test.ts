import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { Ajv2020 } from "ajv/dist/2020.js";
import { splitRates } from "../../lib/plan/assign.ts";
import { checkPlan } from "../../lib/plan/load.ts";
import { InputError } from "../../lib/plan/problems.ts";
import { planJsonSchema } from "../../lib/plan/schema.ts";
import { loadPlan } from "../../lib/planfile/loadPlan.ts";
import { reportJsonSchema } from "../../lib/report/schema.ts";
import { temporaryFolder } from "../support/folder.ts";
import { CALL, planInput } from "../support/plans.ts";
import { ROOT } from "../support/volley.ts";

const EXAMPLES = ["demo", "option-a", "option-b"].map((name) => `${ROOT}plans/${name}.json`);

function problemsOf(check: () => unknown): string[] {
  try {
    check();
  } catch (error) {
    assert.ok(error instanceof InputError, String(error));
    return error.problems.map(({ where, found, expected }) => `${where}: ${found} → ${expected}`);
  }
  return [];
}

test("the example plans are accepted by the loader and by the committed JSON Schema", () => {
  const schema = JSON.parse(readFileSync(`${ROOT}schema/plan.schema.json`, "utf8"));
  const validate = new Ajv2020({ strict: false, validateFormats: false }).compile(schema);
  for (const path of EXAMPLES) {
    assert.ok(loadPlan(path).chains.length > 0);
    const raw = JSON.parse(readFileSync(path, "utf8")) as { $schema: string };
    assert.equal(raw.$schema, "../schema/plan.schema.json");
    assert.ok(validate(raw), JSON.stringify(validate.errors));
  }
});

test("the committed JSON Schemas are those of the code", () => {
  const read = (name: string): unknown => JSON.parse(readFileSync(`${ROOT}schema/${name}.schema.json`, "utf8"));
  assert.deepEqual(read("plan"), JSON.parse(JSON.stringify(planJsonSchema())), "run `npm run schemas`");
  assert.deepEqual(read("report"), JSON.parse(JSON.stringify(reportJsonSchema())), "run `npm run schemas`");
});

test("the guide's options A and B make ten workers of 500 requests per second each", () => {
  const chainsOf = (name: string): string[] =>
    splitRates(loadPlan(`${ROOT}plans/${name}.json`)).map(({ shares }) => {
      assert.equal(
        shares.reduce((sum, { rps }) => sum + rps, 0),
        500,
      );
      return shares.map(({ chain }) => chain).join();
    });
  const times = (name: string, count: number): string[] => Array.from({ length: count }, () => name);
  const alone = ["boba", "mantle", "kava"].flatMap((name) => times(name, 2));
  assert.deepEqual(chainsOf("option-a"), [...times("ethereum", 2), ...alone, ...times("mixed", 2)]);
  assert.deepEqual(chainsOf("option-b"), [...times("ethereum", 4), ...alone]);
});

test("every mistake of a plan is told at once, with its path, what was found and what is expected", () => {
  const plan = {
    name: "a plan",
    chains: [
      { name: "ethereum", rps: -5, targets: [{ url: "ftp://x/", body: {} }] },
      { name: "ethereum", rps: 10, targets: "no-such-file.txt" },
      { name: "kava", rps: 10, target: "targets.txt", targets: [{ url: "http://127.0.0.1/", method: "FE TCH" }] },
    ],
    duration: "33 minutes",
    perWorkerRsp: 500,
    slo: { success: 99 },
    mode: "ec2",
    http: 2,
  };
  const problems = problemsOf(() => checkPlan(plan, ".", "plan.json"));
  assert.deepEqual(
    problems.map((problem) => problem.split(": ")[0]).sort(),
    [
      "$.chains[0].rps",
      "$.chains[0].targets[0].url",
      "$.chains[1].name",
      "$.chains[1].targets",
      "$.chains[2].target",
      "$.chains[2].targets[0].method",
      "$.duration",
      "$.http",
      "$.mode",
      "$.name",
      "$.perWorkerRsp",
      "$.slo.success",
    ],
    problems.join("\n"),
  );
  assert.match(problems.join("\n"), /"perWorkerRsp" → "perWorkerRps", perhaps/);
  assert.match(problems.join("\n"), /"33 minutes" → a duration such as/);
});

test("a target file's mistakes name the file and the line", (t) => {
  const folder = temporaryFolder(t);
  writeFileSync(
    `${folder}/targets.txt`,
    "# targets\nPOST http://127.0.0.1/\nContent-Type application/json\n\n{not json}\n\nPOST nowhere\n",
  );
  const plan = { ...planInput("http://127.0.0.1"), chains: [{ name: "a", rps: 1, targets: "targets.txt" }] };
  const problems = problemsOf(() => checkPlan(plan, folder, "plan.json"));
  assert.deepEqual(
    problems.map((problem) => /targets\.txt:\d+/.exec(problem)?.[0]),
    ["targets.txt:3", "targets.txt:5", "targets.txt:7"],
  );
});

test("a host that nobody allowed is refused, a metadata address even when allowed", () => {
  const check = (origin: string, changes = {}): string[] =>
    problemsOf(() => checkPlan(planInput(origin, changes), ".", "plan.json"));
  assert.deepEqual(check("http://127.0.0.1:8545"), []);
  assert.deepEqual(check("http://[::1]:8545"), []);
  assert.match(check("https://gateway.example").join(), /--allow-host gateway\.example/);
  assert.deepEqual(check("https://gateway.example", { allowedHosts: ["gateway.example"] }), []);
  assert.deepEqual(check("https://eu.gateway.example", { allowedHosts: ["*.gateway.example"] }), []);
  assert.match(check("http://169.254.169.254", { allowedHosts: ["169.254.169.254"] }).join(), /link-local/);
});

test("a plan above its own limits is refused with the figures", () => {
  const check = (limits: object): string[] =>
    problemsOf(() => checkPlan(planInput("http://127.0.0.1", { duration: "1h", limits }), ".", "plan.json"));
  assert.match(check({ maxRps: 99 }).join(), /100 requests per second.*at most the limit of 99/);
  assert.match(check({ maxUsd: 0.0001 }).join(), /about \$0\.\d+.*at most the limit of \$0\.0001/);
  assert.deepEqual(check({ maxRps: 100, maxUsd: 10 }), []);
});

test("a check of an integer that a double cannot tell from its neighbours is refused, however deep it stands", () => {
  const check = (checks: object[]): string[] => {
    const targets = [{ url: "http://127.0.0.1/", body: CALL, checks }];
    return problemsOf(() => checkPlan(planInput("", { chains: [{ name: "x", rps: 1, targets }] }), ".", "plan.json"));
  };
  for (const equals of [18_446_744_073_709_551_615n, 9_007_199_254_740_992n, -9_007_199_254_740_993n].map(Number)) {
    for (const value of [equals, [equals], { a: { b: [1, equals] } }]) {
      assert.match(
        check([{ pointer: "/result", equals: value }]).join(),
        /checks\[0\]\.equals: .* 2\^53 - 1; .*matches/,
      );
    }
  }
  for (const equals of [9_007_199_254_740_991, -1, 0.1, 1.5e-300, "18446744073709551615", { a: [null, true] }]) {
    assert.deepEqual(check([{ pointer: "/result", equals }]), [], JSON.stringify(equals));
  }
  assert.match(check([{ pointer: "result", equals: 1 }]).join(), /"result" → a JSON pointer/);
});

test("a profile that does not fill the duration, or sends nothing, is refused", () => {
  const check = (profile: object): string =>
    problemsOf(() => checkPlan(planInput("http://127.0.0.1", { profile }), ".", "plan.json")).join("\n");
  assert.equal(check({ type: "ramp", from: 0.1, to: 1 }), "");
  assert.match(check({ type: "ramp", from: 0, to: 0 }), /^\$\.profile: a ramp from 0 to 0/);
  assert.match(check({ type: "ramp", from: 0, to: 2 }), /^\$\.profile\.to: 2 → at most 1/);
  assert.match(check({ type: "sine" }), /^\$\.profile\.type: "sine" → /);
  const steps = [{ share: 1, for: "3s" }];
  assert.match(check({ type: "steps", steps }), /^\$\.profile\.steps: 3s in all → steps that add up to .* 2s/);
});

test("a file that is missing or no JSON is a problem of its own", (t) => {
  const folder = temporaryFolder(t);
  writeFileSync(`${folder}/broken.json`, "{");
  assert.match(problemsOf(() => loadPlan(`${folder}/none.json`)).join(), /no such file/);
  assert.match(problemsOf(() => loadPlan(`${folder}/broken.json`)).join(), /text that is not JSON/);
});
