import assert from "node:assert/strict";
import { test } from "node:test";
import { plainSecret, prepareChain } from "../../lib/attack/requests.ts";
import { InputError } from "../../lib/plan/problems.ts";
import type { Chain, Target } from "../../lib/plan/schema.ts";

const CALL = '{"jsonrpc":"2.0","id":1,"method":"m","params":[]}';

function chainOf(targets: Partial<Target>[], more: Partial<Chain> = {}): Chain {
  const own = targets.map((target) => ({ method: "POST", url: "http://h/", headers: [], weight: 1, ...target }));
  return { name: "kava", rps: 1, targets: own as Target[], ...more };
}

const OPTIONS = { keepalive: true, seed: 1 };

/** The n-th request's bytes over HTTP/1.1. */
function bytes(target: Partial<Target>, options: Partial<Parameters<typeof prepareChain>[1]> = {}, n = 0): string {
  return prepareChain(chainOf([target]), { ...OPTIONS, ...options })(n).http1.toString("latin1");
}

test("a request is its line, Host, the plan's headers, a User-Agent, and its body's length and bytes", () => {
  const headers: Target["headers"] = [["X-A", "1"]];
  assert.equal(
    bytes({ url: "http://h.example:81/p?q", headers, body: CALL }),
    `POST /p?q HTTP/1.1\r\nHost: h.example:81\r\nX-A: 1\r\nUser-Agent: volley\r\nContent-Length: 49\r\n\r\n${CALL}`,
  );
  const own: Target["headers"] = [
    ["user-agent", "me"],
    ["HOST", "other"],
    ["content-length", "49"],
  ];
  assert.equal(
    bytes({ headers: own, body: CALL }),
    `POST / HTTP/1.1\r\nHOST: other\r\nuser-agent: me\r\nContent-Length: 49\r\n\r\n${CALL}`,
    "the plan's own stand in their places, and the length is told once",
  );
});

test("a length is told of each body, and of none by methods that have one", () => {
  const length = (method: string, body?: string): string | undefined =>
    /Content-Length: (\d+)/.exec(bytes({ method, ...(body !== undefined && { body, expect: "http" }) }))?.[1];
  for (const method of ["POST", "PUT", "PATCH"]) assert.equal(length(method), "0", method);
  for (const method of ["GET", "HEAD", "DELETE", "PROPFIND"]) assert.equal(length(method), undefined, method);
  assert.equal(length("GET", "é"), "2");
});

test("without keep-alive each request asks for its end once, whoever says so", () => {
  const closing = (headers: Target["headers"], keepalive: boolean) => {
    const request = prepareChain(chainOf([{ method: "GET", headers }]), { ...OPTIONS, keepalive })(0);
    return [request.closes, request.http1.toString().match(/Connection: \S+/gi)];
  };
  assert.deepEqual(closing([], true), [false, null]);
  assert.deepEqual(closing([], false), [true, ["Connection: close"]]);
  assert.deepEqual(closing([["connection", "CLOSE"]], false), [true, ["connection: CLOSE"]]);
  assert.deepEqual(
    closing(
      [
        ["Connection", "close"],
        ["X", "y"],
      ],
      true,
    ),
    [true, ["Connection: close"]],
  );
  assert.deepEqual(closing([["Connection", "keep-alive"]], true), [false, ["Connection: keep-alive"]]);
});

test("requests that are all alike are one that is ready; those that differ are made as they come", () => {
  const same = prepareChain(chainOf([{ body: CALL }]), OPTIONS);
  assert.equal(same.isReady, true);
  assert.equal(same(0), same(7));
  const ids = prepareChain(chainOf([{ body: CALL.replace('"id":1', '"id":{{id}}') }]), OPTIONS);
  assert.equal(ids.isReady, true, "ids alone are written over a copy");
  for (const part of [
    { url: "http://h/{{randomHex 8}}" },
    { headers: [["X", "{{randomHex 8}}"]] as Target["headers"] },
    { body: CALL.replace("[]", '["{{randomHex 8}}"]') },
  ]) {
    const made = prepareChain(chainOf([{ body: CALL, ...part }]), OPTIONS);
    assert.equal(made.isReady, false, JSON.stringify(part));
    assert.notEqual(made(0).http1.toString(), made(1).http1.toString());
    assert.equal(made(5).http1.toString(), made(5).http1.toString());
  }
  const mixed = prepareChain(chainOf([{ body: CALL }, { url: "http://h/{{randomHex 8}}" }]), OPTIONS);
  assert.equal(mixed.isReady, false);
  const replay = prepareChain(chainOf([{ body: CALL }], { replay: [0] }), OPTIONS);
  assert.equal(replay.isReady, false, "a replay's requests are not kept");
});

