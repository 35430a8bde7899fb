import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync, zstdCompressSync } from "node:zlib";
import { faultOf } from "../../lib/answers/classes.ts";
import { Recorder } from "../../lib/attack/recorder.ts";
import { Sender } from "../../lib/attack/sender.ts";
import { HostGuard } from "../../lib/guard/hostGuard.ts";
import type { ConnectionOptions } from "../../lib/http/connection.ts";
import type { Target } from "../../lib/plan/schema.ts";
import { type Series, total } from "../../lib/results/chunk.ts";
import { systemClock } from "../../lib/store/clock.ts";
import { CALL } from "../support/plans.ts";
import { prepared } from "../support/prepared.ts";
import { answeringServer, DEAD_ORIGIN, jsonResponse, RELAY, rawServer } from "../support/servers.ts";

const OPTIONS: ConnectionOptions = { http: "1.1", keepalive: true, timeoutMs: 400 };

/** Sends requests one after another, each when the one before has ended, and gives what was recorded. */
async function send(origin: string, count = 1, options = OPTIONS, headers: Target["headers"] = []): Promise<Series> {
  const sender = new Sender(systemClock, options);
  const recorder = new Recorder("ethereum", "measure", 1_000);
  const target: Target = { method: "POST", url: `${origin}/rpc?a=b`, headers, body: JSON.stringify(CALL), weight: 1 };
  const request = prepared(target, options.keepalive);
  for (let index = 0; index < count; index++) {
    const nowMs = systemClock.nowMs();
    sender.send({ request, n: 0, recorder, dueMs: 0, dueAtMs: nowMs }, nowMs);
    await sender.drained();
  }
  sender.close();
  const series = recorder.take();
  assert.ok(series);
  assert.equal(series.sent, count);
  assert.equal(series.valid + total(series.invalid) + total(series.errors), count, "each request has one outcome");
  return series;
}

test("requests arrive as they were planned, on one connection", async (t) => {
  const requests: string[] = [];
  const server = await answeringServer(t, (_, request) => {
    requests.push(request);
    return jsonResponse(RELAY);
  });
  const series = await send(server.origin, 3, OPTIONS, [
    ["X-Key", "k"],
    ["Content-Length", String(JSON.stringify(CALL).length)],
    ["Connection", "keep-alive"],
  ]);
  assert.equal(series.valid, 3);
  assert.equal(server.connections, 1);
  const body = JSON.stringify(CALL);
  const host = new URL(server.origin).host;
  const head = ["POST /rpc?a=b HTTP/1.1", `Host: ${host}`, "X-Key: k", "Connection: keep-alive"];
  assert.equal(requests[2], [...head, "User-Agent: volley", `Content-Length: ${body.length}`, "", body].join("\r\n"));
});

test("a target that asks for its connection to be closed has each request on one of its own", async (t) => {
  const server = await answeringServer(t, (_, request) => {
    assert.equal(request.match(/\r\nConnection: /g)?.length, 1);
    // The server keeps the connection open all the same.
    return jsonResponse(RELAY);
  });
  const series = await send(server.origin, 3, OPTIONS, [["Connection", "close"]]);
  assert.equal(series.valid, 3);
  assert.equal(server.connections, 3);
});

test("without keep-alive each request has a connection of its own, and says so", async (t) => {
  const server = await answeringServer(t, (socket, request) => {
    assert.match(request, /\r\nConnection: close\r\n/);
    socket.end(jsonResponse(RELAY, "200 OK", ["Connection: close"]));
    return undefined;
  });
  const series = await send(server.origin, 3, { ...OPTIONS, keepalive: false });
  assert.equal(series.valid, 3);
  assert.equal(server.connections, 3);
});

test("a target at which nobody listens is ECONNREFUSED", async () => {
  const series = await send(DEAD_ORIGIN, 2);
  assert.deepEqual(series.errors, { ECONNREFUSED: 2 });
});

test("a name that does not resolve is ENOTFOUND or its like", async () => {
  const guard = new HostGuard({ allowed: ["volley.invalid"], loopback: true });
  const series = await send("http://volley.invalid", 1, { ...OPTIONS, guard });
  assert.match(Object.keys(series.errors).join(), /^(ENOTFOUND|EAI_AGAIN|connect-timeout)$/);
});

