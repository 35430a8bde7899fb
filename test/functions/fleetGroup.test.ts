import assert from "node:assert/strict";
import { test } from "node:test";
import { startHosts } from "../../functions/ports/fleetGroup.ts";
import { startService, textOf } from "../support/service.ts";

test("the hosts for a run's workers and a spare one are started, no more than the fleet may have; zones are not balanced meanwhile", async (t) => {
  const calls: URLSearchParams[] = [];
  await startService(t, "AWS_ENDPOINT_URL", async (request, response) => {
    calls.push(new URLSearchParams(await textOf(request)));
    response.setHeader("Content-Type", "text/xml").end(`<${calls.at(-1)?.get("Action")}Response/>`);
  });
  await startHosts(5);
  assert.equal(calls.length, 0, "a deployment without a fleet starts none");
  Object.assign(process.env, { VOLLEY_FLEET_GROUP: "hosts", VOLLEY_FLEET_MAX_HOSTS: "6" });
  await startHosts(5);
  await startHosts(6);
  process.env.VOLLEY_FLEET_WORKERS_PER_HOST = "2";
  await startHosts(5);
  const told = calls.map((call) => [
    call.get("Action"),
    call.get("ScalingProcesses.member.1") ?? call.get("DesiredCapacity"),
  ]);
  assert.deepEqual(told, [
    ["SuspendProcesses", "AZRebalance"],
    ["SetDesiredCapacity", "6"],
    ["SuspendProcesses", "AZRebalance"],
    ["SetDesiredCapacity", "6"],
    ["SuspendProcesses", "AZRebalance"],
    // Three hosts with two workers each, and the spare.
    ["SetDesiredCapacity", "4"],
  ]);
});
