import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { type TestContext, test } from "node:test";
import { gzipSync } from "node:zlib";
import { checkPlan } from "../../lib/plan/load.ts";
import { InputError, show } from "../../lib/plan/problems.ts";
import { parseRequestLog, parseRows } from "../../lib/plan/records.ts";
import { requestProblems } from "../../lib/plan/requestProblems.ts";
import type { Chain, Target } from "../../lib/plan/schema.ts";
import { parseHttpTargets, parseJsonTargets, parseTargets } from "../../lib/plan/targets.ts";
import { loadPlan } from "../../lib/planfile/loadPlan.ts";
import { temporaryFolder } from "../support/folder.ts";
import { CALL, planInput } from "../support/plans.ts";

const URL_1 = "http://127.0.0.1/";
const BODY = JSON.stringify(CALL);

/** The message that loading is refused with; empty where it is not. */
function refused(load: () => unknown): string {
  try {
    load();
  } catch (error) {
    assert.ok(error instanceof InputError, String(error));
    return error.message;
  }
  return "";
}

/** A plan of one chain that reads files, which are written first. */
function chainOf(t: TestContext, files: Record<string, string | Buffer>, chain: object, changes = {}): Chain {
  const folder = temporaryFolder(t);
  for (const [name, content] of Object.entries(files)) writeFileSync(`${folder}/${name}`, content);
  const input = planInput("", { chains: [{ name: "x", rps: 1, ...chain }], ...changes });
  const [read] = checkPlan(input, folder, "the plan").chains;
  assert.ok(read);
  return read;
}

const http = (text: string): Target[] => {
  const { value, problems } = parseHttpTargets(text, "f", "/nonexistent");
  assert.deepEqual(problems, []);
  return value;
};

/** Where the problems of a text are, and what was found. */
const wrong = (text: string): string[] =>
  parseHttpTargets(text, "f", "/nonexistent").problems.map(({ where, found }) => `${where} ${found}`);

test("repeated headers stay, in their order and as they are written", () => {
  const [target] = http(`POST ${URL_1}\ncookie: a=1\nX-A:b\nCookie: c=2\n__proto__: p\nX-A: b\n`);
  assert.deepEqual(target?.headers, [
    ["cookie", "a=1"],
    ["X-A", "b"],
    ["Cookie", "c=2"],
    ["__proto__", "p"],
    ["X-A", "b"],
  ]);
  const { value } = parseJsonTargets(
    `{"method":"GET","url":"${URL_1}","header":{"Cookie":["a","b"],"__proto__":["p"]}}`,
    "f",
  );
  assert.deepEqual(value[0]?.headers, [
    ["Cookie", "a"],
    ["Cookie", "b"],
    ["__proto__", "p"],
  ]);
});

test("methods are any token, and a URL's placeholders may have blanks in them", () => {
  const text = `get ${URL_1}\nPROPFIND ${URL_1}\nM-SEARCH HTTP://127.0.0.1/{{randomInt 1..9}}?b={{blockNumber -1..0}}\n`;
  assert.deepEqual(
    http(text).map(({ method }) => method),
    ["get", "PROPFIND", "M-SEARCH"],
  );
  assert.equal(http(text)[2]?.url, "HTTP://127.0.0.1/{{randomInt 1..9}}?b={{blockNumber -1..0}}");
  assert.deepEqual(wrong(`GET ${URL_1} HTTP/1.1\n`).length, 1);
  assert.deepEqual(wrong("GET http://user:secret@127.0.0.1/\n"), ['f:1 "http://…@127.0.0.1/"']);
});

test("a comment on the line before names its target; rules and URLs name nothing", () => {
  const text = `# all\n\n# balance of a whale\nGET ${URL_1}\n# -----\nGET ${URL_1}\n# GET http://old/?key=1\nGET ${URL_1}\n`;
  assert.deepEqual(
    http(text).map(({ name }) => name),
    ["balance of a whale", undefined, undefined],
  );
});

