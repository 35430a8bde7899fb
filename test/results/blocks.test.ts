import assert from "node:assert/strict";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { type TestContext, test } from "node:test";
import { expectedOf } from "../../lib/answers/expected.ts";
import { judgeResponse } from "../../lib/answers/jsonrpc.ts";
import { Recorder } from "../../lib/attack/recorder.ts";
import { BlockCounter, StaleBlocks } from "../../lib/results/blocks.ts";
import type { Series } from "../../lib/results/chunk.ts";
import { balances } from "../../lib/results/ledger.ts";
import { SeriesSum } from "../../lib/results/seriesSum.ts";
import { temporaryFolder } from "../support/folder.ts";
import { checkedPlan } from "../support/plans.ts";
import { reportOf, volley } from "../support/volley.ts";

const PLAN = checkedPlan("http://127.0.0.1:1");
const [CHAIN] = PLAN.chains;
assert.ok(CHAIN);
const CHAINS = { chains: [{ ...CHAIN, staleBlocks: 2 }] };

/** A worker's series: each answer was due and came at an instant, in ms, with a block. */
function seriesOf(answers: readonly (readonly [dueMs: number, block: number, tookMs?: number])[], targets = 1): Series {
  const recorder = new Recorder(CHAIN?.name ?? "", "measure", 1_000, { timings: 0, targets });
  for (const [index, [dueMs, block, tookMs = 5]] of answers.entries()) {
    const target = index % targets;
    recorder.sent(dueMs, 0, 1, target);
    const response = { responseMs: tookMs, serviceMs: tookMs, status: 200, bytes: 10, classified: "valid" };
    recorder.responded(dueMs, response, target);
    const verdict = { name: "valid", blocks: [block] };
    recorder.noted(dueMs, { responseMs: tookMs, verdict, status: 200, body: Buffer.alloc(0) }, target);
  }
  return recorder.take() ?? assert.fail();
}

function judged(...workers: Series[]): number[] {
  const stale = new StaleBlocks(CHAINS);
  for (const series of workers) stale.learn([series]);
  for (const series of workers) stale.judge([series]);
  return workers.map(({ invalid }) => invalid["stale-block"] ?? 0);
}

const every100ms = (block: (n: number) => number, count = 40) =>
  Array.from({ length: count }, (_, n) => [n * 100, block(n)] as const);

test("an answer is stale by what another worker was answered before it was due", () => {
  // Of the first slot of 250 ms nothing is known before.
  assert.deepEqual(judged(seriesOf(every100ms(() => 100)), seriesOf(every100ms(() => 97))), [0, 37]);
  assert.deepEqual(judged(seriesOf(every100ms(() => 100)), seriesOf(every100ms(() => 98))), [0, 0]);
});

test("a chain that goes on makes no answer stale", () => {
  assert.deepEqual(judged(seriesOf(every100ms((n) => 100 + n)), seriesOf(every100ms((n) => 100 + n))), [0, 0]);
});

test("an answer that was long under way is judged by what was known when it was due", () => {
  const quick = every100ms((n) => 100 + 10 * Math.floor(n / 10));
  // Due in the first second, it names a block of then, though it comes in the fourth.
  const slow = [[900, 100, 3_000]] as const;
  assert.deepEqual(judged(seriesOf(quick), seriesOf(slow)), [0, 0]);
});

test("one absurd block makes no other stale, first or later", () => {
  const honest = every100ms(() => 100);
  const absurd = honest.map(([dueMs, block], n) => [dueMs, n === 0 ? 0xffffff : block] as const);
  assert.deepEqual(judged(seriesOf(honest), seriesOf(absurd)), [0, 0]);
  const again = every100ms((n) => (n % 100 === 50 ? 0xffffff : 100), 400);
  assert.deepEqual(judged(seriesOf(again), seriesOf(every100ms(() => 90, 400))), [0, 397]);
});

test("what is stale is no relay, in each second and for each target, and the ledger balances", () => {
  const series = seriesOf(
    every100ms((n) => (n % 2 === 0 ? 100 : 50)),
    2,
  );
  const [stale] = judged(series);
  assert.equal(stale, 19);
  assert.equal(series.valid, 21);
  const sum = new SeriesSum();
  sum.addSeconds(series);
  const seconds = [...sum.seconds.values()];
  assert.equal(
    seconds.reduce((sum, { invalid }) => sum + invalid, 0),
    19,
  );
  assert.equal(
    seconds.reduce((sum, { classes = {} }) => sum + (classes["stale-block"] ?? 0), 0),
    19,
  );
  for (const each of seconds) assert.equal(each.sent, each.valid + each.invalid);
  assert.deepEqual(
    series.targets?.map(({ valid, invalid }) => [valid, invalid]),
    [
      [20, 0],
      [1, 19],
    ],
  );
});

