import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { type TestContext, test } from "node:test";
import type { Report } from "../../lib/report/schema.ts";
import { type Anvil, startAnvil } from "../support/anvil.ts";
import { temporaryFolder } from "../support/folder.ts";
import { type Counters, type Logged, startHaproxy } from "../support/haproxy.ts";
import { reportOf, volley } from "../support/volley.ts";

/** A contract that answers every call with one ether, and one that reverts. */
const TOKEN = "0x00000000000000000000000000000000000000aa";
const REVERTS = "0x00000000000000000000000000000000000000bb";
const ONE_ETHER = "0x0000000000000000000000000000000000000000000000000de0b6b3a7640000";

/** The first of anvil's accounts, and one ether in wei, as an id: it has the digits of the first id that we make. */
const RICH = "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266";
const ETHER_IN_WEI = 1_000_000_000_000_000_000;

/** Seconds, requests a second, and the weights' sum: each target gets its weight's share of 400 exactly. */
const [SECONDS, RPS] = [2, 200];
const TURNS = 20;

/** Holders as they would be in a wallet's export: quoted, with a byte order mark, a blank line and a comma in a name. */
const HOLDERS = ["1", "2", "3", "4", "5"].map((digit) => digit.padStart(64, "0"));
const CSV = `\uFEFFname,holder\r\n${HOLDERS.map((holder, n) => `"No. ${n}, ""the holder""",${holder}`).join("\r\n\r\n")}\r\n`;

const call = (method: string, params: unknown[], id: unknown = "{{id}}") => ({ jsonrpc: "2.0", id, method, params });

interface Mix {
  weight: number;
  target: Record<string, unknown>;
}

const MIX: Record<string, Mix> = {
  block: {
    weight: 5,
    target: {
      headers: { "X-Request-Id": "{{id}}" },
      body: call("eth_blockNumber", []),
      checks: [{ pointer: "/result", matches: "^0x[0-9a-f]+$" }],
    },
  },
  balance: {
    weight: 4,
    target: {
      // An id above 2^53, as text, for JSON.parse would round it.
      body: `{"jsonrpc": "2.0", "id": 9007199254740993, "method": "eth_call", "params": [{"to": "${TOKEN}", "data": "0x70a08231{{data.holder}}"}, "latest"]}`,
      checks: [{ pointer: "/result", equals: ONE_ETHER }],
    },
  },
  ether: {
    weight: 2,
    target: { body: call("eth_call", [{ from: RICH, to: TOKEN, value: "0xde0b6b3a7640000" }, "latest"], ETHER_IN_WEI) },
  },
  revert: {
    weight: 2,
    target: { body: call("eth_call", [{ to: REVERTS, data: "0x70a08231" }, "latest"]) },
  },
  receipt: {
    weight: 2,
    target: { body: call("eth_getTransactionReceipt", ["{{randomHex 64}}"]) },
  },
  batch: {
    weight: 3,
    target: {
      body: [call("eth_chainId", []), call("eth_blockNumber", []), call("eth_getBalance", [TOKEN, "latest"])],
    },
  },
  refused: { weight: 1, target: { body: call("eth_blockNumber", []) } },
  limited: { weight: 1, target: { body: call("eth_blockNumber", []) } },
};

const sentTo = (name: string): number => (MIX[name]?.weight ?? 0) * TURNS;

for (const http of ["1.1", "2"] as const) {
  test(`a real node behind a real proxy over HTTP/${http}: the report counts what the proxy counts, class by class`, {
    timeout: 120_000,
  }, async (t) => {
    const anvil = await startAnvil(t);
    if (!anvil) return;
    // PUSH8 one ether, MSTORE at 0, RETURN 32 bytes; and REVERT without data.
    await anvil.call("anvil_setCode", [TOKEN, "0x670de0b6b3a764000060005260206000f3"]);
    await anvil.call("anvil_setCode", [REVERTS, "0x60006000fd"]);
    // On a machine whose cores are full, requests are missed: then the run says nothing of the mix.
    for (let tries = 0; tries < 4; tries++) {
      const made = await runMix(t, anvil, http);
      if (!made) return;
      assertCounts(made, http);
      if (made.report.total.ledger.missed > 0) continue;
      assertMix(made);
      assertBytes(made.logged);
      return;
    }
    assert.fail("requests were missed in each of four runs");
  });
}

/** What came of a run: by the report, by the proxy's counters, and by its log. */
interface Made {
  report: Report;
  counted: Counters;
  logged: Logged[];
}