const misbehaviours: [
  what: string,
  errors: Series["errors"],
  bytes: string | undefined,
  end: "no" | "end" | "reset",
][] = [
  ["resets the connection", { ECONNRESET: 1 }, undefined, "reset"],
  ["closes the connection without a response", { "connection-closed": 1 }, undefined, "end"],
  ["closes it within a body", { "truncated-response": 1 }, "HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nab", "end"],
  ["never answers", { "headers-timeout": 1 }, undefined, "no"],
  ["stalls within a head", { "headers-timeout": 1 }, "HTTP/1.1 200 OK\r\nContent-", "no"],
  ["stalls within a body", { "body-timeout": 1 }, "HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nab", "no"],
  ["speaks no HTTP", { "invalid-http": 1 }, "220 mail.example ESMTP\r\n", "no"],
  ["sends headers without end", { "headers-too-large": 1 }, `HTTP/1.1 200 OK\r\n${"a: b\r\n".repeat(20_000)}`, "no"],
  [
    "sends a body without end",
    { "body-too-large": 1 },
    `HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n${"x".repeat(5 * 2 ** 20)}`,
    "no",
  ],
];

for (const [what, errors, bytes, end] of misbehaviours) {
  test(`a target that ${what} is recorded as ${Object.keys(errors).join()}`, async (t) => {
    const server = await rawServer(t, (socket) => {
      socket.once("data", () => {
        if (bytes !== undefined) socket.write(bytes);
        if (end === "end") socket.end();
        if (end === "reset") socket.resetAndDestroy();
      });
    });
    const beganMs = performance.now();
    const series = await send(server.origin);
    assert.deepEqual(series.errors, errors);
    assert.ok(performance.now() - beganMs < 3_000);
  });
}

const LONG_RELAY = RELAY.replace("0x1", "0x".padEnd(2_000, "1"));
const compressed: [coding: string, bytes: Buffer][] = [
  ["gzip", gzipSync(LONG_RELAY)],
  ["X-GZip", gzipSync(LONG_RELAY)],
  ["deflate", deflateSync(LONG_RELAY)],
  ["deflate", deflateRawSync(LONG_RELAY)],
  ["br", brotliCompressSync(LONG_RELAY)],
  ["zstd", zstdCompressSync(LONG_RELAY)],
  ["gzip, identity, br", brotliCompressSync(gzipSync(LONG_RELAY))],
];

/** A response with these bytes as its body. */
function encoded(coding: string, body: Buffer): Buffer {
  const head = `HTTP/1.1 200 OK\r\nContent-Encoding: ${coding}\r\nContent-Length: ${body.length}\r\n\r\n`;
  return Buffer.concat([Buffer.from(head), body]);
}

async function sendTo(t: TestContext, bytes: Buffer, options = OPTIONS): Promise<Series> {
  const server = await rawServer(t, (socket) => socket.once("data", () => socket.write(bytes)));
  return send(server.origin, 1, options);
}

for (const [coding, bytes] of compressed) {
  test(`a body in ${coding} (${bytes.length} bytes) is decoded before it is judged; both sizes are counted`, async (t) => {
    const series = await sendTo(t, encoded(coding, bytes));
    assert.equal(series.valid, 1, JSON.stringify([series.invalid, series.errors]));
    assert.deepEqual([series.bytesReceived, series.bytesDecoded], [bytes.length, LONG_RELAY.length]);
  });
}

test("a body that is not encoded as its head says is invalid-encoding", async (t) => {
  const broken = [
    encoded("gzip", Buffer.from(RELAY)),
    encoded("br", brotliCompressSync(LONG_RELAY).subarray(0, -3)),
    encoded("compress", Buffer.from(RELAY)),
    encoded("gzip,gzip,gzip,gzip,gzip", Buffer.from(RELAY)),
  ];
  for (const bytes of broken) {
    const { invalid, statuses } = await sendTo(t, bytes);
    assert.deepEqual([invalid, statuses], [{ "invalid-encoding": 1 }, { 200: 1 }]);
  }
});