test("comments, blank lines and line ends are read as vegeta reads them", () => {
  const text = `\r\n  # indented\r\nGET\t${URL_1}a  \r\n# between\r\nX-A: 1   \r\n#X-B: 2\r\n\r\n   \r\nGET ${URL_1}b\r\n`;
  assert.deepEqual(
    http(text).map(({ url, headers }) => [url, headers]),
    [
      [`${URL_1}a`, [["X-A", "1"]]],
      [`${URL_1}b`, []],
    ],
  );
});

test("a body that is written out goes to the end of its JSON, with its blank lines and line ends", () => {
  const body = '{\r\n  "jsonrpc": "2.0",\r\n\r\n  "method": "m}", "params": ["\\"{"],\r\n  "id": {{id}}\r\n}';
  const text = `POST ${URL_1}\r\nX-A: 1\r\n\r\n${body}\r\n\r\nGET ${URL_1}b\r\n`;
  assert.deepEqual(
    http(text).map((target) => target.body),
    [body, undefined],
  );
  assert.deepEqual(wrong(`POST ${URL_1}\n\n{"a":\n\nGET ${URL_1}\n`).length, 1);
});

test("a byte order mark is passed over in every file", (t) => {
  const mark = "\ufeff";
  const targets = chainOf(t, { "t.txt": `${mark}POST ${URL_1}\r\n\r\n${BODY}` }, { targets: "t.txt" }).targets;
  assert.equal(targets[0]?.body, BODY);
  const json = `${mark}{"method":"GET","url":"${URL_1}","header":null,"body":null}\r\n`;
  assert.equal(chainOf(t, { "t.json": json }, { targets: "t.json" }).targets.length, 1);
  const rows = chainOf(
    t,
    { "d.csv": `${mark}id,name\r\n1,a\r\n` },
    { data: "d.csv", targets: [{ url: URL_1, body: CALL }] },
  );
  assert.deepEqual(rows.data, [{ id: "1", name: "a" }]);
  const log = `${mark}{"at":0,"url":"${URL_1}"}\n`;
  assert.equal(chainOf(t, { "log.jsonl": log }, { rps: undefined, replay: { file: "log.jsonl" } }).targets.length, 1);
  const folder = temporaryFolder(t);
  writeFileSync(`${folder}/plan.json`, mark + JSON.stringify(planInput("http://127.0.0.1")));
  assert.equal(loadPlan(`${folder}/plan.json`).name, "test");
});

test("bodies are bytes: gzip survives, and what is not UTF-8 in a target file is told with its line", (t) => {
  const packed = gzipSync(BODY);
  const file = `POST ${URL_1}\nContent-Encoding: gzip\n@body.gz\n`;
  const [target] = chainOf(t, { "t.txt": file, "body.gz": packed }, { targets: "t.txt" }).targets;
  assert.equal(target?.bodyBase64, packed.toString("base64"));
  assert.equal(target?.expect, "json-rpc");
  const json = JSON.stringify({
    method: "POST",
    url: URL_1,
    body: packed.toString("base64"),
    header: { "Content-Encoding": ["gzip"] },
  });
  assert.equal(
    chainOf(t, { "t.json": `${json}\n` }, { targets: "t.json" }).targets[0]?.bodyBase64,
    packed.toString("base64"),
  );
  const latin = Buffer.from(`GET ${URL_1}\nX-A: caf\xe9\n`, "latin1");
  assert.match(
    refused(() => chainOf(t, { "t.txt": latin }, { targets: "t.txt" })),
    /t\.txt:2: found bytes that are not UTF-8/,
  );
  assert.match(
    refused(() => chainOf(t, { "t.txt": `POST ${URL_1}\n@none.gz\n` }, { targets: "t.txt" })),
    /t\.txt:2: found a body file that cannot be read \(ENOENT\)/,
  );
});

test("json targets that are none are told: lists around them, bodies that are no base64, fields that nobody knows", () => {
  const of = (line: string): string =>
    parseJsonTargets(line, "f")
      .problems.map(({ found }) => found)
      .join("; ");
  assert.match(of(`{"method":"POST","url":"${URL_1}","body":{"id":1}}`), /body \{"id":1\}/);
  assert.match(of(`{"method":"POST","url":"${URL_1}","body":"e30"}`), /body "e30"/);
  assert.match(of(`{"method":"POST","url":"${URL_1}","headers":{}}`), /"headers"/);
  assert.match(of(`{"method":"PO ST","url":"${URL_1}","header":[]}`), /method "PO ST"; header \[\]/);
  assert.match(of(`{"method":"GET","url":"${URL_1}","header":{"A":[1]}}`), /header "A": a list of number/);
  for (const line of ["null", "5", "[]", '"x"', "{"]) assert.notEqual(of(line), "", line);
});

