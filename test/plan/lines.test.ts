import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { type TestContext, test } from "node:test";
import { isDeepStrictEqual } from "node:util";
import { prepareChain } from "../../lib/attack/requests.ts";
import { assign, phaseRange, requestNumbers } from "../../lib/plan/assign.ts";
import { LINES_IN_PLAN, ownLinesOf, planWithoutLines, withOwnLines } from "../../lib/plan/lines.ts";
import { checkPlan } from "../../lib/plan/load.ts";
import { PackedList, pack } from "../../lib/plan/packed.ts";
import type { Chain, Plan } from "../../lib/plan/schema.ts";
import { temporaryFolder } from "../support/folder.ts";

const LINES = LINES_IN_PLAN + 1_003;

const BODY = {
  jsonrpc: "2.0",
  method: "eth_getBalance",
  params: ["{{data.address}}", "{{randomHex 8}}"],
  id: "{{id}}",
};

/** A plan over three workers with a long log, a long file of targets and a long table beside it. */
function planOf(t: TestContext, chain: Record<string, unknown>, changes: Record<string, unknown> = {}): Plan {
  const folder = temporaryFolder(t);
  const bodies = Array.from({ length: LINES }, (_, id) => ({
    jsonrpc: "2.0",
    method: "eth_getBalance",
    params: id % 10 === 0 ? ["{{randomAddress}}"] : [`0x${id}`],
    id,
  }));
  const log = bodies.map((body, at) => JSON.stringify({ at, url: `http://127.0.0.1:1/${at % 3}`, body }));
  const targets = bodies.map((body, index) =>
    JSON.stringify({
      method: "POST",
      url: `http://127.0.0.1:1/${index % 3}`,
      body: Buffer.from(JSON.stringify(index % 7 === 0 ? BODY : body)).toString("base64"),
    }),
  );
  writeFileSync(`${folder}/log.jsonl`, log.join("\n"));
  writeFileSync(`${folder}/targets.jsonl`, targets.join("\n"));
  writeFileSync(`${folder}/rows.csv`, ["address", ...bodies.map(({ id }) => `0x${id}`)].join("\n"));
  const chains = [{ name: "c", rps: "replay" in chain ? undefined : 900, ...chain }];
  return checkPlan({ name: "r", chains, duration: "4s", workers: 3, perWorkerRps: 2_000, ...changes }, folder, "it");
}

const inline = { url: "http://127.0.0.1:1/", body: BODY };

const chains: [what: string, chain: Record<string, unknown>, changes?: Record<string, unknown>][] = [
  ["a replay", { replay: { file: "log.jsonl" } }],
  ["a replay in segments, with a warm-up", { replay: { file: "log.jsonl" } }, { segment: "1s", warmup: "1s" }],
  ["targets with rows", { targets: "targets.jsonl", data: "rows.csv" }, { segment: "1s", warmup: "1s" }],
  ["targets at random", { targets: "targets.jsonl", data: "rows.csv", order: "random" }],
  ["targets of other weights", { targets: ["targets.jsonl", { ...inline, weight: 40 }], data: "rows.csv" }],
  ["few targets with many rows", { targets: [inline, { ...inline, weight: 2 }], data: "rows.csv" }, { warmup: "1s" }],
  ["rows at random", { targets: [inline], data: "rows.csv", dataOrder: "random" }],
  ["rows once", { rps: 500, targets: [inline], data: "rows.csv", dataOrder: "once" }, { segment: "1s", warmup: "1s" }],
];

for (const [what, written, changes = {}] of chains) {
  test(`each assignment's requests are the whole plan's: ${what}`, (t) => {
    const plan = planOf(t, written, changes);
    const options = { keepalive: true, seed: plan.seed };
    const [chain] = plan.chains as [Chain];
    const whole = prepareChain(chain, options);
    const stored = JSON.stringify(planWithoutLines(plan));
    let compared = 0;
    for (const assignment of assign(plan, { runId: "r", startAtMs: 0, leadMs: 0 })) {
      const lines = JSON.parse(JSON.stringify(ownLinesOf(plan, assignment)));
      const own = withOwnLines(JSON.parse(stored) as Plan, lines);
      const [share] = assignment.shares;
      assert.ok(share);
      const requests = prepareChain(own.chains[0] as Chain, options);
      for (const phase of ["warmup", "measure"] as const) {
        const { from, to } = phaseRange(own, assignment, share, phase);
        const numberOf = requestNumbers(own, own.chains[0] as Chain, phase, assignment.region);
        for (let n = from; n < to; n++) {
          if (n % share.of !== share.shard) continue;
          assert.deepEqual(requests(numberOf(n)).http1, whole(numberOf(n)).http1);
          compared++;
        }
      }
    }
    assert.ok(compared >= 2_000, `${compared} requests`);
  });
}

