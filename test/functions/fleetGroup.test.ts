import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { startHosts } from "../../functions/ports/fleetGroup.ts";

test("a run's hosts and a spare one are started, no more than the fleet may have, and zones are not balanced meanwhile", async (t) => {
  const calls: URLSearchParams[] = [];
  const server = createServer(async (request, response) => {
    let body = "";
    for await (const piece of request) body += String(piece);
    calls.push(new URLSearchParams(body));
    response.setHeader("Content-Type", "text/xml").end(`<${calls.at(-1)?.get("Action")}Response/>`);
  }).listen(0, "127.0.0.1");
  await new Promise((done) => server.once("listening", done));
  const before = { ...process.env };
  t.after(() => {
    process.env = before;
    server.close();
    server.closeAllConnections();
  });
  await startHosts(5);
  assert.equal(calls.length, 0, "a deployment without a fleet starts none");
  Object.assign(process.env, {
    AWS_ENDPOINT_URL: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    AWS_REGION: "us-east-1",
    AWS_ACCESS_KEY_ID: "example",
    AWS_SECRET_ACCESS_KEY: "example",
    VOLLEY_FLEET_GROUP: "hosts",
    VOLLEY_FLEET_MAX_HOSTS: "6",
  });
  await startHosts(5);
  await startHosts(6);
  const told = calls.map((call) => [
    call.get("Action"),
    call.get("ScalingProcesses.member.1") ?? call.get("DesiredCapacity"),
  ]);
  assert.deepEqual(told, [
    ["SuspendProcesses", "AZRebalance"],
    ["SetDesiredCapacity", "6"],
    ["SuspendProcesses", "AZRebalance"],
    ["SetDesiredCapacity", "6"],
  ]);
});
