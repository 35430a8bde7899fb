import assert from "node:assert/strict";
import { test } from "node:test";
import { wakeFunctions } from "../../functions/ports/wake.ts";
import { startService } from "../support/service.ts";

test("functions that are inactive are called, which wakes them, and waited for; those that are active are left alone", async (t) => {
  const states: Record<string, string[]> = { attack: ["Inactive", "Pending", "Active"], watch: ["Active"] };
  const calls: string[] = [];
  await startService(t, "AWS_ENDPOINT_URL_LAMBDA", (request, response) => {
    const [, name = "", what = ""] = /functions\/(\w+)\/(\w+)/.exec(request.url ?? "") ?? [];
    calls.push(`${name} ${what}`);
    response.setHeader("Content-Type", "application/json");
    if (what === "configuration")
      return void response.end(JSON.stringify({ State: states[name]?.shift() ?? "Active" }));
    response.writeHead(502, { "x-amzn-ErrorType": "ResourceNotReadyException" }).end("{}");
  });
  await wakeFunctions();
  assert.equal(calls.length, 0, "a deployment without a network wakes none");
  process.env.VOLLEY_WAKES = "attack,watch";
  await wakeFunctions();
  const of = (name: string) => [...new Set(calls.filter((call) => call.startsWith(name)))];
  assert.deepEqual(of("attack"), ["attack configuration", "attack invocations"]);
  assert.equal(calls.filter((call) => call === "attack configuration").length, 3);
  assert.deepEqual(of("watch"), ["watch configuration"]);
});
