import assert from "node:assert/strict";
import { once } from "node:events";
import { constants, createServer, type ServerHttp2Session, type ServerHttp2Stream } from "node:http2";
import type { AddressInfo } from "node:net";
import { type TestContext, test } from "node:test";
import type { Series } from "../../lib/attack/chunk.ts";
import { systemClock } from "../../lib/attack/clock.ts";
import { Recorder } from "../../lib/attack/recorder.ts";
import { Sender } from "../../lib/attack/sender.ts";
import { CALL } from "../support/plans.ts";
import { prepared } from "../support/prepared.ts";
import { RELAY } from "../support/servers.ts";

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
  const sender = new Sender(systemClock, { http: "2", keepalive: true, timeoutMs: 1_000 });
  const recorder = new Recorder("ethereum", "measure", 1_000);
  const request = prepared({ method: "POST", url: origin, headers: [], body: JSON.stringify(CALL), weight: 1 });
  const one = (): void => {
    const nowMs = systemClock.nowMs();
    sender.send(request, 0, recorder, 0, nowMs, nowMs);
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
  assert.deepEqual(series.errors, { HTTP2_STREAM_REFUSED_STREAM: 1 });
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
  assert.equal(name, "HTTP2_GOAWAY_ENHANCE_YOUR_CALM");
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