test("a worker counts what is stale by its own answers, for the breaker", () => {
  const series = seriesOf(every100ms((n) => (n % 2 === 0 ? 100 : 50)));
  const stale = new StaleBlocks(CHAINS);
  stale.learn([series]);
  assert.equal(stale.count(series), 19);
  assert.equal(series.valid, 40, "and moves none: reduction does");
});

test("counts that do not hold together are left as they are", () => {
  const series = seriesOf(every100ms((n) => (n % 2 === 0 ? 100 : 50)));
  series.blocks?.told.push([8, 0, 1, 1_000], [1e9, 0, 1, 1]);
  judged(series);
  for (const [, , , valid] of series.seconds) assert.ok(valid >= 0);
});

test("a target that answers with any number takes no more memory", () => {
  const counter = new BlockCounter();
  for (let n = 0; n < 100_000; n++) counter.count(n % 1_000, n % 1_000, [n], 0);
  assert.ok((counter.counts()?.seen.length ?? 0) <= 4 * 32);
  assert.ok((counter.counts()?.told.length ?? 0) <= 4 * 1_024);
});

test("blocks are read from calls of eth_blockNumber, alone and in a batch", () => {
  const call = (id: number, method = "eth_blockNumber") => ({ jsonrpc: "2.0", id, method });
  const judge = (request: unknown, response: string) =>
    judgeResponse(200, Buffer.from(response), expectedOf(JSON.stringify(request), [], { blocks: true }));
  const answer = (id: number, result: string): string => `{"jsonrpc":"2.0","id":${id},"result":"${result}"}`;
  assert.deepEqual(judge(call(1), answer(1, "0x10")).blocks, [16]);
  assert.deepEqual(judge(call(1), ` ${answer(1, "0x10")}`).blocks, [16], "read in full alike");
  assert.equal(judge(call(1), answer(1, "sixteen")).blocks, undefined);
  assert.equal(judge(call(1), answer(1, `0x${"f".repeat(40)}`)).blocks, undefined);
  assert.equal(judge(call(1, "eth_chainId"), answer(1, "0x10")).blocks, undefined);
  const batch = [call(1), call(2, "eth_chainId"), call(3)];
  const answers = `[${answer(3, "0x11")},${answer(2, "0x1")},${answer(1, "0x10")}]`;
  assert.deepEqual(judge(batch, answers), { name: "valid", blocks: [16, 17] });
});

/** Two nodes behind a balancer that keeps each client on one of them, of which the second is 50 blocks behind. */
async function twoNodes(t: TestContext): Promise<string> {
  const server = createServer((request, response) => {
    let text = "";
    request.on("data", (data) => {
      text += data;
    });
    request.on("end", () => {
      const { id } = JSON.parse(text) as { id: number };
      const behind = id % 2 === 1;
      const absurd = request.url === "/absurd" && id % 100 === 0;
      response.end(JSON.stringify({ jsonrpc: "2.0", id, result: absurd ? "0xffffff" : behind ? "0xce" : "0x100" }));
    });
  }).listen(0, "127.0.0.1");
  t.after(() => server.close());
  await once(server, "listening");
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

for (const [why, path, workers] of [
  ["one worker that meets both nodes", "/", 1],
  ["two workers that meet one each, and a number that is absurd at times", "/absurd", 2],
] as const) {
  test(`stale blocks in a run: ${why}`, async (t) => {
    const folder = temporaryFolder(t);
    const body = { jsonrpc: "2.0", id: 1, method: "eth_blockNumber", params: [] };
    const targets = [{ url: `${await twoNodes(t)}${path}`, body }];
    const chain = { name: "dev", rps: 100, staleBlocks: 3, targets };
    const plan = {
      name: "stale",
      ids: "unique",
      workers,
      perWorkerRps: 100,
      chains: [chain],
      duration: "3s",
      preflight: false,
    };
    writeFileSync(`${folder}/plan.json`, JSON.stringify(plan));
    const report = reportOf(folder, await volley(["run", `${folder}/plan.json`, "--out", folder, "--json"]));
    const { ledger, invalid } = report.total;
    assert.ok(balances(ledger));
    assert.ok(ledger.sent > 200);
    // Half of them, but for those of the first 250 ms, and of a second more where a worker began late.
    const stale = invalid["stale-block"] ?? 0;
    assert.ok(stale >= ledger.sent / 3 && stale <= ledger.sent / 2 + 1, `${stale} of ${ledger.sent}`);
    assert.equal(ledger.valid + stale, ledger.sent);
    assert.equal(
      report.workers.reduce((sum, worker) => sum + (worker.invalid["stale-block"] ?? 0), 0),
      stale,
    );
  });
}
