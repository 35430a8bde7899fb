import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { type TestContext, test } from "node:test";
import { TUNE_SCRIPT } from "../../lib/fleet/limits.ts";
import { HostNetwork } from "../../lib/local/hostNetwork.ts";
import type { Report } from "../../lib/report/schema.ts";
import { balances } from "../../lib/results/ledger.ts";
import { temporaryFolder } from "../support/folder.ts";
import { OWN_NETWORK } from "../support/network.ts";
import { type Ended, ROOT, reportOf, startVolley } from "../support/volley.ts";

/** Skips a test where hosts cannot have namespaces of their own. */
function canIsolate(t: TestContext): boolean {
  const isPossible = HostNetwork.isPossible();
  if (!isPossible) t.skip("needs root and network namespaces (unshare, ip, nsenter)");
  return isPossible;
}

interface FleetRun {
  plan: Record<string, unknown>;
  env?: Record<string, string>;
}

async function runFleet(t: TestContext, { plan, env = {} }: FleetRun): Promise<{ report: Report; ended: Ended }> {
  const folder = temporaryFolder(t);
  writeFileSync(`${folder}/plan.json`, JSON.stringify({ mode: "fleet", gateway: {}, timeout: "2s", ...plan }));
  const running = startVolley(["run", `${folder}/plan.json`, "--out", folder, "--json"], env, OWN_NETWORK);
  t.after(() => running.child.kill("SIGKILL"));
  const ended = await running.ended;
  return { report: reportOf(folder, ended), ended };
}

function chains(rps: number): object[] {
  return ["ethereum", "boba", "mantle", "kava"].map((name) => {
    return { name, rps, targets: `${ROOT}plans/targets/targets-${name}.txt` };
  });
}

const mixed = (rps: number) => ({ name: "mixed", rps, targets: `${ROOT}plans/targets/targets-all.txt` });

test("the guide's ten hosts, option A, on one machine: each with a network and ports of its own", {
  timeout: 120_000,
}, async (t) => {
  if (!canIsolate(t)) return;
  // The gateway's four chains, and those of the mix as a fifth, two hosts each.
  const plan = { name: "ten-hosts", chains: [...chains(40), mixed(40)], duration: "6s", perWorkerRps: 20 };
  const { report, ended } = await runFleet(t, { plan });
  assert.equal(report.workers.length, 10);
  assert.equal(new Set(report.workers.flatMap(({ hosts }) => hosts)).size, 10);
  assert.match(report.run.target, /^http:\/\/10\.83\./);
  for (const { name, achievedRps, ledger } of report.chains) {
    assert.ok(Math.abs(achievedRps / 40 - 1) <= 0.05, `${name}: ${achievedRps}/s: ${report.verdict.reasons.join(" ")}`);
    assert.ok(balances(ledger));
  }
  for (const { points } of report.generator.workers) {
    // 20 requests/s at 0.2 s and the store's: what a host opened itself, and none of the others' connections.
    const most = Math.max(...points.map(({ established }) => established ?? 0));
    assert.ok(most >= 4 && most < 40, `${most} connections in one host's namespace`);
  }
  assert.ok(ended.tookMs < 60_000);
});

test("ports that run out are warned of, classed and told with the guide's remedy; after tuning the same plan passes", {
  timeout: 150_000,
}, async (t) => {
  if (!canIsolate(t)) return;
  // At 2.5 s a response, 190 requests are in flight on as many ports.
  const latencyMs = { p50: 2_500, p99: 2_600 };
  const gateway = { chains: [{ name: "ethereum", endpoint: "ETH_ENDPOINT_ID", latencyMs }] };
  const load = { chains: chains(75).slice(0, 1), duration: "6s", timeout: "5s", keepalive: false };
  const plan = { name: "ports", gateway, ...load };
  const small = 'sysctl -qw net.ipv4.ip_local_port_range="40000 40119" net.ipv4.tcp_tw_reuse=0';
  const exhausted = await runFleet(t, { plan, env: { VOLLEY_HOST_SETUP: small } });
  assert.ok((exhausted.report.total.errors.EADDRNOTAVAIL ?? 0) > 0, JSON.stringify(exhausted.report.total.errors));
  assert.equal(exhausted.report.total.faults.generator, exhausted.report.total.errors.EADDRNOTAVAIL);
  assert.match(exhausted.ended.stdout, /"note","text":"warning: host-1 has \d+ ephemeral ports left/);
  const hint = exhausted.report.hints.find(({ what }) => what === "Ephemeral ports were exhausted");
  assert.match(hint?.remedy ?? "", /^Reduce the rate per host or add hosts/);

  // The host's own settings are bound read-only: what is tuned is the namespace's network alone.
  const tune = `${small}; VOLLEY_ROOT=$(mktemp -d) unshare -m sh -c 'mount -o ro,bind /proc/sys/fs /proc/sys/fs; bash ${TUNE_SCRIPT}'`;
  const tuned = await runFleet(t, { plan, env: { VOLLEY_HOST_SETUP: tune } });
  assert.equal(tuned.report.total.errors.EADDRNOTAVAIL, undefined);
  assert.equal(tuned.report.total.ledger.valid, 450, tuned.report.verdict.reasons.join(" "));
});
