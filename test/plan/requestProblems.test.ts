import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { test } from "node:test";
import { checkPlan } from "../../lib/plan/load.ts";
import { chainProblems } from "../../lib/plan/requestProblems.ts";
import type { Chain, Target } from "../../lib/plan/schema.ts";
import { cpuMs } from "../support/cpu.ts";
import { temporaryFolder } from "../support/folder.ts";
import { planInput } from "../support/plans.ts";

const CALL = '{"jsonrpc":"2.0","id":1,"method":"m","params":["x"]}';

function problemsOf(target: Partial<Target>, more: Partial<Chain> = {}, http: "1.1" | "2" = "1.1"): string[] {
  const own = { method: "POST", url: "http://127.0.0.1/", headers: [], weight: 1, ...target } as Target;
  const chain: Chain = { name: "ethereum", rps: 1, targets: [own], ...more };
  return chainProblems(chain, { http, keepalive: true }).map(({ found, expected }) => `${found}; ${expected}`);
}

const fine: [why: string, target: Partial<Target>][] = [
  ["a Content-Length that is the body's", { body: CALL, headers: [["content-length", String(CALL.length)]] }],
  ["Connection: close", { headers: [["Connection", "Close"]] }],
  ["TE: trailers", { headers: [["TE", "trailers"]] }],
  ["a Host", { headers: [["host", "gateway.example:8443"]] }],
  ["a tab in a value", { headers: [["X-Tab", "a\tb"]] }],
  ["a method that few know", { method: "M-SEARCH" }],
];

for (const [why, target] of fine) test(`${why} is sent`, () => assert.deepEqual(problemsOf(target), []));

const refused: [why: string, target: Partial<Target>, told: RegExp][] = [
  ["another Content-Length", { body: "abc", headers: [["Content-Length", "4"]] }, /Content-Length: "4"; 3, the length/],
  ["a Content-Length of a body that is filled in", { body: "{{id}}", headers: [["Content-Length", "12"]] }, /counted/],
  ["Transfer-Encoding", { headers: [["Transfer-Encoding", "chunked"]] }, /a body is sent whole/],
  ["Expect", { headers: [["Expect", "100-continue"]] }, /together with its head/],
  ["Upgrade", { headers: [["Upgrade", "websocket"]] }, /no Upgrade/],
  ["a Connection that asks for more", { headers: [["Connection", "upgrade"]] }, /close, keep-alive or no/],
  [
    "two Hosts",
    {
      headers: [
        ["Host", "a"],
        ["host", "b"],
      ],
    },
    /2 Host headers; one at most/,
  ],
  ["CONNECT", { method: "CONNECT" }, /HTTP method/],
  ["a hexadecimal placeholder without quotes in JSON", { body: '{"a":{{randomAddress}}}' }, /in quotes/],
  ["a negative number within a number", { body: '{"a":1{{randomInt -5..5}}}' }, /from 0 on/],
];

for (const [why, target, told] of refused) {
  test(`${why} is refused, with the reason`, () => {
    const [problem = "", ...others] = problemsOf(target);
    assert.match(problem, told);
    assert.deepEqual(others, []);
  });
}

test("headers that HTTP/2 does not have are refused over HTTP/2", () => {
  for (const header of ["Connection", "Keep-Alive", "Proxy-Connection"]) {
    assert.match(String(problemsOf({ headers: [[header, "close"]] }, {}, "2")), /over HTTP\/2 there is none/);
  }
});

const rows: [why: string, target: Partial<Target>, values: string[], told: RegExp | undefined][] = [
  ["text in a JSON string", { body: '{"a":"{{data.x}}"}' }, ['a"b', "back\\slash", "two\nlines", ""], undefined],
  [
    "JSON values without quotes",
    { body: '{"a":{{data.x}}}' },
    ["1", "-2.5", "true", '{"b":[1]}', '"x"', "12345678901234567890"],
    undefined,
  ],
  ["text without quotes", { body: '{"a":{{data.x}}}' }, ["1", "0xabc", "x"], /"0xabc" in row 2 .*\(and 1 more.*quotes/],
  ["more than one value", { body: '{"a":[{{data.x}}]}' }, ["1,2"], /a JSON value/],
  ["nothing where a value is to be", { body: '{"a":{{data.x}}}' }, [""], /a JSON value/],
  ["digits within a number", { body: '{"a":1{{data.x}}}' }, ["234"], undefined],
  ["text within a number", { body: '{"a":1{{data.x}}}' }, ["e5"], /digits/],
  ["anything in a body that is no JSON", { body: "a={{data.x}}" }, ["\r\n\0"], undefined],
  ["a whole body", { body: "{{data.x}}" }, ['{"jsonrpc":"2.0"}'], undefined],
  ["text in a header", { headers: [["X-User", "{{data.x}}"]] }, ["O'Neill", "é", ""], undefined],
  ["a line break in a header", { headers: [["X-User", "{{data.x}}"]] }, ["plain", "two\nlines"], /row 2 .*on one line/],
  ["anything in a path or query", { url: "http://127.0.0.1/{{data.x}}?{{data.x}}" }, ["a/b?c#d", "\r\n"], undefined],
  ["a host's name", { url: "http://{{data.x}}.example/" }, ["a-1"], undefined],
  ["another origin in a host", { url: "http://{{data.x}}.example/" }, ["evil.test/?"], /host/],
];

for (const [why, target, values, told] of rows) {
  test(`${why} from the data is ${told ? "refused" : "sent"}`, () => {
    const data = values.map((x) => ({ x }));
    const problems = problemsOf(target, { data });
    if (told) assert.match(String(problems), told);
    else assert.deepEqual(problems, []);
  });
}

test("a row without the field is told", () => {
  const problems = problemsOf({ url: "http://127.0.0.1/{{data.x}}" }, { data: [{ x: "1" }, { y: "2" }] });
  assert.match(String(problems), /nothing in row 2 .*a field "x" in each row/);
});

test("a hundred thousand rows are looked at in less than a second", () => {
  const data = Array.from({ length: 100_000 }, (_, index) => ({ x: `0x${index.toString(16)}`, y: `${index}` }));
  const beganMs = cpuMs();
  const target = { url: "http://127.0.0.1/{{data.x}}", body: '{"a":"{{data.x}}","b":{{data.y}}}' };
  assert.deepEqual(problemsOf({ ...target, headers: [["X-User", "{{data.x}}"]] }, { data }), []);
  assert.ok(cpuMs() - beganMs < 1_000);
});

test("fewer rows than requests are refused where each is taken once, with both figures", (t) => {
  const folder = temporaryFolder(t);
  writeFileSync(`${folder}/rows.csv`, "x\n1\n2\n3\n");
  const load = (rps: number, more: object = {}): unknown => {
    const chain = {
      name: "a",
      rps,
      data: "rows.csv",
      dataOrder: "once",
      targets: [{ url: "http://127.0.0.1:1/{{data.x}}", method: "GET" }],
    };
    return checkPlan(planInput("http://127.0.0.1:1", { chains: [chain], duration: "3s", ...more }), folder, "plan");
  };
  assert.ok(load(1));
  assert.throws(() => load(2), /3 rows for 6 requests/);
  assert.throws(() => load(1, { warmup: "1s" }), /3 rows for 4 requests/);
  assert.throws(() => load(1, { profile: { type: "search" } }), /search/);
});