async function runMix(t: TestContext, anvil: Anvil, http: "1.1" | "2"): Promise<Made | undefined> {
  const proxy = await startHaproxy(t, anvil.origin);
  if (!proxy) return undefined;
  const folder = temporaryFolder(t);
  const origin = http === "2" ? proxy.https : proxy.http;
  writeFileSync(`${folder}/holders.csv`, CSV);
  const targets = Object.entries(MIX).map(([name, { weight, target }]) => {
    const path = name === "refused" || name === "limited" ? `/${name}` : "/";
    const headers = { "Content-Type": "application/json", ...(target.headers as object) };
    return { name, url: `${origin}${path}?t=${name}`, weight, ...target, headers };
  });
  const plan = {
    name: "node",
    chains: [{ name: "anvil", rps: RPS, targets, data: "holders.csv" }],
    duration: `${SECONDS}s`,
    preflight: false,
    workers: 2,
    http,
  };
  writeFileSync(`${folder}/plan.json`, JSON.stringify(plan));
  const before = await proxy.counters();
  const env = { NODE_EXTRA_CA_CERTS: proxy.certificate };
  const ended = await volley(["run", `${folder}/plan.json`, "--out", folder, "--json"], env);
  const after = await proxy.counters();
  const logged = (await proxy.end()).filter(({ target }) => target in MIX);
  return { report: reportOf(folder, ended), counted: difference(after, before), logged };
}

function difference(after: Counters, before: Counters): Counters {
  return {
    requests: after.requests - before.requests,
    forwarded: after.forwarded - before.forwarded,
    switched: after.switched - before.switched,
    ok: after.ok - before.ok,
    refused: after.refused - before.refused,
    failed: after.failed - before.failed,
  };
}

/** The proxy counted what the report says was sent, in all and for each target. */
function assertCounts({ report, counted, logged }: Made, http: "1.1" | "2"): void {
  const { ledger } = report.total;
  assert.deepEqual(counted, {
    requests: ledger.sent,
    forwarded: ledger.valid,
    switched: 0,
    ok: ledger.valid,
    refused: ledger.invalid,
    failed: ledger.errors,
  });
  assert.equal(logged.length, ledger.sent);
  assert.deepEqual(new Set(logged.map(({ version }) => version)), new Set([http === "2" ? "HTTP/2.0" : "HTTP/1.1"]));
  const reported = report.chains[0]?.targets.map(({ name, sent, valid, invalid }) => [name, sent, valid, invalid]);
  const own = Object.keys(MIX).map((name) => {
    const requests = logged.filter(({ target }) => target === name);
    const relayed = requests.filter(({ status }) => status === 200).length;
    return [name, requests.length, relayed, requests.length - relayed];
  });
  assert.deepEqual(reported, own);
}

/** Each target had its weight's share exactly, and each outcome its class. */
function assertMix({ report, logged }: Made): void {
  assert.equal(report.total.ledger.sent, SECONDS * RPS);
  for (const name of Object.keys(MIX)) {
    assert.equal(logged.filter(({ target }) => target === name).length, sentTo(name), name);
  }
  const { errors, invalid, answers } = report.total;
  assert.deepEqual({ ...errors, ...invalid }, { "http-403": sentTo("refused"), "http-429": sentTo("limited") / 4 });
  assert.deepEqual(answers, { "answer-revert": sentTo("revert"), "answer-null": sentTo("receipt") });
}

/** What the proxy read is what the plan says, and only placeholders differ. */
function assertBytes(logged: readonly Logged[]): void {
  const of = (name: string) => logged.filter(({ target }) => target === name);
  const bodies = (name: string) => of(name).map(({ body }) => body);
  const ids = of("block").map(({ body }) => String((JSON.parse(body) as { id: number }).id));
  assert.equal(new Set(ids).size, sentTo("block"));
  assert.deepEqual(
    of("block").map(({ requestId }) => requestId),
    ids,
  );
  for (const body of bodies("balance")) {
    assert.match(body, /^\{"jsonrpc": "2\.0", "id": 9007199254740993, "method": "eth_call", .*"0x70a082310{63}[1-5]"/);
  }
  const holders = bodies("balance").map((body) => /70a08231(\d{64})/.exec(body)?.[1]);
  for (const holder of HOLDERS) assert.ok(holders.includes(holder), `${holder} was never asked for`);
  const ether = `{"jsonrpc":"2.0","id":1000000000000000000,"method":"eth_call","params":[{"from":"${RICH}","to":"${TOKEN}","value":"0xde0b6b3a7640000"},"latest"]}`;
  assert.deepEqual(new Set(bodies("ether")), new Set([ether]));
  const hashes = bodies("receipt").map((body) => /"(0x[0-9a-f]{64})"/.exec(body)?.[1]);
  assert.equal(new Set(hashes).size, sentTo("receipt"), "a hash was asked for twice");
  const batchIds = bodies("batch").flatMap((body) => (JSON.parse(body) as { id: number }[]).map(({ id }) => id));
  assert.equal(new Set(batchIds).size, 3 * sentTo("batch"));
}
