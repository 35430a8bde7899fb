import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { rateLimitsReport } from "../../lib/report/rateLimits.ts";
import { startNginx } from "../support/nginx.ts";
import { runOneWorker } from "../support/oneWorker.ts";
import { checkedPlan } from "../support/plans.ts";

test("what nginx's rate limit says is recorded: as many responses as its log has refused, and its headers' values", async (t) => {
  const nginx = await startNginx(t, {
    http: "limit_req_zone $binary_remote_addr zone=all:1m rate=20r/s; log_format state $status;",
    server: `
    location /limited/ {
      alias files/;
      limit_req zone=all burst=5 nodelay;
      limit_req_status 429;
      access_log status.log state;
      add_header Retry-After 3 always;
      add_header X-RateLimit-Limit 20 always;
      add_header X-RateLimit-Remaining $connection_requests always;
      add_header RateLimit '"default";r=0;t=7' always;
      add_header X-Other 5 always;
    }`,
  });
  if (!nginx) return;
  writeFileSync(`${nginx.files}/answer.json`, "{}");
  const targets = [{ method: "GET", url: `${nginx.origin}/limited/answer.json`, expect: "http" }];
  const plan = checkedPlan(nginx.origin, {
    chains: [{ name: "nginx", rps: 100, targets }],
    duration: "2s",
    workers: 1,
  });
  const { sum } = await runOneWorker(plan, 300);
  const logged = readFileSync(`${nginx.files}/../status.log`, "utf8").split("\n");
  const refused = logged.filter((line) => line === "429").length;
  assert.ok(refused > 0, JSON.stringify([sum.statuses, sum.missed, sum.errors, logged.length, logged.slice(0, 3)]));
  const limits = rateLimitsReport(sum);
  assert.equal(limits?.responses, refused);
  const known = new Map(limits?.headers.map(({ name, ...range }) => [name, range]));
  assert.deepEqual(
    [...known.keys()],
    ["ratelimit;r", "ratelimit;t", "retry-after", "x-ratelimit-limit", "x-ratelimit-remaining"],
  );
  assert.deepEqual(known.get("retry-after"), { count: refused, min: 3, max: 3, sample: "3" });
  assert.deepEqual(known.get("ratelimit;t"), { count: refused, min: 7, max: 7, sample: '"default";r=0;t=7' });
  const remaining = known.get("x-ratelimit-remaining");
  assert.ok(remaining?.min && remaining.max && remaining.min < remaining.max && remaining.max <= logged.length);
});
