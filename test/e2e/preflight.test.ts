import assert from "node:assert/strict";
import { existsSync, readdirSync, writeFileSync } from "node:fs";
import { type TestContext, test } from "node:test";
import { temporaryFolder } from "../support/folder.ts";
import { CALL, chainInput, planInput } from "../support/plans.ts";
import { answeringServer, DEAD_ORIGIN, jsonResponse, RELAY, rawServer } from "../support/servers.ts";
import { type Ended, reportOf, volley } from "../support/volley.ts";

interface Tried {
  folder: string;
  ended: Ended;
}

async function runPlan(t: TestContext, plan: object): Promise<Tried> {
  const folder = temporaryFolder(t);
  writeFileSync(`${folder}/plan.json`, JSON.stringify(plan));
  return { folder, ended: await volley(["run", `${folder}/plan.json`, "--out", folder, "--json"]) };
}

function assertRefused({ folder, ended }: Tried, says: RegExp): void {
  assert.equal(ended.code, 2, ended.stdout + ended.stderr);
  assert.match(ended.stderr, says);
  for (const run of readdirSync(`${folder}/runs`)) assert.ok(!existsSync(`${folder}/runs/${run}/assignments.json`));
}

test("a host that does not resolve and one that refuses end the run before its load, each by its class", async (t) => {
  let requests = 0;
  const fine = await answeringServer(t, () => {
    requests++;
    return jsonResponse(RELAY);
  });
  const nowhere = { name: "nowhere", rps: 10, targets: [{ url: "http://gateway.invalid/", body: CALL }] };
  const chains = [chainInput("fine", 100, fine.origin), chainInput("dead", 100, DEAD_ORIGIN), nowhere];
  const tried = await runPlan(
    t,
    planInput("", { chains, preflight: true, duration: "30s", allowedHosts: ["gateway.invalid"] }),
  );
  assertRefused(tried, /\$\.chains\[1\]\.targets\[0\].*ECONNREFUSED \(nobody listens there\)/);
  assert.match(tried.ended.stderr, /\$\.chains\[2\]\.targets\[0\].*(ENOTFOUND|EAI_AGAIN) \(the host's name/);
  assert.equal(requests, 1, "one request to a target that answers");
  assert.ok(tried.ended.tookMs < 15_000);
});

test("a target that resets one connection is none the worse; one that answers with an error is warned of", async (t) => {
  let connections = 0;
  const flaky = await rawServer(t, (socket) => {
    if (++connections === 1) socket.resetAndDestroy();
    else socket.on("data", () => socket.write(jsonResponse("{}", "503 Service Unavailable")));
  });
  const { ended, folder } = await runPlan(t, planInput(flaky.origin, { duration: "1s", preflight: true }));
  assert.equal(reportOf(folder, ended).total.statuses[503], 100);
  assert.match(ended.stdout, /warning: ethereum: .* answers http-503/);
});

test("without preflight a dead target is loaded, and nothing is sent ahead", async (t) => {
  let requests = 0;
  const server = await answeringServer(t, () => {
    requests++;
    return jsonResponse(RELAY);
  });
  const { ended, folder } = await runPlan(t, planInput(server.origin, { duration: "1s", preflight: false }));
  assert.equal(requests, reportOf(folder, ended).total.ledger.sent);
});

test("before the run nothing is written, and no id of the run is used", async (t) => {
  const bodies: string[] = [];
  const server = await answeringServer(t, (_, request) => {
    bodies.push(request.split("\r\n\r\n")[1] ?? "");
    return jsonResponse(RELAY);
  });
  const write = { jsonrpc: "2.0", method: "eth_sendRawTransaction", params: ["0x02"], id: 1 };
  const chains = [
    {
      name: "c",
      rps: 20,
      targets: [
        { url: server.origin, body: CALL },
        { url: server.origin, body: write },
      ],
    },
  ];
  const { ended, folder } = await runPlan(
    t,
    planInput("", { chains, ids: "unique", duration: "1s", preflight: true, workers: 1 }),
  );
  const { ledger } = reportOf(folder, ended).total;
  assert.equal(bodies.length, ledger.sent + 2, "two more than the run's own, which its ledger has not");
  assert.equal(bodies.filter((body) => body.includes("eth_sendRawTransaction")).length, ledger.sent / 2);
  const ids = bodies.map((body) => /"id":(\d+)/.exec(body)?.[1]);
  assert.equal(new Set(ids).size, bodies.length, ids.join(" "));
});