test("what is stored of a long replay is when its lines are due, and one target for each URL", (t) => {
  const [chain] = planWithoutLines(planOf(t, { replay: { file: "log.jsonl" } })).chains;
  assert.equal(chain?.replay?.length, LINES);
  assert.deepEqual(
    chain?.targets.map(({ url }) => url),
    [0, 1, 2].map((path) => `http://127.0.0.1:1/${path}`),
  );
});

test("targets that are recorded separately stay in the plan beside long data, each at its place", (t) => {
  const call = (method: string) => ({ url: "http://127.0.0.1:1/", body: { ...BODY, method } });
  const plan = planOf(t, { targets: [call("eth_call"), call("eth_getLogs")], data: "rows.csv" });
  const [stored] = planWithoutLines(plan).chains;
  assert.equal(stored?.data, undefined);
  assert.deepEqual(stored?.targets, plan.chains[0]?.targets);
});

test("what a worker must know before it starts stays known: secrets, blocks, hosts, how lookups are written", (t) => {
  const lookups = { hash: { body: { ...BODY, params: [], id: 1 }, pointer: "/result" } };
  const changes = { workers: 1, blockAges: true };
  const plan = planOf(t, { targets: "targets.jsonl", data: "rows.csv", lookups }, changes);
  const [chain] = plan.chains as [Chain];
  const odd = [
    { headers: [["X-Key", "env://ONE"]] },
    { headers: [["X-Key", "env://TWO"]] },
    { body: '{"jsonrpc":"2.0","method":"m","params":["{{blockNumber}}"],"id":1}' },
    { url: "http://127.0.0.2:1/0" },
    { headers: [["X-Hash", "{{lookup.hash}}"]] },
    { body: '{"jsonrpc":"2.0","method":"m","params":["{{lookup.hash}}"],"id":1}' },
    { body: '{"jsonrpc":"2.0","method":"eth_chainId","params":[],"id":1}' },
  ] as Partial<Chain["targets"][number]>[];
  for (const [place, fields] of odd.entries()) Object.assign(chain.targets[1_000 + place] ?? {}, fields);
  const [assignment] = assign(plan, { runId: "r", startAtMs: 0, leadMs: 0 });
  assert.ok(assignment);
  const { chains: own } = withOwnLines(planWithoutLines(plan), ownLinesOf(plan, assignment));
  const shown = own[0]?.targets ?? [];
  for (const { url, headers, body } of chain.targets.slice(1_000, 1_000 + odd.length)) {
    const isShown = shown.some((own) => isDeepStrictEqual([own.url, own.headers, own.body], [url, headers, body]));
    assert.ok(isShown, JSON.stringify({ url, headers, body }));
  }
  assert.ok(shown.length <= 3 + odd.length, `${shown.length} targets`);
});

test("a line that was changed in the store so that it splits its request is refused before it is sent", (t) => {
  const plan = planOf(t, { targets: "targets.jsonl", data: "rows.csv" }, { workers: 1 });
  const [assignment] = assign(plan, { runId: "r", startAtMs: 0, leadMs: 0 });
  assert.ok(assignment);
  const changed = structuredClone(plan);
  Object.assign(changed.chains[0]?.targets[1_500] ?? {}, { headers: [["Transfer-Encoding", "chunked"]] });
  const [chain] = withOwnLines(planWithoutLines(plan), ownLinesOf(changed, assignment)).chains as [Chain];
  const requests = prepareChain(chain, { keepalive: true, seed: plan.seed });
  assert.ok(requests(1_499));
  assert.throws(() => requests(1_500), /Transfer-Encoding/);
});

