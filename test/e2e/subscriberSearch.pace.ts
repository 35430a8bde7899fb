import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { type TestContext, test } from "node:test";
import type { WebSocket } from "ws";
import { temporaryFolder } from "../support/folder.ts";
import { reportOf, volley } from "../support/volley.ts";
import { type SocketServerOptions, socketServer } from "../support/webSockets.ts";

/** Blocks a second that the node announces. */
const BLOCKS_PER_SECOND = 5;

function head(number: number, subscription: string): string {
  const hash = `0x${number.toString(16).padStart(64, "0")}`;
  const params = { subscription, result: { hash, number: `0x${number.toString(16)}` } };
  return JSON.stringify({ jsonrpc: "2.0", method: "eth_subscription", params });
}

/** A node that announces blocks to at most `most` subscribers at a time; `options` refuse others. */
async function node(t: TestContext, most: number, options: SocketServerOptions = {}): Promise<string> {
  const subscribed = new Set<WebSocket>();
  const server = await socketServer(t, {
    ...options,
    answer(text, socket) {
      subscribed.add(socket);
      socket.on("close", () => subscribed.delete(socket));
      return JSON.stringify({ jsonrpc: "2.0", id: (JSON.parse(text) as { id: number }).id, result: "0x1" });
    },
  });
  let block = 0;
  const timer = setInterval(() => {
    block++;
    for (const socket of [...subscribed].slice(0, most)) socket.send(head(block, "0x1"));
  }, 1_000 / BLOCKS_PER_SECOND);
  t.after(() => clearInterval(timer));
  return server.origin;
}

test("a search finds how many subscribers a node serves: one leaves out those above 25, one refuses those above 18", {
  timeout: 180_000,
}, async (t) => {
  const leavesOut = await node(t, 25);
  const sockets = new Set<unknown>();
  const refuses = await node(t, 1_000, {
    refuse({ socket }) {
      if (sockets.size >= 18) return 503;
      sockets.add(socket);
      socket.on("close", () => sockets.delete(socket));
      return undefined;
    },
  });
  const chain = (name: string, url: string) => ({
    name,
    subscriptions: [{ url, to: "newHeads", subscribers: 20, ramp: "200ms" }],
  });
  const plan = {
    name: "subscribers",
    chains: [chain("leaves-out", leavesOut), chain("refuses", refuses)],
    duration: "4s",
    profile: { type: "search", precision: 0.05, repeats: 0, coolDown: "1s", together: false },
    slo: { success: 1 },
    preflight: false,
  };
  const folder = temporaryFolder(t);
  writeFileSync(`${folder}/plan.json`, JSON.stringify(plan));
  const ended = await volley(["run", `${folder}/plan.json`, "--out", folder, "--json"]);
  const report = reportOf(folder, ended);
  const [dropping, refusing] = report.capacity?.chains ?? [];
  const trials = JSON.stringify(report.capacity?.trials);
  assert.equal(dropping?.subscribers?.capacity, 25, trials);
  assert.equal(refusing?.subscribers?.capacity, 18, trials);
  assert.deepEqual(refusing?.subscribers?.interval, [18, 19]);
  assert.deepEqual(report.verdict.causes, []);
  assert.equal(report.capacity?.limitFound, true);
  assert.deepEqual([report.capacity?.totalRps, report.capacity?.scaling], [null, null], "no rate was searched");
  assert.deepEqual(report.capacity?.trials[0]?.subscribers, { "leaves-out": 20 });
  assert.match(ended.stdout, /"subscribers":\{"leaves-out":30\}/, "the trial's line has its subscribers");
});
