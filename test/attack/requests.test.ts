import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { ID_BASE } from "../../lib/answers/ids.ts";
import { classifyResponse } from "../../lib/answers/jsonrpc.ts";
import { prepareChain } from "../../lib/attack/requests.ts";
import { InputError } from "../../lib/plan/problems.ts";
import type { Chain, Target } from "../../lib/plan/schema.ts";
import { type RecordingServer, recordHttp1, recordHttp2, sendTo, valuesOf } from "../support/recording.ts";

const PROTOCOLS: [string, (t: TestContext) => Promise<RecordingServer>][] = [
  ["HTTP/1.1", recordHttp1],
  ["HTTP/2", recordHttp2],
];

function chainOf(target: Partial<Target> & { url: string }, more: Partial<Chain> = {}): Chain {
  return { name: "ethereum", rps: 1, targets: [{ method: "POST", headers: [], weight: 1, ...target }], ...more };
}

const id = (n: number): string => String(ID_BASE + n);

for (const [protocol, record] of PROTOCOLS) {
  test(`over ${protocol} the digits that ids begin with are sent as they stand, in body, URL and header`, async (t) => {
    const server = await record(t);
    const body = JSON.stringify({
      jsonrpc: "2.0",
      id: 100_000_000_000,
      method: "eth_call",
      params: [
        {
          to: "0xdac17f958d2ee523a2206206994597c13d831ec7",
          data: `0x70a08231${"0".repeat(24)}100000000000${"0".repeat(28)}`,
        },
        "1000000000000000000",
      ],
    });
    const url = `${server.origin}/100000000000?from=100000000000`;
    const chain = chainOf({ url, headers: [["X-Trace", "1000000000000000000"]], body });
    for (const request of await sendTo(server, chain, 3, 5)) {
      assert.equal(request.body, body);
      assert.equal(request.path, "/100000000000?from=100000000000");
      assert.deepEqual(valuesOf(request, "x-trace"), ["1000000000000000000"]);
    }
  });

  test(`over ${protocol} an id stands in as many places as the plan says, the same in each`, async (t) => {
    const server = await record(t);
    const chain = chainOf({
      url: `${server.origin}/a{{id}}?r={{id}}`,
      headers: [["X-Request-Id", "req-{{id}}"]],
      body: '{"jsonrpc":"2.0","id":"{{id}}","method":"m","params":["x-{{id}}",{{id}},100000000000,"é{{id}}"]}',
    });
    const [request] = await sendTo(server, chain, 1, 7);
    assert.ok(request);
    const own = id(7);
    assert.equal(request.path, `/a${own}?r=${own}`);
    assert.deepEqual(valuesOf(request, "x-request-id"), [`req-${own}`]);
    const text = `{"jsonrpc":"2.0","id":${own},"method":"m","params":["x-${own}",${own},100000000000,"é${own}"]}`;
    assert.equal(request.body, Buffer.from(text).toString("latin1"));
  });

  test(`over ${protocol} only a call's id loses the quotes around {{id}}: in all other places they are the plan's`, async (t) => {
    const server = await record(t);
    const bodies = [
      '{"jsonrpc":"2.0","id":"{{id}}","method":"m","params":["{{id}}",{"id":"{{id}}"}]}',
      '[{"id":"{{id}}","method":"m","params":{"id":["{{id}}"]}},{"id":"{{id}}","x":"{{id}}"}]',
      '{"id":"{{id}}","name":"no call"}',
      '{"jsonrpc":"2.0","method":"m","params":{"id":"{{id}}"},"id" : "{{id}}" }',
      '{"jsonrpc":"2.0","method":"m","id":["{{id}}"]}',
    ];
    const unquoted = [
      '{"jsonrpc":"2.0","id":0,"method":"m","params":["0",{"id":"0"}]}',
      '[{"id":0,"method":"m","params":{"id":["0"]}},{"id":"1","x":"1"}]',
      '{"id":"0","name":"no call"}',
      '{"jsonrpc":"2.0","method":"m","params":{"id":"0"},"id" : 0 }',
      '{"jsonrpc":"2.0","method":"m","id":["0"]}',
    ];
    for (const [place, body] of bodies.entries()) {
      const [request] = await sendTo(server, chainOf({ url: server.origin, body, expect: "http" }), 1, 0);
      assert.equal(
        request?.body.replaceAll(/100000000000|100000000001/g, (made) => made.slice(-1)),
        unquoted[place],
      );
    }
  });

  test(`over ${protocol} each call of a batch has an id, in all its places; URL and headers have the first`, async (t) => {
    const server = await record(t);
    const call = '{"jsonrpc":"2.0","method":"m","params":["],[{\\"{{id}}",{"id":[{{id}},{}]}],"id":{{id}}}';
    const fixed = '{"jsonrpc":"2.0","method":"m","id":100000000000}';
    const chain = chainOf({
      url: `${server.origin}/?first={{id}}`,
      headers: [["X-Request-Id", "{{id}}"]],
      body: `[${call}, ${fixed},\n${call}]`,
    });
    const [request] = await sendTo(server, chain, 1, 5);
    assert.ok(request);
    const [first, last] = [id(15), id(17)];
    assert.equal(request.path, `/?first=${first}`);
    assert.deepEqual(valuesOf(request, "x-request-id"), [first]);
    assert.equal(request.body, `[${call.replaceAll("{{id}}", first)}, ${fixed},\n${call.replaceAll("{{id}}", last)}]`);
  });

  test(`over ${protocol} repeated headers all go out in their order, as UTF-8, and empty ones too`, async (t) => {
    const server = await record(t);
    const headers: Target["headers"] = [
      ["Cookie", "session=alpha"],
      ["X-City", "北京"],
      ["Cookie", "region=south"],
      ["X-Empty", ""],
      ["X-City", " Zoë "],
    ];
    const [request] = await sendTo(server, chainOf({ url: `${server.origin}/`, headers }));
    assert.ok(request);
    const bytes = (text: string): string => Buffer.from(text).toString("latin1");
    assert.deepEqual(valuesOf(request, "cookie"), ["session=alpha", "region=south"]);
    assert.deepEqual(valuesOf(request, "x-city"), [bytes("北京"), bytes("Zoë")]);
    assert.deepEqual(valuesOf(request, "x-empty"), [""]);
  });
}