test("random values are other ones in each place, target, chain and seed", () => {
  const hex = (text: string): string[] => text.match(/0x[0-9a-f]{16}/g) ?? [];
  const all = (target: Partial<Target>, chain: Partial<Chain> = {}, seed = 1, index = 0): string[] => {
    const targets = [{ body: CALL }, target];
    return hex(prepareChain(chainOf(targets, chain), { keepalive: true, seed })(index + 1).http1.toString());
  };
  const random = "{{randomHex 16}}";
  const whole: Partial<Target> = {
    url: `http://h/${random}`,
    headers: [
      ["A", random],
      ["B", random],
    ],
    body: CALL.replace("[]", `["${random}"]`),
  };
  const first = all(whole);
  assert.equal(new Set(first).size, 4);
  const others = [all(whole, { name: "other" }), all(whole, {}, 2), all(whole, {}, 1, 2)];
  assert.equal(new Set([...first, ...others.flat()]).size, 16);
  assert.deepEqual(all(whole), first);
  const second = prepareChain(chainOf([whole]), OPTIONS)(0).http1.toString();
  assert.equal(new Set([...hex(second), ...first]).size, 8, "and by its place in the chain");
});

test("HTTP/2 gets the same in parts: path, headers in their order, the body's bytes, and where ids stand", () => {
  const target = {
    url: "http://h/é?{{id}}",
    headers: [["X", "a{{id}}"]] as Target["headers"],
    body: CALL.replace("1,", "{{id}},"),
  };
  const request = prepareChain(chainOf([target]), OPTIONS)(0);
  assert.deepEqual([request.method, request.origin, request.path], ["POST", "http://h", "/%C3%A9?100000000000"]);
  assert.deepEqual(request.headers, ["X", "a100000000000", "User-Agent", "volley"]);
  assert.equal(request.body?.toString(), CALL.replace("1,", "100000000000,"));
  assert.equal(request.bytes, request.body?.length);
  const at = (text: string): number => request.http1.toString("latin1").indexOf(text);
  assert.deepEqual(
    request.ids.http1.map((each) => each.at),
    [at("?1000") + 1, at("a1000") + 1, at('"id":1') + 5],
  );
  assert.deepEqual(request.ids.path, [{ at: 8, part: 0 }]);
  assert.deepEqual(request.ids.headers, [{ index: 1, ids: [{ at: 1, part: 0 }] }]);
  assert.deepEqual(request.ids.body, [{ at: 22, part: 0 }]);
  const plain = prepareChain(chainOf([{ method: "GET" }]), OPTIONS)(0);
  assert.deepEqual([plain.body, plain.bytes, plain.ids], [null, 0, { http1: [], body: [], path: [], headers: [] }]);
});

test("hosts in other scripts and odd ports go to the origin that they name, and Host is ASCII", () => {
  const of = (url: string) => {
    const { origin, http1 } = prepareChain(chainOf([{ method: "GET", url }]), OPTIONS)(0);
    return [origin, /Host: (\S+)/.exec(http1.toString())?.[1]];
  };
  assert.deepEqual(of("http://bücher.example:80/"), ["http://xn--bcher-kva.example", "xn--bcher-kva.example"]);
  assert.deepEqual(of("HTTPS://H.example:443/"), ["https://h.example", "H.example:443"]);
  const chain = chainOf([{ method: "GET", url: "http://{{data.h}}/" }], { data: [{ h: "a" }, { h: "b" }] });
  const rows = prepareChain(chain, OPTIONS);
  assert.deepEqual([rows(0).origin, rows(1).origin, rows(2).origin], ["http://a", "http://b", "http://a"]);
});

