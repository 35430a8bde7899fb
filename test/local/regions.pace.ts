import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { type TestContext, test } from "node:test";
import { HostNetwork } from "../../lib/local/hostNetwork.ts";
import type { ReportRegion } from "../../lib/report/regionSchema.ts";
import type { Report } from "../../lib/report/schema.ts";
import { temporaryFolder } from "../support/folder.ts";
import { OWN_NETWORK } from "../support/network.ts";
import { ROOT, reportOf, startVolley } from "../support/volley.ts";

/** Round-trip times to the gateway, in ms. `here` has no network of its own: it shows what a request takes without one. */
const DELAYS = { near: 1, middle: 40, far: 120 };
const REGIONS = { here: 0.25, near: 0.25, middle: 0.25, far: 0.25 };

/** The environment in which tc has netem: where the kernel has none, test/support/netem/tc holds the packets instead. */
function withNetem(): Record<string, string> {
  const netem = ["tc", "qdisc", "add", "dev", "lo", "root", "netem", "delay", "1ms"];
  if (spawnSync("unshare", ["-n", ...netem]).status === 0) return {};
  return { PATH: `${ROOT}test/support/netem:${process.env.PATH}` };
}

function canIsolate(t: TestContext): boolean {
  const isPossible = HostNetwork.isPossible();
  if (!isPossible) t.skip("needs root and network namespaces (unshare, ip, nsenter)");
  return isPossible;
}

function p50Of({ responseTimeMs }: Pick<ReportRegion, "responseTimeMs">): number {
  assert.ok(responseTimeMs);
  return responseTimeMs.p50;
}

/** Runs the plan once, and returns its report. */
async function runOnce(t: TestContext): Promise<Report> {
  const folder = temporaryFolder(t);
  const latencyMs = { p50: 20, p99: 20 };
  const plan = {
    name: "regions",
    regions: REGIONS,
    gateway: { chains: [{ name: "ethereum", endpoint: "ETH_ENDPOINT_ID", latencyMs }] },
    chains: [{ name: "ethereum", rps: 100, targets: `${ROOT}plans/targets/targets-ethereum.txt` }],
    duration: "10s",
  };
  writeFileSync(`${folder}/plan.json`, JSON.stringify(plan));
  const delays = Object.entries(DELAYS).map(([name, ms]) => `${name}=${ms}ms`);
  const args = ["run", `${folder}/plan.json`, "--out", folder, "--json", "--regions", delays.join(",")];
  const running = startVolley(args, withNetem(), OWN_NETWORK);
  t.after(() => running.child.kill("SIGKILL"));
  return reportOf(folder, await running.ended);
}

/** How far each region's median is from that of the workers here plus its distance, in ms. */
function offsOf({ regions = [] }: Report): { name: string; offMs: number }[] {
  const [here, ...away] = regions;
  assert.ok(here);
  return away.map((region) => {
    const delayMs = DELAYS[region.name as keyof typeof DELAYS];
    return { name: region.name, offMs: p50Of(region) - p50Of(here) - delayMs };
  });
}

/** A busy machine makes single runs slow, in some regions more than in others; a wrong distance is wrong in each of them. */
const MOST_RUNS = 3;

test("three regions, 1, 40 and 120 ms away: each median shows its distance, and the gateway counted every request", {
  timeout: 180_000,
}, async (t) => {
  if (!canIsolate(t)) return;
  for (let run = 1; ; run++) {
    const report = await runOnce(t);
    const { regions = [], chains } = report;
    assert.deepEqual(
      regions.map(({ name, ledger }) => [name, ledger.scheduled]),
      Object.keys(REGIONS).map((name) => [name, 250]),
    );
    assert.equal(chains[0]?.truth?.requests, chains[0]?.ledger.sent);
    const isTogether = regions.every(({ startSkewMs }) => (startSkewMs ?? Infinity) <= 50);
    const offs = offsOf(report);
    if (isTogether && offs.every(({ offMs }) => Math.abs(offMs) <= 1)) return;
    const skews = regions.map(({ startSkewMs }) => startSkewMs);
    assert.ok(run < MOST_RUNS, JSON.stringify({ offs, skews }));
  }
});
