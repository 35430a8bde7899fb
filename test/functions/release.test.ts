import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";

const MACHINE = "arn:aws:states:us-east-1:123456789012:stateMachine:volley";
const ended = "arn:aws:states:us-east-1:123456789012:execution:volley:evening-1";
const other = "arn:aws:states:us-east-1:123456789012:execution:volley:evening-2";

test("hosts are given back although the list still has the execution that ended, and kept where another runs", async (t) => {
  let running: string[] = [];
  let released = 0;
  let lists = 0;
  let comesWith: [list: number, executions: string[]] | undefined;
  const server = createServer(async (request, response) => {
    let body = "";
    for await (const piece of request) body += String(piece);
    if (body.includes("Action=SetDesiredCapacity")) {
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
  }).listen(0, "127.0.0.1");
  await new Promise((done) => server.once("listening", done));
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  Object.assign(process.env, {
    AWS_ENDPOINT_URL: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    AWS_REGION: "us-east-1",
    AWS_ACCESS_KEY_ID: "example",
    AWS_SECRET_ACCESS_KEY: "example",
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