test("secrets stand in headers as they are and in URLs escaped; what fills a placeholder is never taken for one", () => {
  const secret = (reference: string): string => `<${reference.slice(6)} é/?>\n`;
  const target: Partial<Target> = {
    method: "GET",
    url: "http://h/env://A?k=env://B",
    headers: [
      ["Authorization", "Bearer env://C, env://C"],
      ["X", "{{data.x}}"],
    ],
  };
  const text = prepareChain(chainOf([target], { data: [{ x: "env://D" }] }), { ...OPTIONS, secret })(
    0,
  ).http1.toString();
  assert.match(text, /^GET \/%3CA%20%C3%A9%2F%3F%3E\?k=%3CB%20%C3%A9%2F%3F%3E HTTP/);
  assert.match(text, /\r\nAuthorization: Bearer <C é\/\?>, <C é\/\?>\r\nX: env:\/\/D\r\n/);
  assert.match(
    bytes(target.headers ? { method: "GET", headers: [["A", "env://C"]] } : {}),
    /A: env:\/\/C/,
    "without secrets",
  );
});

test("a secret loses one line break at its end; one within is refused without its value", () => {
  assert.equal(plainSecret("env://A", "a b\r\n"), "a b");
  assert.equal(plainSecret("env://A", "a\n"), "a");
  for (const value of ["hunter2\n\n", "hunter2\r", "hunter2\0", "x\nhunter2"]) {
    assert.throws(
      () => plainSecret("env://A", value),
      (error: Error) => /env:\/\/A has a control character/.test(error.message) && !/hunter2/.test(error.message),
    );
  }
});

test("a chain that was changed after its plan was checked is refused before anything is sent, by its name", () => {
  const refused = (target: Partial<Target>, more: Partial<Chain> = {}, options: object = {}): string => {
    try {
      prepareChain(chainOf([target], more), { ...OPTIONS, ...options });
      return "";
    } catch (error) {
      assert.ok(error instanceof InputError, String(error));
      return error.message;
    }
  };
  assert.match(refused({ headers: [["X", "a\r\nY: b"]] }), /^chain kava: 1 problem\n {2}its targets: found a control/);
  assert.match(refused({ headers: [["Connection", "keep-alive"]] }, {}, { http: "2" }), /over HTTP\/2 there is none/);
  assert.equal(refused({ headers: [["Connection", "keep-alive"]] }), "");
  assert.match(
    refused({ headers: [["Connection", "keep-alive"]] }, {}, { keepalive: false }),
    /found the header Connection/,
  );
  assert.match(refused({ url: "http://h/\n" }, { replay: [0] }), /in the URL/, "a replay's targets are looked at too");
  assert.match(refused({ headers: [["X", "{{data.x}}"]] }, { replay: [0], data: [{ x: "\n" }] }), /row 1 of the data/);
});

test("what a response must be comes from each request's own bytes, where a placeholder decides it", () => {
  const data = [{ m: "eth_blockNumber" }, { m: "eth_getTransactionReceipt" }];
  const body = '{"jsonrpc":"2.0","id":1,"method":"{{data.m}}","params":[]}';
  const request = prepareChain(chainOf([{ body }], { data, staleBlocks: 3 } as never), OPTIONS);
  assert.deepEqual(
    [0, 1].map((n) => request(n).expected.calls.map(({ asksBlock, mayBeNull }) => [asksBlock, mayBeNull])),
    [[[true, false]], [[false, true]]],
  );
  assert.equal(request(0).expected.demands.blocks, true);
  const fixed = prepareChain(chainOf([{ body: CALL.replace("[]", '["{{randomHex 8}}"]') }]), OPTIONS);
  assert.equal(fixed(0).expected, fixed(1).expected, "the same object where parameters alone differ");
});

test("sockets that carry batches beside calls number their requests so that no two have an id in common", () => {
  const batch = `[${CALL},${CALL},${CALL}]`;
  const url = "ws://h/x";
  const chain = prepareChain(
    chainOf([
      { url, body: CALL },
      { url, body: batch },
      { url: "ws://h/y", body: CALL },
    ]),
    OPTIONS,
  );
  assert.deepEqual(
    chain.handshakes.map(({ path, chain: name, origin }) => [name, origin, path]),
    [
      ["kava", "ws://h", "/x"],
      ["kava", "ws://h", "/y"],
    ],
  );
  const used = new Set<number>();
  for (let n = 0; n < 300; n++) {
    const { parts } = chain(n);
    const first = chain.wireNumber(n, parts) * parts;
    for (let part = 0; part < parts; part++) {
      assert.ok(!used.has(first + part), `request ${n}`);
      used.add(first + part);
    }
  }
  const plain = prepareChain(chainOf([{ body: CALL }, { body: batch }]), OPTIONS);
  assert.deepEqual([plain.handshakes, plain.wireNumber(9, 3)], [[], 9]);
});
