import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { test } from "node:test";
import { connectionsWithin } from "../../lib/http/fileLimit.ts";
import { balances } from "../../lib/results/ledger.ts";
import { temporaryFolder } from "../support/folder.ts";
import { chainInput, planInput } from "../support/plans.ts";
import { answeringServer, jsonResponse, RELAY } from "../support/servers.ts";
import { reportOf, startVolley } from "../support/volley.ts";
import { socketServer } from "../support/webSockets.ts";

const limits = (soft: string): string => `Max processes  7 7 processes\nMax open files            ${soft} 4096 files\n`;

test("connections are what the limit of open files leaves after those that are open and those that are kept free", () => {
  assert.equal(connectionsWithin(limits("1024"), 30), 1024 - 30 - 128);
  assert.equal(connectionsWithin(limits("100"), 40), 30);
  assert.equal(connectionsWithin(limits("20"), 40), 1);
  assert.equal(connectionsWithin(limits("unlimited"), 40), Number.POSITIVE_INFINITY);
  assert.equal(connectionsWithin("", 40), Number.POSITIVE_INFINITY);
});

test("a target that stalls ends no worker where files are few: what needs one more is missed, and the report says so", async (t) => {
  const folder = temporaryFolder(t);
  let firstMs: number | undefined;
  let most = 0;
  let open = 0;
  const server = await answeringServer(t, (socket) => {
    firstMs ??= performance.now();
    if (socket.listenerCount("close") === 1) {
      most = Math.max(most, ++open);
      socket.on("close", () => open--);
    }
    const leftMs = firstMs + 2_000 - performance.now();
    if (performance.now() < firstMs + 500 || leftMs <= 0) return jsonResponse(RELAY);
    setTimeout(() => socket.write(jsonResponse(RELAY)), leftMs);
    return undefined;
  });
  const plan = `${folder}/plan.json`;
  const chains = [chainInput("ethereum", 300, server.origin)];
  writeFileSync(plan, JSON.stringify(planInput(server.origin, { chains, duration: "3s", workers: 1 })));
  const limited = ["prlimit", "--nofile=256"];
  const ended = await startVolley(["run", plan, "--out", folder, "--json"], {}, limited).ended;
  assert.ok(ended.stdout.includes('"event":"report"'), ended.stdout + ended.stderr);
  const report = reportOf(folder, ended);
  const { missed, errors, ledger } = report.total;
  assert.equal(ledger.scheduled, 900);
  assert.ok(balances(ledger));
  assert.ok((missed["file-limit"] ?? 0) > 100, JSON.stringify(missed));
  assert.equal(missed.lost, undefined);
  assert.deepEqual(errors, {});
  assert.ok(most >= 60 && most < 200, `${most} connections`);
  assert.equal(report.workers[0]?.outcomes.join(), "completed");
  assert.equal(report.verdict.valid, false);
  assert.match(report.verdict.reasons.join("\n"), /may open no more files/);
  assert.ok(report.hints.some(({ what }) => /file descriptors/.test(what)));
});

test("connections that are opened in advance leave room for the subscribers where files are few", async (t) => {
  const folder = temporaryFolder(t);
  const calls = await answeringServer(t, () => jsonResponse(RELAY));
  const blocks = await socketServer(t);
  const subscriptions = [{ url: blocks.origin, to: "newHeads", subscribers: 40 }];
  const chains = [chainInput("ethereum", 20, calls.origin), { name: "blocks", subscriptions }];
  const plan = `${folder}/plan.json`;
  const input = { chains, duration: "3s", workers: 1, connections: 400 };
  writeFileSync(plan, JSON.stringify(planInput(calls.origin, input)));
  const limited = ["prlimit", "--nofile=256"];
  const report = reportOf(folder, await startVolley(["run", plan, "--out", folder, "--json"], {}, limited).ended);
  const [own] = report.chains.flatMap((chain) => chain.subscriptions ?? []);
  assert.deepEqual([own?.subscribed, own?.failures], [40, {}]);
  assert.deepEqual(report.total.errors, {});
});