test("an assignment has only the lines that it sends, and says which one it lacks", (t) => {
  const plan = planOf(t, { replay: { file: "log.jsonl" } });
  const [first] = assign(plan, { runId: "r", startAtMs: 0, leadMs: 0 });
  assert.ok(first);
  const [own] = ownLinesOf(plan, first);
  assert.ok(own?.targets);
  const list = new PackedList(own.targets);
  assert.equal([...list].length, Math.ceil(LINES / 3));
  assert.throws(() => list.at(1), /lack number 1 of 3003/);
});

test("a packed list has the elements of its list, whatever their length", () => {
  const list = Array.from({ length: 500 }, (_, index) => "é".repeat(index * 7));
  assert.deepEqual([...new PackedList(pack(list))], list);
  const some = new PackedList<string>(pack(list, [3, 77, 499]));
  assert.deepEqual(
    [3, 499, 77].map((place) => some.at(place)),
    [list[3], list[499], list[77]],
  );
});

test("a target that is stored separately is prepared once", (t) => {
  const plan = planOf(t, { targets: "targets.jsonl", data: "rows.csv" }, { workers: 1, duration: "8s" });
  const [assignment] = assign(plan, { runId: "r", startAtMs: 0, leadMs: 0 });
  assert.ok(assignment);
  const [chain] = withOwnLines(planWithoutLines(plan), ownLinesOf(plan, assignment)).chains as [Chain];
  const requests = prepareChain(chain, { keepalive: true, seed: plan.seed });
  assert.equal(requests(1 + LINES), requests(1));
});

test("a packed list of up to 1 MB is unpacked once, in whatever order it is read; a longer one stays packed", () => {
  const listOf = (length: number): PackedList<{ text: string }> =>
    new PackedList(pack(Array.from({ length }, (_, index) => ({ text: `${index}`.padEnd(1_000) }))));
  const countUnpacked = (length: number): number => {
    const list = listOf(length);
    const before = Array.from({ length }, (_, place) => list.at(place));
    return before.filter((element, place) => list.at(place) !== element).length;
  };
  assert.equal(countUnpacked(900), 0);
  assert.equal(countUnpacked(2_000), 2_000);
});

/** Prepares requests of an assignment whose lines are in a file, as a worker does, and prints their bytes. */
const WORKER = `
import { readFileSync } from "node:fs";
import { prepareChain } from "./lib/attack/requests.ts";
import { withOwnLines } from "./lib/plan/lines.ts";
const { plan, own } = JSON.parse(readFileSync(process.argv[1], "utf8"));
const [chain] = withOwnLines(plan, own).chains;
const requests = prepareChain(chain, { keepalive: true, seed: 1 });
let bytes = 0;
for (let n = 0; n < chain.apart.targets; n += 40) bytes += requests(n).bytes;
console.log(bytes);
`;

test("a worker sends from 200,000 targets with a heap of 32 MB", (t) => {
  const folder = temporaryFolder(t);
  const plan = planOf(t, { targets: "targets.jsonl", data: "rows.csv" }, { workers: 1, duration: "300s" });
  const [chain] = plan.chains as [Chain];
  const headers: [string, string][] = [["Content-Type", "application/json"]];
  const body = (index: number) => `{"jsonrpc":"2.0","method":"eth_getBalance","params":["0x${index + 1e9}"],"id":1}`;
  const targets = Array.from({ length: 200_000 }, (_, index) => {
    return { method: "POST", url: "http://127.0.0.1:1/", headers, body: body(index), weight: 1 };
  });
  const large = { ...plan, chains: [{ ...chain, targets }] };
  const [assignment] = assign(large, { runId: "r", startAtMs: 0, leadMs: 0 });
  assert.ok(assignment);
  const file = `${folder}/own.json`;
  writeFileSync(file, JSON.stringify({ plan: planWithoutLines(large), own: ownLinesOf(large, assignment) }));
  const flags = ["--disable-warning=ExperimentalWarning", "--max-old-space-size=32", "--input-type=module"];
  const printed = execFileSync(process.execPath, [...flags, "--eval", WORKER, file], { encoding: "utf8" });
  assert.equal(Number(printed), 5_000 * body(0).length);
});
