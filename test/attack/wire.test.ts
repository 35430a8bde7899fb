import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { type TestContext, test } from "node:test";
import fc from "fast-check";
import { ID_BASE } from "../../lib/answers/ids.ts";
import { checkPlan } from "../../lib/plan/load.ts";
import { InputError } from "../../lib/plan/problems.ts";
import type { Chain } from "../../lib/plan/schema.ts";
import { temporaryFolder } from "../support/folder.ts";
import { type Recorded, type RecordingServer, recordHttp1, recordHttp2, sendTo } from "../support/recording.ts";

/* Properties of what is on the wire, from a plan's text to the bytes that a server gets. */

const PROTOCOLS: [string, (t: TestContext) => Promise<RecordingServer>][] = [
  ["HTTP/1.1", recordHttp1],
  ["HTTP/2", recordHttp2],
];

/** Digits that ids begin with, and texts that hold them. */
const DIGITS = fc.constantFrom(
  "100000000000",
  "1000000000000000000",
  "0x70a08231000000000000000000000000aaaa",
  "{",
  "}}",
);
const TEXT = fc.string({ unit: "binary" }).map((text) => text.toWellFormed().replaceAll("{{", "{ {"));
const ANY = fc.array(fc.oneof(DIGITS, TEXT), { maxLength: 5 }).map((parts) => parts.join("").replaceAll("{{", "{ {"));
const BYTES = fc.uint8Array({ maxLength: 60 }).map((bytes) => Buffer.from(bytes));
/** What a header can hold: no blanks at its ends, which are none of it. */
const VALUE = fc
  .array(fc.oneof(DIGITS, fc.string({ unit: fc.constantFrom(..."aZ09 \t-_.~!#$%&'()*+,/:;<=>?@[]^`|é€北") })), {
    maxLength: 4,
  })
  .map((parts) =>
    parts
      .join("")
      .replaceAll("{{", "{ {")
      .replace(/^[ \t]+|[ \t]+$/g, ""),
  );
const NAME = fc
  .string({ unit: fc.constantFrom(..."abcXYZ0129-_"), minLength: 1, maxLength: 12 })
  .map((name) => `X-${name}`);
const HEADERS = fc.array(fc.tuple(NAME, VALUE), { maxLength: 5 });
const PATH = fc.string({ unit: fc.constantFrom(..."aZ09-_.~$&+,/:;=@!'()*[]%") }).map((path) => `/${path}`);
const QUERY = fc
  .string({ unit: fc.constantFrom(..."aZ09-_.~$&+,/:;=@!'()*[]%?|\"<>\\^`é") })
  .map((query) => `?${query}`);

const latin1 = (text: string): string => Buffer.from(text).toString("latin1");

/** A request's own headers, in their order; names are in small letters over HTTP/2. */
function ownHeaders({ headers }: Recorded): [string, string][] {
  const pairs: [string, string][] = [];
  for (let index = 0; index < headers.length; index += 2) {
    const name = String(headers[index]).toLowerCase();
    if (name.startsWith("x-")) pairs.push([name, String(headers[index + 1])]);
  }
  return pairs;
}