const SPLITTING: [why: string, target: Partial<Target>][] = [
  ["a line break in a header's value", { headers: [["X-Note", "a\r\nX-Injected: yes"]] }],
  ["a line feed alone", { headers: [["X-Note", "a\nb"]] }],
  ["a carriage return alone", { headers: [["X-Note", "a\rb"]] }],
  ["a NUL", { headers: [["X-Note", "a\0b"]] }],
  ["a DEL", { headers: [["X-Note", "a\x7fb"]] }],
  ["a line break in a header's name", { headers: [["X-Note: a\r\nX-Other", "b"]] }],
  ["a colon in a header's name", { headers: [["X:Y", "b"]] }],
  ["a header's name that is empty", { headers: [["", "b"]] }],
  ["a line break in the method", { method: "GET / HTTP/1.1\r\nX: " }],
  ["a blank in the method", { method: "GET /x" }],
  ["a line break in the URL", { url: "http://127.0.0.1/\r\nX: y" }],
  ["a tab in the URL", { url: "http://127.0.0.1/\ta" }],
];

for (const [why, target] of SPLITTING) {
  test(`${why} is refused before anything is sent`, () => {
    const chain = chainOf({ url: "http://127.0.0.1/", ...target });
    assert.throws(() => prepareChain(chain, { keepalive: true, seed: 1 }), InputError);
  });
}

test("of a secret the last line break alone is left out; one with another is refused without its value", () => {
  const chain = chainOf({ url: "http://127.0.0.1/?k=env://TOKEN", headers: [["Authorization", "Bearer env://TOKEN"]] });
  const headOf = (value: string): string => {
    const request = prepareChain(chain, { keepalive: true, seed: 1, secret: () => value })(0);
    return request.http1.toString();
  };
  for (const value of ["a b", "a b\n", "a b\r\n"]) {
    assert.match(headOf(value), /^POST \/\?k=a%20b HTTP\/1\.1\r\n/);
    assert.match(headOf(value), /\r\nAuthorization: Bearer a b\r\n/);
  }
  for (const value of ["hush\n\n", "hush\nX-Injected: yes", "hush\r", "hush\0"]) {
    assert.throws(
      () => headOf(value),
      ({ message }: Error) => message.includes("env://TOKEN") && !message.includes("hush"),
      JSON.stringify(value),
    );
  }
});

test("URLs go out as they are written, as Go's client sends them", async (t) => {
  const server = await recordHttp1(t);
  const urls: [url: string, path: string][] = [
    ["?x=user@host", "/?x=user@host"],
    ["", "/"],
    ["/#a@b", "/"],
    ["/a%2Fb/c%20d?q=x%20y&z=%e2%82%ac#frag", "/a%2Fb/c%20d?q=x%20y&z=%e2%82%ac"],
    ["/a/../b/./c//d?x=..%2F", "/a/../b/./c//d?x=..%2F"],
    ["/%2e%2e/secret", "/%2e%2e/secret"],
    ["/q?a='b'&c=\"d\"&e=[1]|{2}", "/q?a='b'&c=\"d\"&e=[1]|{2}"],
    ["/a b?a=b c", "/a%20b?a=b%20c"],
    ["/caf\u00e9?n=\u00e9", "/caf%C3%A9?n=\xc3\xa9"],
  ];
  for (const [url, path] of urls) {
    const [request] = await sendTo(server, chainOf({ url: server.origin + url, method: "GET" }));
    assert.equal(request?.line, `GET ${path} HTTP/1.1`);
  }
  const upper = chainOf({ url: server.origin.replace("http:", "HTTP:") });
  assert.equal((await sendTo(server, upper))[0]?.line, "POST / HTTP/1.1");
});

test("an id that the data has is what its own request's response must carry", () => {
  const body = '{"jsonrpc":"2.0","id":"{{data.id}}","method":"m"}';
  const chain = chainOf({ url: "http://127.0.0.1/", body }, { data: [{ id: "a" }, { id: "b" }] });
  const request = prepareChain(chain, { keepalive: true, seed: 1 });
  for (const [n, id] of ["a", "b", "a"].entries()) {
    const answer = (of: string): Buffer => Buffer.from(`{"jsonrpc":"2.0","id":"${of}","result":"0x1"}`);
    assert.equal(classifyResponse(200, answer(id), request(n).expected, n), "valid");
    assert.equal(classifyResponse(200, answer("c"), request(n).expected, n), "id-mismatch");
  }
});

test("characters whose low bytes are a line break go out as their UTF-8 bytes", async (t) => {
  const server = await recordHttp1(t);
  const chain = chainOf({
    url: `${server.origin}/\u010d\u010a?\u010d\u010a`,
    headers: [["X-Note", "a\u010d\u010aX: y"]],
  });
  const [request, ...others] = await sendTo(server, chain);
  assert.ok(request);
  assert.equal(others.length, 0);
  assert.equal(request.line, "POST /%C4%8D%C4%8A?\xc4\x8d\xc4\x8a HTTP/1.1");
  assert.deepEqual(valuesOf(request, "x-note"), ["a\xc4\x8d\xc4\x8aX: y"]);
});
