import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { test } from "node:test";
import { checkPlan } from "../../lib/plan/load.ts";
import { InputError } from "../../lib/plan/problems.ts";
import type { Plan } from "../../lib/plan/schema.ts";
import { firstPlan } from "../../lib/planfile/firstPlan.ts";
import { lintPlan } from "../../lib/planfile/lint.ts";
import { temporaryFolder } from "../support/folder.ts";
import { CALL, checkedPlan } from "../support/plans.ts";

const CALL_TEXT = JSON.stringify(CALL);

/** The plan that is made of a file with this text, checked as `volley run` checks it. */
function planOf(folder: string, name: string, text: string, origin?: string): { plan: Plan; notes: string[] } {
  writeFileSync(`${folder}/${name}`, text);
  const { plan, notes } = firstPlan(`${folder}/${name}`, folder, origin);
  return { plan: checkPlan(plan, folder, "plan.json"), notes };
}

function targetsOf({ chains }: Plan) {
  return chains.flatMap(({ targets }) =>
    targets.map(({ method, url, body, weight, expect }) => [method, url, body, weight, expect]),
  );
}

test("a first plan of a URL calls its newest block, and may load its host", () => {
  const plan = checkPlan(firstPlan("https://gateway.example/rpc?key=1", ".").plan, ".", "plan.json");
  assert.deepEqual(targetsOf(plan), [
    [
      "POST",
      "https://gateway.example/rpc?key=1",
      CALL_TEXT.replace(/"params":\[\],"id":1/, '"params":[],"id":1'),
      1,
      "json-rpc",
    ],
  ]);
  assert.deepEqual(plan.allowedHosts, ["gateway.example"]);
  assert.deepEqual(lintPlan(plan), []);
});

test("a first plan of a vegeta target file names the file", (t) => {
  const { plan } = planOf(
    temporaryFolder(t),
    "targets.txt",
    `GET http://a.example/x\n\nPOST http://b.example/\n\n${CALL_TEXT}\n`,
  );
  assert.equal(targetsOf(plan).length, 2);
  assert.deepEqual(plan.allowedHosts, ["a.example", "b.example"]);
});

test("a first plan of a HAR file has its requests by how often they came, and none of its headers", (t) => {
  const entry = (method: string, url: string, postData?: object): object => ({
    request: { method, url, headers: [{ name: "Cookie", value: "session=secret" }], ...(postData && { postData }) },
  });
  const entries = [
    entry("GET", "https://a.example/"),
    entry("POST", "https://a.example/rpc", { mimeType: "application/json", text: CALL_TEXT }),
    entry("POST", "https://a.example/rpc", { mimeType: "application/json", text: CALL_TEXT }),
    entry("GET", "chrome-extension://x"),
  ];
  const { plan, notes } = planOf(temporaryFolder(t), "a.har", JSON.stringify({ log: { version: "1.2", entries } }));
  assert.deepEqual(targetsOf(plan), [
    ["POST", "https://a.example/rpc", CALL_TEXT, 2, "json-rpc"],
    ["GET", "https://a.example/", undefined, 1, "http"],
  ]);
  assert.ok(!JSON.stringify(plan).includes("secret"));
  assert.match(notes.join(), /headers were left out/);
});

test("a first plan of a k6 script has the requests that are written out", (t) => {
  const script = `import http from "k6/http";
export default function () {
  http.get('https://a.example/health');
  http.post("https://a.example/rpc", '${CALL_TEXT}', { headers: {} });
  http.post("https://a.example/made", JSON.stringify({ a: 1 }));
  http.get(\`https://a.example/\${id}\`);
  http.del("https://a.example/item");
}`;
  const { plan } = planOf(temporaryFolder(t), "script.js", script);
  assert.deepEqual(targetsOf(plan), [
    ["GET", "https://a.example/health", undefined, 1, "http"],
    ["POST", "https://a.example/rpc", CALL_TEXT, 1, "json-rpc"],
    ["DELETE", "https://a.example/item", undefined, 1, "http"],
  ]);
});

test("a first plan of an access log has its paths at the log's mean rate", (t) => {
  const folder = temporaryFolder(t);
  const line = (second: number, request: string): string =>
    `10.0.0.1 - - [10/Oct/2025:13:55:${String(second).padStart(2, "0")} -0700] "${request} HTTP/1.1" 200 12 "-" "curl/8"`;
  const log = [
    line(0, "GET /a"),
    line(2, "GET /b?x=1"),
    line(4, "GET /a"),
    line(5, "POST /rpc"),
    line(10, "GET /a"),
  ].join("\n");
  const { plan, notes } = planOf(folder, "access.log", log, "https://a.example");
  assert.deepEqual(targetsOf(plan), [
    ["GET", "https://a.example/a", undefined, 3, "http"],
    ["GET", "https://a.example/b?x=1", undefined, 1, "http"],
  ]);
  assert.equal(plan.chains[0]?.rps, 0.4);
  assert.match(notes.join(), /1 requests with a body/);
  assert.throws(() => planOf(folder, "access.log", log), /--origin/);
});

test("a source that is none of these is refused", (t) => {
  const folder = temporaryFolder(t);
  assert.throws(() => planOf(folder, "x.txt", "hello"), InputError);
  assert.throws(() => firstPlan(`${folder}/none`, "."), /no file that can be read/);
});

test("lint says what in a plan is likely not meant, and nothing of one that is in order", () => {
  const good = checkedPlan("http://127.0.0.1:1", { slo: { p99Ms: 100 }, duration: "1m", preflight: true });
  assert.deepEqual(lintPlan(good), []);
  const odd = checkedPlan("http://127.0.0.1:1", {
    duration: "5s",
    timeout: "10s",
    slo: {},
    limits: { breaker: false },
    chains: [
      {
        name: "x",
        rps: 10,
        slo: { p999Ms: 10 },
        targets: [
          { url: "http://127.0.0.1:1", method: "post", body: { ...CALL, method: "eth_blokcNumber" } },
          { url: "http://127.0.0.1:1", body: { ...CALL, method: "debug_traceCall" } },
        ],
      },
    ],
  });
  const texts = lintPlan(odd).map(({ where, text }) => `${where}: ${text}`);
  for (const told of [
    /\$\.limits\.breaker/,
    /\$\.preflight/,
    /\$\.timeout/,
    /x sends 50 requests; p999Ms needs about 20000/,
    /"post" is sent in lower case/,
    /"eth_blockNumber", perhaps/,
  ]) {
    assert.match(texts.join("\n"), told);
  }
  assert.equal(texts.length, 6, texts.join("\n"));
});
