import assert from "node:assert/strict";
import { test } from "node:test";
import { handler } from "../../functions/gateway.ts";
import { CALL } from "../support/plans.ts";

/** A function URL's event, as in AWS's documentation (payload format 2.0), with another body. */
function urlEvent(body: string, isBase64Encoded: boolean) {
  return {
    version: "2.0",
    routeKey: "$default",
    rawPath: "/my/path",
    rawQueryString: "parameter1=value1&parameter1=value2&parameter2=value",
    headers: { "content-type": "application/json" },
    requestContext: { accountId: "123456789012", http: { method: "POST", path: "/my/path", protocol: "HTTP/1.1" } },
    body,
    isBase64Encoded,
  };
}

test("the stand-in gateway answers a function URL's event with a relay, whether or not its body is in base64", async () => {
  const text = JSON.stringify({ ...CALL, id: 7 });
  for (const event of [urlEvent(text, false), urlEvent(Buffer.from(text).toString("base64"), true)]) {
    const { statusCode, headers, body } = await handler(event);
    assert.deepEqual([statusCode, headers["Content-Type"]], [200, "application/json"]);
    const { id, result } = JSON.parse(body) as { id: number; result: string };
    assert.equal(id, 7);
    assert.match(result, /^0x[0-9a-f]+$/);
  }
  const { body } = await handler({});
  assert.equal((JSON.parse(body) as { error: { code: number } }).error.code, -32_700, "an event without a body");
});