for (const [protocol, record] of PROTOCOLS) {
  test(`over ${protocol} without placeholders the bytes on the wire are the plan's, whatever they are`, async (t) => {
    const server = await record(t);
    await fc.assert(
      fc.asyncProperty(
        HEADERS,
        PATH,
        QUERY,
        fc.oneof(ANY, BYTES),
        fc.nat(1_000),
        async (headers, path, query, body, n) => {
          const url = `${server.origin}${path}${query}`;
          const own = typeof body === "string" ? { body } : { bodyBase64: body.toString("base64") };
          const target: Chain["targets"][number] = { method: "POST", url, headers, weight: 1, ...own };
          const [request, ...others] = await sendTo(server, { name: "a", rps: 1, targets: [target] }, 1, n);
          assert.ok(request);
          assert.equal(others.length, 0);
          assert.equal(request.method, "POST");
          assert.equal(request.path, latin1(path + query));
          assert.equal(request.body, typeof body === "string" ? latin1(body) : body.toString("latin1"));
          assert.deepEqual(
            ownHeaders(request),
            headers.map(([name, value]) => [name.toLowerCase(), latin1(value)]),
          );
        },
      ),
      { numRuns: 150 },
    );
  });

  test(`over ${protocol} with ids these alone differ from the plan`, async (t) => {
    const server = await record(t);
    const pieces = fc.array(
      fc.oneof(fc.constant("{{id}}"), fc.constant("100000000000"), fc.stringMatching(/^[a-z0-9]{0,6}$/)),
      {
        maxLength: 6,
      },
    );
    const texts = pieces.map((parts) => parts.join(""));
    const params = fc.array(fc.oneof(texts, fc.constant(100_000_000_000), fc.constant('\\"{{id}}[],{')), {
      maxLength: 4,
    });
    await fc.assert(
      fc.asyncProperty(
        texts,
        texts,
        fc.array(params, { minLength: 1, maxLength: 3 }),
        fc.nat(1_000_000),
        async (query, value, calls, n) => {
          const batch = calls.map((own) => ({ jsonrpc: "2.0", method: "m", params: [...own, "."], id: "{{id}}x" }));
          const target = {
            method: "POST",
            url: `${server.origin}/?${query}`,
            headers: [["X-V", `-${value}`]],
            body: JSON.stringify(batch),
            weight: 1,
          };
          const [request] = await sendTo(
            server,
            { name: "a", rps: 1, targets: [target as Chain["targets"][number]] },
            1,
            n,
          );
          assert.ok(request);
          const id = (part: number): string => String(ID_BASE + n * calls.length + part);
          const numbered = (text: string, part: number): string => text.replaceAll("{{id}}", id(part));
          const bodyOf = (call: object, part: number): string => numbered(JSON.stringify(call), part);
          assert.equal(request.path, numbered(`/?${query}`, 0));
          assert.deepEqual(ownHeaders(request), [["x-v", numbered(`-${value}`, 0)]]);
          assert.equal(request.body, `[${batch.map(bodyOf).join(",")}]`);
        },
      ),
      { numRuns: 150 },
    );
  });
}

test("what the data holds is one value where it stands: in a JSON string, bare in JSON, in path, query, form and header", async (t) => {
  const server = await recordHttp1(t);
  const texts = fc.oneof(
    TEXT,
    fc.constantFrom('a"b', "x&y=z", "p#q", "50%", "back\\slash", "two\nlines", "a/b?c", "{{id}}", "env://HOME"),
  );
  await fc.assert(
    fc.asyncProperty(texts, fc.json(), VALUE, async (text, json, value) => {
      const data = [{ text, json, value }];
      const targets: Chain["targets"] = [
        {
          method: "POST",
          url: `${server.origin}/a{{data.text}}b/?u={{data.text}}&k=1`,
          headers: [["X-V", "<{{data.value}}>"]],
          body: '{"jsonrpc":"2.0","id":{{id}},"method":"m","params":["<{{data.text}}>",{{data.json}}]}',
          weight: 1,
        },
        {
          method: "POST",
          url: server.origin,
          headers: [["Content-Type", "application/x-www-form-urlencoded"]],
          body: "a={{data.text}}&b=1",
          weight: 1,
        },
      ];
      const [request, form] = await sendTo(server, { name: "a", rps: 1, targets, data }, 2);
      assert.ok(request && form);
      const body = JSON.parse(Buffer.from(request.body, "latin1").toString());
      assert.deepEqual(body, { jsonrpc: "2.0", id: ID_BASE, method: "m", params: [`<${text}>`, JSON.parse(json)] });
      const [path = "", query = ""] = request.path.split("?");
      assert.equal(decodeURIComponent(path), `/a${text}b/`);
      assert.equal(path.split("/").length, 3);
      assert.equal(new URLSearchParams(query.replaceAll("+", "%2B")).get("u"), text);
      assert.equal(query.split("&").length, 2);
      assert.deepEqual(ownHeaders(request), [["x-v", latin1(`<${value}>`)]]);
      assert.deepEqual(
        [...new URLSearchParams(form.body.replaceAll("+", "%2B"))],
        [
          ["a", text],
          ["b", "1"],
        ],
      );
    }),
    { numRuns: 150 },
  );
});

