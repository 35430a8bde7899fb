import assert from "node:assert/strict";
import { once } from "node:events";
import { constants, createServer, type ServerHttp2Session, type ServerHttp2Stream } from "node:http2";
import type { AddressInfo, Socket } from "node:net";
import { type TestContext, test } from "node:test";
import { Recorder } from "../../lib/attack/recorder.ts";
import { Sender } from "../../lib/attack/sender.ts";
import { HostGuard } from "../../lib/guard/hostGuard.ts";
import type { Series } from "../../lib/results/chunk.ts";
import { systemClock } from "../../lib/store/clock.ts";
import { END_HEADERS, END_STREAM, FRAME, frame, playHttp2, STATUS_200, uint32 } from "../support/frames.ts";
import { CALL } from "../support/plans.ts";
import { prepared } from "../support/prepared.ts";
import { DEAD_ORIGIN, RELAY, rawServer } from "../support/servers.ts";

interface Http2Server {
  origin: string;
  sessions: ServerHttp2Session[];
}

/** Starts a server that speaks HTTP/2 without TLS, and gives each stream to `onStream`; it ends with the test. */
async function startServer(
  t: TestContext,
  settings: object,
  onStream: (stream: ServerHttp2Stream) => void,
): Promise<Http2Server> {
  const server = createServer({ settings });
  const sessions: ServerHttp2Session[] = [];
  server.on("session", (session) => {
    sessions.push(session);
    session.on("error", () => {});
  });
  server.on("stream", (stream) => {
    stream.on("error", () => {});
    onStream(stream);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => {
    for (const session of sessions) session.destroy();
    server.close();
  });
  return { origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, sessions };
}

function relay(stream: ServerHttp2Stream): void {
  if (stream.closed || stream.destroyed) return;
  stream.respond({ ":status": 200 });
  stream.end(RELAY);
}

/** Sends so many requests at once, and then so many more one by one, and gives what was recorded. */
async function send(origin: string, atOnce: number, after = 0): Promise<Series> {
  const guard = new HostGuard({ allowed: ["volley.invalid"], loopback: true });
  const sender = new Sender(systemClock, { http: "2", keepalive: true, timeoutMs: 1_000, guard });
  const recorder = new Recorder("ethereum", "measure", 1_000);
  const request = prepared({ method: "POST", url: origin, headers: [], body: JSON.stringify(CALL), weight: 1 });
  const one = (): void => {
    const nowMs = systemClock.nowMs();
    sender.send({ request, n: 0, recorder, dueMs: 0, dueAtMs: nowMs }, nowMs);
  };
  await sender.open(origin, 1);
  for (let index = 0; index < atOnce; index++) one();
  await sender.drained();
  for (let index = 0; index < after; index++) {
    one();
    await sender.drained();
  }
  sender.close();
  const series = recorder.take();
  assert.ok(series);
  return series;
}

test("no connection carries more streams than the server allows; others are opened", async (t) => {
  const open = new Map<unknown, number>();
  let most = 0;
  const server = await startServer(t, { maxConcurrentStreams: 5 }, (stream) => {
    const { session } = stream;
    open.set(session, (open.get(session) ?? 0) + 1);
    most = Math.max(most, open.get(session) ?? 0);
    stream.on("close", () => open.set(session, (open.get(session) ?? 0) - 1));
    setTimeout(() => relay(stream), 60);
  });
  const series = await send(server.origin, 20);
  assert.equal(series.valid, 20);
  assert.ok(most <= 5, `${most} streams on one connection`);
  assert.ok(server.sessions.length > 1);
});

test("a stream that the server resets is told by its code, and the others on its connection go on", async (t) => {
  let streams = 0;
  const server = await startServer(t, {}, (stream) => {
    streams++;
    if (streams === 2) stream.close(constants.NGHTTP2_REFUSED_STREAM);
    else setTimeout(() => relay(stream), 30);
  });
  const series = await send(server.origin, 6);
  assert.deepEqual(series.errors, { "http2-stream-refused-stream": 1 });
  assert.equal(series.valid, 5);
  assert.equal(server.sessions.length, 1);
});

test("a GOAWAY is told apart from a reset stream, and requests go on over a new connection", async (t) => {
  let streams = 0;
  const server = await startServer(t, {}, (stream) => {
    streams++;
    if (streams < 3 || streams > 4) setTimeout(() => relay(stream), 5);
    else if (streams === 4) stream.session?.goaway(constants.NGHTTP2_ENHANCE_YOUR_CALM, 1);
  });
  const series = await send(server.origin, 4, 2);
  const [name = ""] = Object.keys(series.errors);
  assert.equal(name, "http2-goaway-enhance-your-calm");
  assert.equal((series.errors[name] ?? 0) + series.valid, 6);
  assert.ok(series.valid >= 2, "those after it are answered on the new connection");
  assert.equal(server.sessions.length, 2);
});

test("a graceful GOAWAY lets the requests that are under way end", async (t) => {
  let streams = 0;
  const server = await startServer(t, {}, (stream) => {
    streams++;
    if (streams === 3) stream.session?.goaway(constants.NGHTTP2_NO_ERROR);
    setTimeout(() => relay(stream), 30);
  });
  const series = await send(server.origin, 3, 1);
  assert.equal(series.valid, 4);
  assert.equal(server.sessions.length, 2);
});

const HEADERS = (stream: number): Buffer => frame(FRAME.headers, END_HEADERS, stream, STATUS_200);
const BODY = (stream: number, flags = 0): Buffer => frame(FRAME.data, flags, stream, RELAY);
const RESET = (stream: number, code: number): Buffer => frame(FRAME.rst, 0, stream, uint32(code));

/** A field that is not indexed, by its name's place in HPACK's static table: 28 is content-length. */
const literal = (place: number, value: string): Buffer =>
  Buffer.concat([Buffer.from([0x0f, place - 15, value.length]), Buffer.from(value)]);
const LONGER = (stream: number): Buffer =>
  frame(FRAME.headers, END_HEADERS, stream, Buffer.concat([STATUS_200, literal(28, String(RELAY.length + 1))]));
const SHORTER = (stream: number): Buffer =>
  frame(FRAME.headers, END_HEADERS, stream, Buffer.concat([STATUS_200, literal(28, String(RELAY.length - 1))]));
const NO_STATUS = (stream: number): Buffer => frame(FRAME.headers, END_HEADERS | END_STREAM, stream, literal(28, "0"));

/** What a server does with a request's stream, and what is recorded of it. */
const played: [what: string, outcome: string, play: (socket: Socket, stream: number) => void][] = [
  ["answers", "valid", (socket, s) => socket.write(Buffer.concat([HEADERS(s), BODY(s, END_STREAM)]))],
  ["answers and closes at once", "valid", (socket, s) => socket.end(Buffer.concat([HEADERS(s), BODY(s, END_STREAM)]))],
  ["closes before the response", "connection-closed", (socket) => socket.end()],
  ["resets the connection before the response", "ECONNRESET", (socket) => socket.resetAndDestroy()],
  ["closes within the response", "truncated-response", (socket, s) => socket.end(Buffer.concat([HEADERS(s), BODY(s)]))],
  [
    "resets the connection within the response",
    "reset-in-response",
    (socket, s) => {
      socket.write(Buffer.concat([HEADERS(s), BODY(s)]));
      setTimeout(() => socket.resetAndDestroy(), 50);
    },
  ],
  ["refuses the stream", "http2-stream-refused-stream", (socket, s) => socket.write(RESET(s, 7))],
  [
    "resets the stream within the response",
    "http2-stream-internal-error",
    (socket, s) => socket.write(Buffer.concat([HEADERS(s), BODY(s), RESET(s, 2)])),
  ],
  [
    "resets the stream without an error, but before it has ended it",
    "http2-stream-no-error",
    (socket, s) => socket.write(Buffer.concat([HEADERS(s), BODY(s), RESET(s, 0)])),
  ],
  [
    "resets the stream by a code that there is not",
    "http2-stream-unknown-code",
    (socket, s) => socket.write(RESET(s, 4711)),
  ],
  [
    "sends GOAWAY for this stream, and closes",
    "http2-goaway",
    (socket) => socket.end(frame(FRAME.goaway, 0, 0, Buffer.concat([uint32(0), uint32(0)]))),
  ],
  [
    "sends GOAWAY for later streams, and closes without an answer to this one",
    "connection-closed",
    (socket, s) => socket.end(frame(FRAME.goaway, 0, 0, Buffer.concat([uint32(s), uint32(0)]))),
  ],
  [
    "sends GOAWAY by a code that there is not",
    "http2-goaway-unknown-code",
    (socket) => socket.write(frame(FRAME.goaway, 0, 0, Buffer.concat([uint32(0), uint32(4711)]))),
  ],
  ["sends a frame for a stream that nobody opened", "invalid-http2", (socket) => socket.write(HEADERS(7))],
  ["answers in HTTP/1.1", "invalid-http2", (socket) => socket.end("HTTP/1.1 400 Bad Request\r\n\r\n")],
  [
    "pings without end",
    "http2-flooded",
    (socket) => {
      // Nothing is read of what comes back, so that the answers pile up.
      socket.pause();
      const pings = Buffer.concat(Array.from({ length: 20_000 }, () => frame(FRAME.ping, 0, 0, Buffer.alloc(8))));
      for (let count = 0; count < 40; count++) socket.write(pings);
    },
  ],
  [
    "sends interim responses without end",
    "headers-too-large",
    (socket, s) => {
      const interim = frame(
        FRAME.headers,
        END_HEADERS,
        s,
        Buffer.concat([Buffer.from([0x08, 0x03]), Buffer.from("103")]),
      );
      socket.write(Buffer.concat(Array.from({ length: 200 }, () => interim)));
    },
  ],
  [
    "ends a body before its Content-Length",
    "http2-stream-protocol-error",
    (socket, s) => socket.write(Buffer.concat([LONGER(s), BODY(s, END_STREAM)])),
  ],
  [
    "sends more than its Content-Length",
    "invalid-http2",
    (socket, s) => socket.write(Buffer.concat([SHORTER(s), BODY(s, END_STREAM)])),
  ],
  [
    "resets the stream some time after the body, without having ended it",
    "http2-stream-cancel",
    (socket, s) => {
      socket.write(Buffer.concat([HEADERS(s), BODY(s)]));
      setTimeout(() => socket.write(RESET(s, 8)), 50);
    },
  ],
  ["sends a head without a status", "http2-stream-protocol-error", (socket, s) => socket.write(NO_STATUS(s))],
  ["sends a body before its head", "invalid-http2", (socket, s) => socket.write(BODY(s, END_STREAM))],
  [
    "sends a head that HPACK cannot read",
    "invalid-http2",
    (socket, s) =>
      socket.write(frame(FRAME.headers, END_HEADERS, s, Buffer.from([0xff, 0xff, 0xff, 0xff, 0xff, 0x7f]))),
  ],
  [
    "sends a frame that is too long",
    "invalid-http2",
    (socket, s) => socket.write(frame(FRAME.data, 0, s, Buffer.alloc(20_000))),
  ],
  ["never answers", "headers-timeout", () => {}],
  ["stalls within the response", "body-timeout", (socket, s) => socket.write(HEADERS(s))],
];

for (const [what, outcome, play] of played) {
  test(`a server that ${what} over HTTP/2 is recorded as ${outcome}`, async (t) => {
    const server = await rawServer(t, (socket) => playHttp2(socket, (stream) => play(socket, stream)));
    const series = await send(server.origin, 1);
    const expected = outcome === "valid" ? {} : { [outcome]: 1 };
    assert.deepEqual(series.errors, expected);
    assert.equal(series.valid, outcome === "valid" ? 1 : 0, JSON.stringify(series.invalid));
  });
}

test("a target at which nobody listens is ECONNREFUSED over HTTP/2 too", async () => {
  assert.deepEqual((await send(DEAD_ORIGIN, 2)).errors, { ECONNREFUSED: 2 });
});

test("a name that does not resolve is ENOTFOUND or its like over HTTP/2 too", async () => {
  const { errors } = await send("http://volley.invalid", 1);
  assert.match(Object.keys(errors).join(), /^(ENOTFOUND|EAI_AGAIN|connect-timeout)$/);
});

test("large answers do not wait for this side's window", async (t) => {
  const large = JSON.stringify({ jsonrpc: "2.0", id: 1, result: "x".repeat(1_000_000) });
  const server = await startServer(t, {}, (stream) => {
    stream.respond({ ":status": 200 });
    stream.end(large);
  });
  const series = await send(server.origin, 3, 1);
  assert.equal(series.valid, 4);
  assert.equal(series.bytesReceived, 4 * large.length);
});