test("numbers keep their digits: in plans, target files, replays and rows of data", (t) => {
  const folder = temporaryFolder(t);
  const body = '{"jsonrpc":"2.0","method":"m","params":[12345678901234567890,1.0,1e30,-0],"id":9007199254740993}';
  writeFileSync(`${folder}/log.jsonl`, `{"at":1,"url":"${URL_1}","body":${body}}\n`);
  writeFileSync(`${folder}/rows.jsonl`, '{"n":12345678901234567890,"o":{"a":1.0}}\n');
  writeFileSync(`${folder}/t.txt`, `POST ${URL_1}\n\n${body}\n`);
  const plan = `{"name":"x","duration":"2s","ids":"as-written","chains":[
    {"name":"a","rps":1,"data":"rows.jsonl","targets":[{"url":"${URL_1}","body":${body}}]},
    {"name":"b","replay":{"file":"log.jsonl"}},
    {"name":"c","rps":1,"targets":"t.txt"}]}`;
  writeFileSync(`${folder}/plan.json`, plan);
  const { chains } = loadPlan(`${folder}/plan.json`);
  assert.deepEqual(
    chains.map(({ targets }) => targets[0]?.body),
    [body, body, body],
  );
  assert.deepEqual(chains[0]?.data, [{ n: "12345678901234567890", o: '{"a":1.0}' }]);
});

test("CSV: quotes within fields, line breaks in quotes, blank lines; what is wrong is told with its line", () => {
  const rows = (text: string): unknown => {
    const { value, problems } = parseRows({ text, shownAs: "f" });
    return problems.length > 0 ? problems.map(({ where, found }) => `${where}: ${found}`).join("; ") : value;
  };
  assert.deepEqual(rows('sku,size\n1,5" disk\n2,plain\n3,"say ""hi"", ok"\n'), [
    { sku: "1", size: '5" disk' },
    { sku: "2", size: "plain" },
    { sku: "3", size: 'say "hi", ok' },
  ]);
  assert.deepEqual(rows('a\n1\n\n"two\nlines"\n\n'), [{ a: "1" }, { a: "two\nlines" }]);
  assert.deepEqual(rows("a,b\n  \t\n1,2\n \n"), [{ a: "1", b: "2" }], "a line of blanks is a blank line");
  assert.deepEqual(rows("a\n \n"), [{ a: " " }], "and a value where there is one column");
  assert.deepEqual(rows("id,__proto__,constructor\n1,p,c\n"), [
    Object.fromEntries([
      ["id", "1"],
      ["__proto__", "p"],
      ["constructor", "c"],
    ]),
  ]);
  assert.equal(rows('a,b\n"x\ny",1\n2\n'), "f:4: 1 fields");
  assert.match(String(rows("id,name,id\n1,a,2\n")), /f:1: the name "id" of columns 1 and 3/);
  assert.match(String(rows('a,b\n1,"abc\n2,b\n')), /a quote that is not closed/);
  assert.equal(rows("a,b\n"), "f: no rows");
  assert.match(String(rows('{"a":1,"b":2}\n{"a":1}\n')), /f:2: a row without "b"/);
  assert.match(String(rows('{"a":1}\nnull\n[1]\n5\n')), /f:2: .*f:3: .*f:4: /);
});

test("a data field is one that the rows have themselves", (t) => {
  const targets = [{ url: `${URL_1}{{data.toString}}`, body: CALL }];
  assert.match(
    refused(() => chainOf(t, { "d.csv": "id\n1\n" }, { data: "d.csv", targets })),
    /\{\{data\.toString\}\}/,
  );
});

