import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { test } from "node:test";
import { delayProblems, isDelayed } from "../../lib/local/regionNetworks.ts";
import { temporaryFolder } from "../support/folder.ts";
import { checkedPlan, planInput } from "../support/plans.ts";
import { volley } from "../support/volley.ts";

const ORIGIN = "http://127.0.0.1:8545";
const REGIONS = { "us-east-1": 0.6, "eu-west-1": 0.4 };

test("delays of unknown regions, and of a plan without the stand-in gateway, are problems", () => {
  const plan = checkedPlan(ORIGIN, { regions: REGIONS, gateway: {} });
  assert.deepEqual(delayProblems(plan, { "us-east-1": 1, "eu-west-1": 40 }), []);
  assert.deepEqual(delayProblems(plan, { "us-west-1": 1 }), [
    { where: "--regions", found: '"us-west-1"', expected: "one of us-east-1, eu-west-1" },
  ]);
  const found = delayProblems(checkedPlan(ORIGIN), { "us-east-1": 1 }).map(({ where, found: what }) => [where, what]);
  assert.deepEqual(found, [
    ["--regions", '"us-east-1"'],
    ["$.gateway", "no gateway in a run with --regions"],
  ]);
});

test("a stored plan shows whether its regions had networks: such a run cannot be resumed", () => {
  const changes = { regions: REGIONS, gateway: {} };
  assert.equal(isDelayed(checkedPlan(ORIGIN, changes)), false);
  assert.equal(isDelayed(checkedPlan("http://10.83.7.1:8545", { ...changes, allowedHosts: ["10.83.7.1"] })), true);
});

test("volley run refuses delays that it cannot give, with exit code 2", async (t) => {
  const folder = temporaryFolder(t);
  writeFileSync(`${folder}/plan.json`, JSON.stringify(planInput(ORIGIN, { regions: REGIONS })));
  for (const [delays, expected, ...more] of [
    ["us-east-1", /such as us-east-1=1ms,eu-west-1=40ms/],
    ["us-west-1=1ms", /--regions: found "us-west-1"; expected one of us-east-1, eu-west-1/],
    ["us-east-1=1ms", /found delays beside --stack or --store/, "--store", "s3:bucket"],
  ] as const) {
    const { code, stderr } = await volley([
      "run",
      `${folder}/plan.json`,
      "--out",
      folder,
      "--regions",
      delays,
      ...more,
    ]);
    assert.equal(code, 2, stderr);
    assert.match(stderr, expected);
  }
});
