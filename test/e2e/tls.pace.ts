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

/** The machine that tests run on may be busy: what is sent counts here, and not when. */
const PATIENT = { sendLagP99Ms: 10_000, startSkewMs: 10_000 };

for (const http of ["1.1", "2"]) {
  test(`HTTP/${http} over TLS: ids stand in header, URL and body, and digits that look like one are sent as they are`, async (t) => {
    const folder = temporaryFolder(t);
    const tls = await startTlsServer(t, folder);
    if (!tls) return;
    const seen: string[] = [];
    tls.server.on("request", (request) => {
      let body = "";
      request.setEncoding("latin1").on("data", (text: string) => {
        body += text;
      });
      request.on("end", () => {
        const { "x-request-id": id, "x-trace": trace, cookie } = request.headers;
        seen.push([request.url, id, trace, cookie, body].join(" "));
      });
    });
    const body = '{"jsonrpc":"2.0","id":1,"method":"m","params":["100000000000",{{id}},"x-{{id}}"]}';
    const headers = { "X-Request-Id": "r-{{id}}", "X-Trace": "100000000000", Cookie: ["a=1", "b=2"] };
    const chain = { name: "a", rps: 5, targets: [{ url: `${tls.origin}/100000000000?r={{id}}`, headers, body }] };
    writeFileSync(
      `${folder}/plan.json`,
      JSON.stringify(planInput(tls.origin, { chains: [chain], http, duration: "1s", limits: PATIENT })),
    );
    const env = { NODE_EXTRA_CA_CERTS: tls.certificate };
    const ended = await volley(["run", `${folder}/plan.json`, "--out", folder, "--json"], env);
    assert.equal(ended.code, 0, ended.stdout + ended.stderr);
    const expected = Array.from({ length: 5 }, (_, n) => {
      const id = `10000000000${n}`;
      return `/100000000000?r=${id} r-${id} 100000000000 a=1; b=2 ${body.replaceAll("{{id}}", id)}`;
    });
    assert.deepEqual(seen.toSorted(), expected);
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
