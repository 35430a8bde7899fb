import assert from "node:assert/strict";
import { test } from "node:test";
import { startHosts } from "../../functions/ports/fleetGroup.ts";
import { startService, textOf } from "../support/service.ts";

test("the hosts for a run's workers and a spare one are started, no more than the fleet may have; zones are not balanced meanwhile", async (t) => {
  const calls: URLSearchParams[] = [];
  let desired = 0;
  await startService(t, "AWS_ENDPOINT_URL", async (request, response) => {
    const call = new URLSearchParams(await textOf(request));
    calls.push(call);
    const action = call.get("Action");
    desired = Number(call.get("DesiredCapacity") ?? desired);
    const group = `<member><AutoScalingGroupName>hosts</AutoScalingGroupName><DesiredCapacity>${desired}</DesiredCapacity></member>`;
    const found =
      action === "DescribeAutoScalingGroups"
        ? `<${action}Result><AutoScalingGroups>${group}</AutoScalingGroups></${action}Result>`
        : "";
    response.setHeader("Content-Type", "text/xml").end(`<${action}Response>${found}</${action}Response>`);
  });
  await startHosts(5);
  assert.equal(calls.length, 0, "a deployment without a fleet starts none");
  Object.assign(process.env, { VOLLEY_FLEET_GROUP: "hosts", VOLLEY_FLEET_MAX_HOSTS: "6" });
  const started = async (workers: number): Promise<number> => {
    await startHosts(workers);
    return desired;
  };
  assert.equal(await started(3), 4);
  assert.equal(await started(2), 4, "hosts that are there for another run are kept");
  assert.equal(await started(6), 6);
  desired = 0;
  process.env.VOLLEY_FLEET_WORKERS_PER_HOST = "2";
  assert.equal(await started(5), 4, "three hosts with two workers each, and the spare");
  assert.equal(calls.filter((call) => call.get("ScalingProcesses.member.1") === "AZRebalance").length, 4);
});
