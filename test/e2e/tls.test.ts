import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { test } from "node:test";
import { temporaryFolder } from "../support/folder.ts";
import { planInput } from "../support/plans.ts";
import { startTlsServer } from "../support/tls.ts";
import { reportOf, volley } from "../support/volley.ts";

for (const [http, version] of [
  ["1.1", "1.1"],
  ["2", "2.0"],
] as const) {
  test(`HTTP/${http} over TLS: each request is counted on both sides, on connections that are kept`, async (t) => {
    const folder = temporaryFolder(t);
    const tls = await startTlsServer(t, folder);
    if (!tls) return;
    writeFileSync(`${folder}/plan.json`, JSON.stringify(planInput(tls.origin, { http })));
    const env = { NODE_EXTRA_CA_CERTS: tls.certificate };
    const ended = await volley(["run", `${folder}/plan.json`, "--out", folder, "--json"], env);
    assert.equal(ended.code, 0, ended.stdout + ended.stderr);
    assert.equal(reportOf(folder, ended).total.ledger.valid, 200);
    assert.deepEqual(tls.requests, { [version]: 200 });
    assert.ok(tls.connections <= (http === "2" ? 1 : 40), `${tls.connections} connections`);
  });
}

test("a certificate that nobody vouches for is an error of its own class", async (t) => {
  const folder = temporaryFolder(t);
  const tls = await startTlsServer(t, folder);
  if (!tls) return;
  writeFileSync(`${folder}/plan.json`, JSON.stringify(planInput(tls.origin, { duration: "1s" })));
  const ended = await volley(["run", `${folder}/plan.json`, "--out", folder, "--json"]);
  assert.equal(ended.code, 1);
  assert.deepEqual(reportOf(folder, ended).total.errors, { DEPTH_ZERO_SELF_SIGNED_CERT: 100 });
  assert.deepEqual(tls.requests, {});
});