test("a request log's instants are RFC 3339 or finite; null is none of them", () => {
  const log = (line: string): string =>
    parseRequestLog({ text: line, shownAs: "f" })
      .problems.map(({ found }) => found)
      .join();
  for (const at of ['"2026-01-01T00:00:00Z"', '"2026-01-01T01:00:00.5+01:00"', "0", "1.5e3"]) {
    assert.equal(log(`{"at":${at},"url":"${URL_1}","headers":null,"body":null}`), "", at);
  }
  for (const at of ["null", "1e999", '"1500"', '"yesterday"', "[]", "true", '"2026-13-01T00:00:00Z"']) {
    assert.match(log(`{"at":${at},"url":"${URL_1}"}`), /^at /, at);
  }
  assert.match(log(`{"at":0,"url":"${URL_1}","method":"a b","headers":5}`), /method "a b",headers 5/);
  for (const line of ["null", "5", "[]"]) assert.notEqual(log(line), "");
});

test("200,000 mistakes end in a message of some lines", (t) => {
  const files = { "t.txt": "nonsense\n".repeat(200_000), "t.json": '{"method":1}\n'.repeat(200_000) };
  for (const targets of Object.keys(files)) {
    const message = refused(() => chainOf(t, files, { targets }));
    assert.match(message, /200000 problems|400000 problems/);
    assert.match(message, /\n {2}and \d+ more$/);
    assert.ok(message.length < 20_000, `${message.length} characters`);
  }
});

test("headers for metrics and logs are held against the same rule as a target's", () => {
  const endpoints = [{ url: "http://127.0.0.1:1/metrics", headers: { "X-A": "a\r\nInjected: 1" } }];
  const message = refused(() => checkPlan(planInput("http://127.0.0.1", { observe: { endpoints } }), ".", "the plan"));
  assert.match(message, /\$\.observe\.endpoints\[0\]\.headers\["X-A"\]/);
});

