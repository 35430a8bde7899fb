import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { test } from "node:test";
import { connectProblems, destinationOf, parseEndpoint } from "../../lib/plan/connect.ts";
import { checkPlan } from "../../lib/plan/load.ts";
import type { Plan } from "../../lib/plan/schema.ts";
import { temporaryFolder } from "../support/folder.ts";
import { checkedPlan, planInput } from "../support/plans.ts";

const ORIGIN = "http://127.0.0.1:8080";

test("an endpoint is a host, with or without a port", () => {
  assert.deepEqual(parseEndpoint("gw.example"), { host: "gw.example" });
  assert.deepEqual(parseEndpoint("127.0.0.1:8443"), { host: "127.0.0.1", port: 8443 });
  assert.deepEqual(parseEndpoint("[::1]:8443"), { host: "::1", port: 8443 });
  assert.deepEqual(parseEndpoint("[::1]"), { host: "::1" });
  for (const text of ["", ":80", "a b", "a:0", "a:65536", "a/b", "http://a", "u@a", "::1", "[::1", "a:1:2"])
    assert.equal(parseEndpoint(text), undefined, text);
});

test("connections go where the plan sends them: host and port first, then the host, then the target itself", () => {
  const resolve = { "gw.example:443": "127.0.0.1:8443", "gw.example": "127.0.0.2", "[::1]": "[::2]:99" };
  assert.deepEqual(destinationOf("gw.example", 443, resolve), { host: "127.0.0.1", port: 8443 });
  assert.deepEqual(destinationOf("gw.example", 80, resolve), { host: "127.0.0.2", port: 80 });
  assert.deepEqual(destinationOf("[::1]", 80, resolve), { host: "::2", port: 99 });
  assert.deepEqual(destinationOf("other.example", 80, resolve), { host: "other.example", port: 80 });
  assert.deepEqual(destinationOf("[::9]", 80, undefined), { host: "::9", port: 80 });
});

test("a plan that connects to what may not be loaded, or by what is not there, is refused", (t) => {
  const folder = temporaryFolder(t);
  writeFileSync(`${folder}/cert.pem`, "x");
  const rows: [changes: Record<string, unknown>, problem: RegExp][] = [
    [{ resolve: { "gw.example": "169.254.169.254" } }, /\$\.resolve.*169\.254\.169\.254/s],
    [{ resolve: { "gw.example": "other.example:443" } }, /\$\.resolve.*other\.example/s],
    [{ resolve: { "gw.example": "http://x" } }, /\$\.resolve/],
    [{ tls: { ca: "missing.pem" } }, /\$\.tls\.ca.*missing\.pem/s],
    [{ tls: { cert: "cert.pem" } }, /\$\.tls.*cert and key/s],
    [{ dns: { ttl: "1s", select: "last" } }, /\$\.dns\.select/],
  ];
  for (const [changes, problem] of rows)
    assert.throws(() => checkPlan(planInput(ORIGIN, changes), folder, "the plan"), problem, JSON.stringify(changes));
  const plan = checkPlan(planInput(ORIGIN, { tls: { ca: "cert.pem" } }), folder, "the plan");
  assert.equal(plan.tls?.ca, `${folder}/cert.pem`, "relative to the plan");
});

test("a deployment has no files and no unix sockets to name, and its own hosts", () => {
  const plan: Plan = {
    ...checkedPlan(ORIGIN),
    unixSocket: "/run/docker.sock",
    tls: { insecure: false, ca: "/etc/passwd" },
    resolve: { "127.0.0.1": "inner.example" },
  };
  const where = connectProblems(plan, { allowedHosts: ["127.0.0.1:1"] }).map((problem) => problem.where);
  assert.deepEqual(where, ['$.resolve["127.0.0.1"]', "$.tls.ca", "$.unixSocket"]);
  assert.deepEqual(connectProblems({ ...plan, allowedHosts: ["inner.example"] }), []);
});