test("numbers keep all their digits, and the bytes of a body its form", async (t) => {
  const server = await recordHttp1(t);
  const folder = temporaryFolder(t);
  const body = '{ "jsonrpc":"2.0","method":"m","params":[12345678901234567890, 1.0, 1e30],"id":1 }';
  writeFileSync(`${folder}/t.txt`, `POST ${server.origin}/\n\n${body}\n`);
  const raw = { name: "digits", duration: "2s", ids: "unique", chains: [{ name: "a", rps: 1, targets: "t.txt" }] };
  const [chain] = checkPlan(raw, folder, "plan").chains;
  assert.ok(chain);
  const [request] = await sendTo(server, chain, 1, 3);
  assert.equal(request?.body, body.replace('"id":1', `"id":${ID_BASE + 3}`));
});

test("two braces that begin no placeholder are written {{{{", async (t) => {
  const server = await recordHttp1(t);
  const raw = {
    name: "braces",
    duration: "2s",
    chains: [
      {
        name: "a",
        rps: 1,
        targets: [
          { url: `${server.origin}/?{{{{x}}`, body: { a: "{{{{ .Values.x }}", b: "{{{{id}}" }, expect: "http" },
        ],
      },
    ],
  };
  const [chain] = checkPlan(raw, ".", "plan").chains;
  assert.ok(chain);
  const [request] = await sendTo(server, chain);
  assert.equal(request?.body, '{"a":"{{ .Values.x }}","b":"{{id}}"}');
  assert.equal(request?.path, "/?{{x}}");
});

const CALL = { jsonrpc: "2.0", id: 1, method: "m" };

/** Where a value of a plan may come from, as the plan that holds it and the files beside it. */
const SOURCES: [
  source: string,
  plan: (value: string, origin: string) => { chain: object; files?: Record<string, string>; secret?: string },
][] = [
  [
    "an inline header",
    (value, origin) => ({ chain: { targets: [{ url: origin, method: "GET", headers: { "X-V": value } }] } }),
  ],
  [
    "a header's name",
    (value, origin) => ({ chain: { targets: [{ url: origin, method: "GET", headers: { [`X${value}`]: "1" } }] } }),
  ],
  ["a method", (value, origin) => ({ chain: { targets: [{ url: origin, method: `GET${value}` }] } })],
  ["a URL", (value, origin) => ({ chain: { targets: [{ url: `${origin}/${value}?${value}`, method: "GET" }] } })],
  [
    "a json target's header",
    (value, origin) => ({
      chain: { targets: "t.json" },
      files: { "t.json": JSON.stringify({ method: "GET", url: origin, header: { "X-V": [value] } }) },
    }),
  ],
  [
    "a json target's URL",
    (value, origin) => ({
      chain: { targets: "t.json" },
      files: { "t.json": JSON.stringify({ method: "GET", url: `${origin}/${value}` }) },
    }),
  ],
  [
    "a json target's method and header name",
    (value, origin) => ({
      chain: { targets: "t.json" },
      files: { "t.json": JSON.stringify({ method: `GET${value}`, url: origin, header: { [`X${value}`]: ["1"] } }) },
    }),
  ],
  [
    "an http target's lines",
    (value, origin) => ({ chain: { targets: "t.txt" }, files: { "t.txt": `GET ${origin}/\nX-V: ${value}\n` } }),
  ],
  [
    "a replay's header",
    (value, origin) => ({
      chain: { rps: undefined, replay: { file: "log.jsonl" } },
      files: { "log.jsonl": JSON.stringify({ at: 0, method: "GET", url: origin, headers: { "X-V": value } }) },
    }),
  ],
  [
    "a replay's names, method and URL",
    (value, origin) => ({
      chain: { rps: undefined, replay: { file: "log.jsonl" } },
      files: {
        "log.jsonl": JSON.stringify({
          at: 0,
          method: "GET",
          url: `${origin}/${value}`,
          headers: { [`X${value}`]: "1" },
        }),
      },
    }),
  ],
  [
    "a data field in a header",
    (value, origin) => ({
      chain: { targets: [{ url: origin, method: "GET", headers: { "X-V": "{{data.v}}" } }], data: "d.jsonl" },
      files: { "d.jsonl": JSON.stringify({ v: value }) },
    }),
  ],
  [
    "a data field in a URL and a body",
    (value, origin) => ({
      chain: {
        targets: [{ url: `${origin}/{{data.v}}?{{data.v}}`, body: { ...CALL, params: ["{{data.v}}"] } }],
        data: "d.jsonl",
      },
      files: { "d.jsonl": JSON.stringify({ v: value }) },
    }),
  ],
  [
    "a CSV field in a header",
    (value, origin) => ({
      chain: { targets: [{ url: origin, method: "GET", headers: { "X-V": "{{data.v}}" } }], data: "d.csv" },
      files: { "d.csv": `v,w\n"${value.replaceAll('"', '""')}",1\n` },
    }),
  ],
  [
    "a secret",
    (value, origin) => ({
      chain: { targets: [{ url: origin, method: "GET", headers: { "X-V": "Bearer env://V" } }] },
      secret: value,
    }),
  ],
];

