import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { type TestContext, test } from "node:test";
import type { ReportChain } from "../../lib/report/schema.ts";
import { temporaryFolder } from "../support/folder.ts";
import { startLimiter } from "../support/haproxy.ts";
import { startNginx } from "../support/nginx.ts";
import { reportOf, volley } from "../support/volley.ts";

/** The limit that Volley finds at a URL with a load of 300 requests/s for 8 s, and what the terminal shows of it. */
async function limitOf(t: TestContext, url: string): Promise<{ limit: ReportChain["limit"]; text: string }> {
  const folder = temporaryFolder(t);
  const chains = [{ name: "gateway", rps: 300, targets: [{ method: "GET", url }] }];
  const plan = { name: "limit", chains, duration: "8s", profile: { type: "limit" }, preflight: false };
  writeFileSync(`${folder}/plan.json`, JSON.stringify(plan));
  const ended = await volley(["run", `${folder}/plan.json`, "--out", folder, "--json"]);
  const report = reportOf(folder, ended);
  assert.equal(report.verdict.pass, true, "no SLO is judged");
  const { stdout } = await volley(["report", report.run.id, "--out", folder]);
  return { limit: report.chains[0]?.limit, text: stdout };
}

function near(found: number | null | undefined, expected: number, share: number): void {
  assert.ok(Math.abs((found ?? 0) / expected - 1) <= share, `${found} for ${expected}`);
}

test("nginx's limit_req is found: its rate, and its burst and one", { timeout: 90_000 }, async (t) => {
  const nginx = await startNginx(t, {
    http: "limit_req_zone $binary_remote_addr zone=each:1m rate=50r/s; limit_req_status 429;",
    server: "limit_req zone=each burst=40 nodelay;",
  });
  if (!nginx) return;
  writeFileSync(`${nginx.files}/answer`, "yes");
  const { limit, text } = await limitOf(t, `${nginx.origin}/files/answer`);
  assert.equal(limit?.shape, "token-bucket", JSON.stringify(limit));
  near(limit.rps, 50, 0.05);
  // nginx lets a first request through, and "burst" of them beyond the rate.
  const [least = 0, most = 0] = limit.burstInterval ?? [];
  assert.ok(least <= 41 && most >= 41, `${least} … ${most}`);
  assert.match(text, /rate limit +shape +requests\/s[^\n]*\n[^\n]*\ngateway +token bucket/);
});

test("HAProxy's http_req_rate is found: a window that moves, or one that shuts where refused requests count", {
  timeout: 120_000,
}, async (t) => {
  const sliding = await startLimiter(t, { requests: 80, period: "2s", countsRefused: false });
  if (!sliding) return;
  const { limit } = await limitOf(t, `${sliding}/`);
  assert.equal(limit?.shape, "sliding-window", JSON.stringify(limit));
  near(limit.rps, 40, 0.06);
  near(limit.burst, 80, 0.03);
  near(limit.windowMs, 2_000, 0.08);

  const shut = await startLimiter(t, { requests: 80, period: "2s", countsRefused: true });
  const { limit: found, text } = await limitOf(t, `${shut}/`);
  assert.equal(found?.shape, "shut", JSON.stringify(found));
  near(found.burst, 80, 0.03);
  assert.equal(found.rps, null);
  assert.match(text, /gateway +nothing after the burst/);
});
