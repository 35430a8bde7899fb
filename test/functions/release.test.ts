import assert from "node:assert/strict";
import { test } from "node:test";
import { startService, textOf } from "../support/service.ts";

const MACHINE = "arn:aws:states:us-east-1:123456789012:stateMachine:volley";
const ended = "arn:aws:states:us-east-1:123456789012:execution:volley:evening-1";
const other = "arn:aws:states:us-east-1:123456789012:execution:volley:evening-2";

test("hosts are given back although the list still has the execution that ended, and kept where another runs", async (t) => {
  let running: string[] = [];
  let released = 0;
  let lists = 0;
  let comesWith: [list: number, executions: string[]] | undefined;
  await startService(t, "AWS_ENDPOINT_URL", async (request, response) => {
    if ((await textOf(request)).includes("Action=SetDesiredCapacity")) {
      released++;
      response.setHeader("Content-Type", "text/xml").end("<SetDesiredCapacityResponse/>");
      return;
    }
    lists++;
    const [list, late] = comesWith ?? [Number.POSITIVE_INFINITY, []];
    const executions = (lists >= list ? late : running).map((executionArn) => ({
      executionArn,
      stateMachineArn: MACHINE,
      status: "RUNNING",
    }));
    response.setHeader("Content-Type", "application/x-amz-json-1.0").end(JSON.stringify({ executions }));
  });
  Object.assign(process.env, {
    VOLLEY_STATE_MACHINE: MACHINE,
    VOLLEY_FLEET_GROUP: "hosts",
    VOLLEY_LIST_LAG_MS: "50",
  });
  const { handler } = await import("../../functions/release.ts");
  const event = { detail: { executionArn: ended } };
  for (const [executions, expected] of [
    [[ended], true],
    [[], true],
    [[ended, other], false],
    [[other], false],
  ] as const) {
    running = [...executions];
    const before = released;
    assert.deepEqual(await handler(event), { released: expected }, executions.join());
    assert.equal(released - before, expected ? 1 : 0);
  }

  running = [];
  const before = released;
  lists = 0;
  comesWith = [2, [other]];
  assert.deepEqual(await handler({ detail: {} }), { released: false }, "an execution that the list lacked at first");
  assert.equal(released, before);
});