test("no message shows a header's value, wherever it stands", () => {
  const secret = "s3cr3t0123456789";
  const target = (headers: unknown): object => ({ url: URL_1, body: CALL, headers });
  const chain = (targets: unknown, more: object = {}): Record<string, unknown> => ({
    chains: [{ name: "x", rps: 1, targets, ...more }],
  });
  const plans: [plan: Record<string, unknown>, told: RegExp][] = [
    [chain([target({ Authorization: `Bearer ${secret}\n` })]), /headers\.Authorization/],
    [
      chain([target({ Authorization: [`Bearer ${secret}\u0001`] })]),
      /the header Authorization \(U\+0001 at character 24\)/,
    ],
    [chain([target({ "X-Key": [secret, 7] })]), /\["X-Key"\]/],
    [chain([target(`Authorization: ${secret}`)]), /headers: found/],
    [{ observe: { endpoints: [{ url: URL_1, headers: { Cookie: `a=${secret}\r\n` } }] } }, /headers\.Cookie/],
  ];
  for (const [plan, told] of plans) {
    const message = refused(() => checkPlan(planInput("", plan), ".", "the plan"));
    assert.match(message, told);
    assert.doesNotMatch(message, /s3cr3t/);
  }
  const files: [text: string, told: RegExp][] = [
    [`GET ${URL_1}\nAuthorization Bearer ${secret}`, /"Authorization …"/],
    [`GET ${URL_1}\nAuthor(ization): Bearer ${secret}`, /"Author\(ization\): …"/],
    [`GET ${URL_1}\n\nAuthorization: Bearer ${secret}`, /"Authorization: …/],
    [`{"method":"GET","header":{"Authorization":["Bearer ${secret}"]}`, /a target as a JSON object/],
    [`{"method":"GET","url":"${URL_1}","header":{"Authorization":{"a":"${secret}"}}}`, /header "Authorization": /],
  ];
  for (const [text, told] of files) {
    const message = parseTargets({ text, shownAs: "f", folder: "." })
      .problems.map(({ found, expected }) => `${found}; ${expected}`)
      .join("\n");
    assert.match(message, told);
    assert.doesNotMatch(message, /s3cr3t/);
  }
  const data = [{ key: `${secret}\nX: 1` }];
  const found = requestProblems({
    chains: [
      {
        name: "x",
        rps: 1,
        targets: [{ method: "GET", url: URL_1, headers: [["X-Key", "{{data.key}}"]], weight: 1 }],
        data,
      },
    ],
    keepalive: true,
    http: "1.1",
  });
  assert.match(found.map((each) => each.found).join(), /in row 1 of the data, for \{\{data\.key\}\}/);
  assert.doesNotMatch(JSON.stringify(found), /s3cr3t/);
});

test("a message holds no control character of a name or a value", () => {
  const nasty = "a\u001b[2J\u202e\u0007\u009b\n";
  const chains = [
    { name: nasty, rps: 1, [nasty]: 1, targets: [{ url: nasty, headers: { [nasty]: nasty }, body: CALL }] },
  ];
  const message = refused(() => checkPlan(planInput("", { chains }), ".", `plan${nasty}`));
  // biome-ignore lint/suspicious/noControlCharactersInRegex: none of these may be there
  assert.doesNotMatch(message, /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/);
  assert.equal(show("\u001b"), '"\\u001b"');
  assert.equal(show("\u009b\u202e"), '"\\u009b\\u202e"');
});

/** What a target of a body is refused for. */
function expectation(body: unknown, more: object = {}, chain: object = {}): string {
  const chains = [
    { name: "x", rps: 1, targets: [{ url: URL_1, ...(body !== undefined && { body }), ...more }], ...chain },
  ];
  return refused(() => checkPlan(planInput("", { chains }), ".", "the plan"));
}

test("a body that is no JSON-RPC is an error unless the plan says so", () => {
  const good = [
    CALL,
    { ...CALL, id: "a" },
    { jsonrpc: "2.0", method: "m" },
    [CALL, { ...CALL, id: 2 }],
    '{"jsonrpc":"2.0","method":"m","params":[{{randomInt 1..9}}],"id":{{id}}}',
  ];
  for (const body of good) assert.equal(expectation(body), "", JSON.stringify(body));
  const bad: [body: unknown, found: RegExp][] = [
    [{ method: "m", id: 1 }, /a call without "jsonrpc": "2.0"/],
    [{ ...CALL, jsonrpc: "1.0" }, /a call without "jsonrpc": "2.0"/],
    [{ ...CALL, jsonrpc: 2 }, /a call without "jsonrpc": "2.0"/],
    [{ jsonrpc: "2.0", id: 1 }, /an object without a "method"/],
    [{ ...CALL, params: "x" }, /"params" are no list/],
    [{ ...CALL, id: {} }, /"id" is no number/],
    ['{"jsonrpc":"2.0","method":"m"', /a body that is not JSON/],
    ["a=1&b=2", /a body that is not JSON/],
    ["", /a body that is not JSON/],
    [[], /an empty batch/],
    [[CALL, { a: 1 }], /a batch whose element 1 is/],
    [[CALL, CALL.method], /a batch whose element 1 is JSON that is no object/],
    [{}, /an object without a "method"/],
    ["null", /JSON that is no object/],
  ];
  for (const [body, found] of bad) {
    assert.match(expectation(body), found, JSON.stringify(body));
    assert.equal(expectation(body, { expect: "http" }), "", JSON.stringify(body));
    assert.equal(expectation(body, {}, { expect: "http" }), "", JSON.stringify(body));
  }
  assert.equal(expectation({ ...CALL, jsonrpc: "1.0" }, { expect: "json-rpc" }), "");
  assert.match(expectation([], { expect: "json-rpc" }), /an empty batch/);
  assert.match(expectation(undefined, { expect: "json-rpc", method: "GET" }), /without a body/);
});

test("a target without a body is plain HTTP by nature; a chain's expect holds for its target files too", (t) => {
  const expects = (chain: Chain): unknown[] => chain.targets.map(({ expect }) => expect);
  const files = { "t.txt": `GET ${URL_1}\n\nPOST ${URL_1}\n\n{"a":1}\n` };
  assert.deepEqual(expects(chainOf(t, files, { targets: "t.txt", expect: "http" })), ["http", "http"]);
  assert.match(
    refused(() => chainOf(t, files, { targets: "t.txt" })),
    /without a "method" \(target 2\)/,
  );
  assert.deepEqual(
    expects(
      chainOf(
        t,
        {},
        {
          targets: [
            { url: URL_1, method: "GET" },
            { url: URL_1, body: CALL },
          ],
        },
      ),
    ),
    ["http", "json-rpc"],
  );
});
