import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { type TestContext, test } from "node:test";
import { temporaryFolder } from "../support/folder.ts";
import { CALL } from "../support/plans.ts";
import { reportOf, volley } from "../support/volley.ts";

/* Searches with short trials and a wide precision: plans/capacity.json does it with narrow ones. */

const CHAIN = { name: "ethereum", endpoint: "ETH", latencyMs: { p50: 5, p99: 5 }, concurrency: 400 };

const CONFIGURATIONS: [resource: string, capacityRps: number, gateway: Record<string, unknown>][] = [
  ["cpu", 200, { cpuCores: 4, chains: [{ ...CHAIN, perRequest: { cpuMs: 20 } }] }],
  ["dbPool", 150, { dbPool: 3, chains: [{ ...CHAIN, perRequest: { dbMs: 20 } }] }],
  ["upstream", 250, { chains: [{ ...CHAIN, concurrency: 5, latencyMs: { p50: 20, p99: 20 } }] }],
];

async function search(t: TestContext, gateway: Record<string, unknown>, rps: number) {
  const folder = temporaryFolder(t);
  const targets = [{ url: "http://gateway.example/api/gateway?endpoint=ETH", body: CALL }];
  const plan = {
    name: "search",
    chains: [{ name: "ethereum", rps, targets }],
    duration: "3s",
    profile: { type: "search", precision: 0.1, repeats: 0, coolDown: "300ms" },
    slo: { p95Ms: 150 },
    gateway,
  };
  writeFileSync(`${folder}/plan.json`, JSON.stringify(plan));
  const ended = await volley(["run", `${folder}/plan.json`, "--out", folder, "--json"]);
  const report = reportOf(folder, ended);
  const [chain] = report.capacity?.chains ?? [];
  assert.ok(chain, ended.stdout + ended.stderr);
  return { chain, report };
}

for (const [resource, capacityRps, gateway] of CONFIGURATIONS) {
  test(`a gateway whose ${resource} ends first: found as such, and its capacity too`, {
    timeout: 150_000,
  }, async (t) => {
    const { chain, report } = await search(t, gateway, capacityRps * 0.8);
    const found = chain.capacityRps ?? 0;
    const true_ = chain.truth?.capacityRps ?? capacityRps;
    assert.ok(
      Math.abs(found / true_ - 1) < 0.15,
      `${found} requests/s for ${true_}; trials ${JSON.stringify(report.capacity?.trials)}`,
    );
    assert.equal(chain.bottleneck?.resource, resource, JSON.stringify(chain.bottleneck));
    assert.match(chain.bottleneck?.evidence ?? "", /in use/);
    assert.ok(Math.abs((chain.perRelay.dbQueries ?? 0) - 2) < 0.1);
    assert.ok((report.capacity?.scaling?.instancesNeeded ?? 0) > 5_000 / capacityRps);
  });
}