test("an HTTP status comes before a body that is not encoded as its head says, as proxies send their pages", async (t) => {
  for (const [status, accepted] of [
    [502, "http-502"],
    [404, "http-404"],
    [500, "http-500"],
    [206, "invalid-encoding"],
  ] as const) {
    const page = encoded("gzip", Buffer.from("<html>502 Bad Gateway</html>"));
    const bytes = Buffer.from(page.toString("latin1").replace("200", String(status)), "latin1");
    const { invalid, statuses } = await sendTo(t, bytes);
    assert.deepEqual([invalid, statuses], [{ [accepted]: 1 }, { [status]: 1 }]);
  }
});

test("a charset among the codings, or none, changes no byte", async (t) => {
  for (const coding of ["UTF-8", "none", "utf8, identity"]) {
    assert.equal((await sendTo(t, encoded(coding, Buffer.from(RELAY)))).valid, 1, coding);
  }
  assert.equal((await sendTo(t, encoded("gzip, utf-8", gzipSync(RELAY)))).valid, 1);
});

test("a small body that becomes a large one is cut off at the plan's limit, and judged where it stays below", async (t) => {
  const bomb = encoded("br", brotliCompressSync(Buffer.alloc(3_000_000, "x")));
  const limited = (maxBodyBytes: number) => ({ ...OPTIONS, limits: { maxBodyBytes } });
  for (const maxBodyBytes of [10_000, 2_900_000]) {
    const { errors } = await sendTo(t, bomb, limited(maxBodyBytes));
    assert.deepEqual(errors, { "body-too-large": 1 });
  }
  const series = await sendTo(t, bomb, limited(3_000_000));
  assert.equal(series.bytesDecoded, 3_000_000);
  assert.deepEqual(series.invalid, { "invalid-json": 1 });
});

test("the limit of a body's bytes is the plan's, and it is not the gateway's fault", async (t) => {
  const bytes = Buffer.from(jsonResponse(LONG_RELAY));
  const { length } = LONG_RELAY;
  assert.equal((await sendTo(t, bytes, { ...OPTIONS, limits: { maxBodyBytes: length } })).valid, 1);
  const { errors } = await sendTo(t, bytes, { ...OPTIONS, limits: { maxBodyBytes: length - 1 } });
  assert.deepEqual(errors, { "body-too-large": 1 });
  assert.equal(faultOf("body-too-large"), "generator");
});

test("a server that closes an idle connection costs no request", async (t) => {
  const server = await answeringServer(t, (socket) => {
    socket.end(jsonResponse(RELAY));
    return undefined;
  });
  const sender = new Sender(systemClock, OPTIONS);
  t.after(() => sender.close());
  const recorder = new Recorder("ethereum", "measure", 1_000);
  const request = prepared({ method: "POST", url: server.origin, headers: [], body: "{}", weight: 1 });
  for (let index = 0; index < 3; index++) {
    const nowMs = systemClock.nowMs();
    sender.send({ request, n: 0, recorder, dueMs: 0, dueAtMs: nowMs }, nowMs);
    await sender.drained();
    await new Promise((done) => setTimeout(done, 50));
    assert.equal(sender.connections, 0);
  }
  sender.close();
  assert.equal(recorder.take()?.valid, 3);
});

test("connections opened ahead are used, and no more are opened", async (t) => {
  const server = await answeringServer(t, () => jsonResponse(RELAY));
  const sender = new Sender(systemClock, OPTIONS);
  t.after(() => sender.close());
  await sender.open(server.origin, 5);
  assert.equal(sender.connections, 5);
  const recorder = new Recorder("ethereum", "measure", 1_000);
  const request = prepared({ method: "POST", url: server.origin, headers: [], body: "{}", weight: 1 });
  const nowMs = systemClock.nowMs();
  for (let index = 0; index < 5; index++) sender.send({ request, n: 0, recorder, dueMs: 0, dueAtMs: nowMs }, nowMs);
  await sender.drained();
  sender.close();
  assert.equal(server.connections, 5);
});

test("no more connections are opened ahead once there is no time", async (t) => {
  const server = await answeringServer(t, () => jsonResponse(RELAY));
  const sender = new Sender(systemClock, OPTIONS);
  t.after(() => sender.close());
  let asked = 0;
  await sender.open(server.origin, 50, () => ++asked <= 7);
  assert.equal(sender.connections, 7);
});

