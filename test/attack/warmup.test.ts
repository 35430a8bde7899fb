import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { pathToFileURL } from "node:url";
import { warmUp } from "../../lib/attack/warmup.ts";
import { systemClock } from "../../lib/store/clock.ts";
import { OWN_NETWORK } from "../support/network.ts";
import { chainInput, checkedPlan } from "../support/plans.ts";
import { ROOT } from "../support/volley.ts";

/** Nothing listens there: a warm-up stays in its process. */
const ORIGIN = "http://127.0.0.1:1";
const SUBSCRIBERS = { name: "blocks", subscriptions: [{ url: "ws://127.0.0.1:1", to: "newHeads", subscribers: 2 }] };

test("subscribers alone are not warmed up, and end no worker before its start", async () => {
  await warmUp(systemClock, checkedPlan(ORIGIN, { chains: [SUBSCRIBERS] }), 2_000, 100);
});

test("a chain of subscribers does not keep another chain from its warm-up", async () => {
  const chains = [SUBSCRIBERS, chainInput("ethereum", 100, ORIGIN)];
  await warmUp(systemClock, checkedPlan(ORIGIN, { chains }), 600, 100);
});

/** Uses the only port that this network has for servers, and warms up. */
const WITHOUT_PORTS = `
  require("node:fs").writeFileSync("/proc/sys/net/ipv4/ip_local_port_range", "60000 60000");
  require("node:net").createServer().listen(60_000, "127.0.0.1", async () => {
    const { warmUp } = await import(process.argv[1] + "lib/attack/warmup.ts");
    const { checkPlan } = await import(process.argv[1] + "lib/plan/load.ts");
    const target = { url: "http://127.0.0.1:1", body: { jsonrpc: "2.0", method: "eth_chainId", id: 1 } };
    const input = { name: "cold", chains: [{ name: "a", rps: 1, targets: [target] }], duration: 1 };
    await warmUp({ nowMs: () => Date.now() }, checkPlan(input, ".", "a plan"), 2_000, 100);
    process.exit(0);
  });
`;

test("a worker on a machine without a port for its warm-up starts cold", (t) => {
  if (process.getuid?.() !== 0) return t.skip("needs root: a network namespace");
  const root = pathToFileURL(ROOT).href;
  const [program = "", ...options] = [...OWN_NETWORK, process.execPath, "--disable-warning=ExperimentalWarning"];
  const { stderr, status } = spawnSync(program, [...options, "--eval", WITHOUT_PORTS, root], { encoding: "utf8" });
  assert.equal(status, 0, stderr);
});
