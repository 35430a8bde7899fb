import assert from "node:assert/strict";
import { test } from "node:test";
import { coresOf, isArm } from "../../lib/cloud/instanceType.ts";

test("an instance type's size says how many cores it has", () => {
  // From AWS's tables of EC2 instance types.
  const types = {
    "t3.micro": 2,
    "c7g.large": 2,
    "c7g.xlarge": 4,
    "m7i.2xlarge": 8,
    "c7gn.16xlarge": 64,
    "c7i.metal-24xl": 96,
  };
  for (const [type, cores] of Object.entries(types)) assert.equal(coresOf(type), cores, type);
  assert.equal(coresOf("c7g.metal"), undefined);
});

test("instance types with a g after their generation are arm64", () => {
  assert.deepEqual(["c7g.large", "c7gn.large", "t4g.small", "c7i.large", "g5.xlarge", "m7a.large"].map(isArm), [
    true,
    true,
    true,
    false,
    false,
    false,
  ]);
});