test("connections are opened ahead for a hundred at a time", async (t) => {
  const server = await answeringServer(t, () => jsonResponse(RELAY));
  const sender = new Sender(systemClock, OPTIONS);
  t.after(() => sender.close());
  let asked = 0;
  const opened = sender.open(server.origin, 150, () => ++asked > 0);
  assert.deepEqual([asked, sender.connections], [100, 100], "the others wait");
  await opened;
  assert.deepEqual([asked, sender.connections], [150, 150]);
});

test("connections opened ahead are never more than the maximum, for all origins together", async (t) => {
  const servers = [
    await answeringServer(t, () => jsonResponse(RELAY)),
    await answeringServer(t, () => jsonResponse(RELAY)),
  ];
  const sender = new Sender(systemClock, OPTIONS, { most: 150 });
  t.after(() => sender.close());
  await Promise.all(servers.map(({ origin }) => sender.open(origin, 120)));
  assert.equal(sender.connections, 150);
});

test("all who wait for the last response hear of it", async (t) => {
  const server = await answeringServer(t, () => jsonResponse(RELAY));
  const sender = new Sender(systemClock, OPTIONS);
  t.after(() => sender.close());
  const recorder = new Recorder("ethereum", "measure", 1_000);
  const request = prepared({ method: "POST", url: server.origin, headers: [], body: "{}", weight: 1 });
  for (let round = 0; round < 2; round++) {
    const nowMs = systemClock.nowMs();
    sender.send({ request, n: 0, recorder, dueMs: 0, dueAtMs: nowMs }, nowMs);
    await Promise.all([sender.drained(), sender.drained()]);
  }
  assert.equal(recorder.take()?.sent, 2);
});

test("what is in flight when the sender closes is recorded as aborted", async (t) => {
  const server = await rawServer(t, () => {});
  const sender = new Sender(systemClock, OPTIONS);
  t.after(() => sender.close());
  const recorder = new Recorder("ethereum", "measure", 1_000);
  const request = prepared({ method: "GET", url: server.origin, headers: [], weight: 1 });
  const nowMs = systemClock.nowMs();
  sender.send({ request, n: 0, recorder, dueMs: 0, dueAtMs: nowMs }, nowMs);
  await new Promise((done) => setTimeout(done, 50));
  sender.close();
  await sender.drained();
  assert.deepEqual(recorder.take()?.errors, { aborted: 1 });
});

test("a response that nobody asked for ends its connection and nothing else", async (t) => {
  let first = true;
  const server = await rawServer(t, (socket) => {
    if (first) socket.write(jsonResponse(RELAY));
    first = false;
    socket.on("data", () => socket.write(jsonResponse(RELAY)));
  });
  const sender = new Sender(systemClock, OPTIONS);
  t.after(() => sender.close());
  await sender.open(server.origin, 1);
  await new Promise((done) => setTimeout(done, 50));
  assert.equal(sender.connections, 0);
  sender.close();
  const series = await send(server.origin);
  assert.equal(series.valid, 1);
});

test("where there can be no more connections an idle one to another origin makes room, and else nothing is sent", async (t) => {
  const server = await answeringServer(t, () => jsonResponse(RELAY));
  const other = await rawServer(t, () => {});
  const sender = new Sender(systemClock, OPTIONS, { most: 2 });
  const recorder = new Recorder("ethereum", "measure", 1_000);
  const request = (origin: string) =>
    prepared({ method: "POST", url: `${origin}/`, headers: [], body: "x", weight: 1 });
  const send = (origin: string): boolean => {
    const nowMs = systemClock.nowMs();
    return sender.send({ request: request(origin), n: 0, recorder, dueMs: 0, dueAtMs: nowMs }, nowMs);
  };
  await sender.open(server.origin, 5);
  assert.equal(sender.connections, 2);
  assert.deepEqual([send(other.origin), send(other.origin), send(other.origin)], [true, true, false]);
  assert.equal(sender.connections, 2);
  await sender.drained();
  assert.ok(send(server.origin), "the requests that timed out have given their connections back");
  sender.close();
  assert.equal(sender.connections, 0);
  assert.equal(recorder.take()?.sent, 3);
});
