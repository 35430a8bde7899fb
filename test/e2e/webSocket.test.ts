import assert from "node:assert/strict";
import { once } from "node:events";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { type TestContext, test } from "node:test";
import WebSocket, { WebSocketServer } from "ws";
import type { Report } from "../../lib/report/schema.ts";
import type { Summary } from "../../lib/results/chunk.ts";
import { startAnvil } from "../support/anvil.ts";
import { temporaryFolder } from "../support/folder.ts";
import { startHaproxy } from "../support/haproxy.ts";
import { reportOf, volley } from "../support/volley.ts";

/** Subscribers: more with `SUBSCRIBERS=1000 node --test test/e2e/webSocket.test.ts`. */
const SUBSCRIBERS = Number(process.env.SUBSCRIBERS ?? 100);
const RPS = 50;

async function run(t: TestContext, chains: unknown[], seconds: number): Promise<Report & { folder: string }> {
  const folder = temporaryFolder(t);
  const plan = { name: "sockets", chains, duration: `${seconds}s`, preflight: false, workers: 2, connections: 2 };
  writeFileSync(`${folder}/plan.json`, JSON.stringify(plan));
  return { ...reportOf(folder, await volley(["run", `${folder}/plan.json`, "--out", folder, "--json"])), folder };
}

/** The blocks that subscribers of newHeads received, by number, from the workers' summaries. */
function receivedBlocks({ folder, run: { id } }: Report & { folder: string }): Map<number, string> {
  const summaries = `${folder}/runs/${id}/summaries`;
  const files = readdirSync(summaries, { recursive: true, withFileTypes: true }).filter((each) => each.isFile());
  const read = files.map(
    ({ parentPath, name }) => JSON.parse(readFileSync(`${parentPath}/${name}`, "utf8")) as Summary,
  );
  const rows = read.flatMap(({ series }) =>
    series.flatMap(({ subscriptions }) => subscriptions?.newHeads?.items ?? []),
  );
  return new Map(rows.map(([hash, number]) => [number, hash]));
}

test("a real node behind a real proxy: subscribers' and calls' counts are the node's and the proxy's own", {
  timeout: 120_000,
}, async (t) => {
  const anvil = await startAnvil(t, 1);
  if (!anvil) return;
  const proxy = await startHaproxy(t, anvil.origin);
  if (!proxy) return;
  const url = proxy.http.replace("http:", "ws:");
  const body = { jsonrpc: "2.0", id: 1, method: "eth_chainId", params: [] };
  const subscriptions = [{ url, to: "newHeads", subscribers: SUBSCRIBERS, ramp: "2s" }];
  const chains = [{ name: "anvil", rps: RPS, targets: [{ url, body }], subscriptions }];
  const before = await proxy.counters();
  const report = await run(t, chains, 7);
  const { chains: reported } = report;
  const after = await proxy.counters();
  const [chain] = reported;
  const [heads] = chain?.subscriptions ?? [];
  assert.ok(chain && heads && chain.sockets);
  assert.equal(chain.ledger.valid, chain.ledger.sent);
  assert.equal(heads.subscribed, SUBSCRIBERS);
  // Two workers with two sockets each for calls, and one for each subscriber.
  assert.equal(after.switched - before.switched, SUBSCRIBERS + chain.sockets.opened);
  assert.deepEqual([heads.missed, heads.doubled, heads.gaps, heads.silent], [0, 0, 0, 0]);
  assert.equal(heads.notifications, heads.expected);
  // A block each second, from when the first one was subscribed until the end.
  assert.ok(heads.items >= 3 && heads.items <= 9, `${heads.items} blocks`);
  const blocks = [...receivedBlocks(report)].sort(([a], [b]) => a - b);
  assert.equal(blocks.length, heads.items);
  const numbers = blocks.map(([number]) => number);
  assert.deepEqual(
    numbers,
    numbers.map((_, place) => (numbers[0] ?? 0) + place),
  );
  for (const [number, hash] of blocks) {
    const block = (await anvil.call("eth_getBlockByNumber", [`0x${number.toString(16)}`, false])) as { hash: string };
    assert.equal(hash, block.hash);
  }
  assert.ok(heads.notifications >= 2 * SUBSCRIBERS, `${heads.notifications} notifications`);
  assert.ok(heads.lagMs && heads.subscribeMs);
});

/** A proxy of WebSockets that drops one message to a client in so many; gives its origin and what it dropped. */
async function droppingProxy(t: TestContext, node: string, every: number): Promise<{ url: string; dropped(): number }> {
  const server = createServer();
  const sockets = new WebSocketServer({ server });
  let [seen, dropped] = [0, 0];
  sockets.on("connection", (client) => {
    const upstream = new WebSocket(node.replace("http:", "ws:"));
    const waiting: Buffer[] = [];
    client.on("message", (data: Buffer) =>
      upstream.readyState === upstream.OPEN ? upstream.send(data, { binary: false }) : waiting.push(data),
    );
    upstream.on("open", () => {
      for (const data of waiting) upstream.send(data, { binary: false });
    });
    upstream.on("message", (data: Buffer) => {
      // Answers are let through, and the first notifications: a subscriber that has had none is expected to have none.
      const counts = data.includes("eth_subscription") && ++seen > 2 * SUBSCRIBERS;
      if (counts && seen % every === 0 && seen < 5 * SUBSCRIBERS) dropped++;
      else client.send(data, { binary: false });
    });
    client.on("close", () => upstream.terminate());
    for (const each of [client, upstream]) each.on("error", () => each.terminate());
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => {
    for (const socket of sockets.clients) socket.terminate();
    server.close();
  });
  return { url: `ws://127.0.0.1:${(server.address() as AddressInfo).port}`, dropped: () => dropped };
}

test("a proxy that drops a few messages is found: the report misses what it dropped, and no more", {
  timeout: 120_000,
}, async (t) => {
  const anvil = await startAnvil(t, 0.25);
  if (!anvil) return;
  const proxy = await droppingProxy(t, anvil.origin, SUBSCRIBERS >= 1_000 ? 1_000 : 97);
  const subscriptions = [{ url: proxy.url, to: "newHeads", subscribers: SUBSCRIBERS, ramp: "0.2s" }];
  const { chains, hints, verdict } = await run(t, [{ name: "anvil", subscriptions }], 5);
  const [heads] = chains[0]?.subscriptions ?? [];
  assert.ok(heads);
  assert.ok(proxy.dropped() > 0);
  assert.equal(heads.missed, proxy.dropped());
  assert.equal(heads.missedByNumber, proxy.dropped());
  assert.equal(heads.reached, SUBSCRIBERS);
  assert.ok(
    verdict.causes.every(({ kind }) => kind !== "nothing-scheduled"),
    verdict.reasons.join("\n"),
  );
  assert.ok(hints.some(({ what }) => what.includes("notifications were missed")));
});
