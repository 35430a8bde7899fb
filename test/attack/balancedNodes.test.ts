import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { type TestContext, test } from "node:test";
import { nodesReport } from "../../lib/report/nodes.ts";
import type { ReportChain } from "../../lib/report/schema.ts";
import { startNginx } from "../support/nginx.ts";
import { runOneWorker } from "../support/oneWorker.ts";
import { checkedPlan } from "../support/plans.ts";

/** A node behind a balancer, which counts its own requests; without a name it sends no header. */
async function startNode(t: TestContext, name?: string): Promise<{ address: string; requests(): number }> {
  let requests = 0;
  const server = createServer((request, response) => {
    requests++;
    request.resume();
    if (name !== undefined) response.setHeader("X-Node", name);
    response.end('{"jsonrpc":"2.0","id":1,"result":"0x1"}');
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return { address: `127.0.0.1:${(server.address() as AddressInfo).port}`, requests: () => requests };
}

async function run(origin: string, changes: object = {}): Promise<ReportChain["nodes"]> {
  const plan = checkedPlan(origin, { nodeHeader: "X-Node", duration: "2s", workers: 1, connections: 4, ...changes });
  const { sum } = await runOneWorker(plan, 500);
  return nodesReport(sum);
}

test("each node has what it counted itself, behind nginx that gives one of them half of all requests", async (t) => {
  const nodes = [await startNode(t, "a"), await startNode(t, "b"), await startNode(t)];
  const [a, b, unnamed] = nodes;
  const servers = `server ${a?.address} weight=2; server ${b?.address}; server ${unnamed?.address};`;
  const nginx = await startNginx(t, {
    http: `upstream nodes { ${servers} }`,
    server: "location /api/ { proxy_pass http://nodes; }",
  });
  if (!nginx) return;
  const found = await run(nginx.origin);
  const responses = Object.fromEntries(found?.list.map((node) => [node.name, node.responses]) ?? []);
  assert.deepEqual(responses, { a: a?.requests(), b: b?.requests(), "(no header)": unnamed?.requests() });
  assert.ok(found);
  // Weighted round robin: a half and two quarters, to the request.
  assert.ok(Math.abs((found.list[0]?.share ?? 0) - 0.5) < 0.05, JSON.stringify(found.list));
  assert.ok(Math.abs(found.imbalance - 1.5) < 0.15, `${found.imbalance}`);
  assert.ok(Math.abs(found.stickyByChance - 0.375) < 0.05, `${found.stickyByChance}`);
  assert.ok(found.list.every(({ success, responseTimeMs }) => success === 1 && responseTimeMs));
});

test("connections that stay with their node are sticky, whatever the shares", async (t) => {
  const [a, b] = [await startNode(t, "a"), await startNode(t, "b")];
  const nginx = await startNginx(t, {
    http: `upstream nodes { hash $connection; server ${a.address}; server ${b.address}; }`,
    server: "location /api/ { proxy_pass http://nodes; }",
  });
  if (!nginx) return;
  assert.equal((await run(nginx.origin))?.sticky, 1);
});

test("a run without nodeHeader counts no nodes", async (t) => {
  const node = await startNode(t, "a");
  assert.equal(await run(`http://${node.address}`, { nodeHeader: undefined }), undefined);
});