/** What splits a request where it goes out as it is, or where characters are cut to their low bytes. */
const SPLITTING = fc
  .array(
    fc.constantFrom(
      "\r\n",
      "\n",
      "\r",
      "\0",
      "\x0b",
      "\x7f",
      "\u0085",
      "\u2028",
      "\u010d\u010a",
      "\u{1f40d}",
      "%0d%0a",
      " ",
      "\t",
      ":",
      "\\r\\n",
      "{{id}}",
      "{{{{",
      "\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n",
      "\u010d\u010a\u010d\u010aGET /smuggled HTTP/1.1\u010d\u010a",
      "a",
      '"',
      ",",
    ),
    { minLength: 1, maxLength: 4 },
  )
  .map((parts) => parts.join(""));

for (const [source, planOf] of SOURCES) {
  test(`whatever comes from ${source} is one request at the server, or is refused`, async (t) => {
    const server = await recordHttp1(t);
    const folder = temporaryFolder(t);
    let sent = 0;
    await fc.assert(
      fc.asyncProperty(SPLITTING, async (value) => {
        const { chain, files = {}, secret } = planOf(value, server.origin);
        for (const [name, text] of Object.entries(files)) writeFileSync(`${folder}/${name}`, text);
        const before = server.requests.length;
        try {
          const raw = { name: "split", duration: "2s", chains: [{ name: "a", rps: 1, ...chain }] };
          const [checked] = checkPlan(JSON.parse(JSON.stringify(raw)), folder, "plan").chains;
          assert.ok(checked);
          await sendTo(server, checked, 1, 0, () => secret ?? "");
        } catch (error) {
          assert.ok(error instanceof InputError || /control character/.test(String(error)), String(error));
          assert.equal(server.requests.length, before, "refused after something was sent");
          return;
        }
        sent++;
        const own = server.requests.slice(before);
        assert.equal(own.length, 1, JSON.stringify(own));
        assert.ok(!own[0]?.headers.includes("smuggled"));
        const text = [own[0]?.line, ...(own[0]?.headers ?? [])].join("");
        assert.doesNotMatch(text, /[\r\n\0]/);
      }),
      { numRuns: 60 },
    );
    // A method or a header's name has next to nothing of this in it.
    if (!/method|name/.test(source)) assert.ok(sent > 0, "some of it can be sent");
  });
}
