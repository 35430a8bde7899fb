import assert from "node:assert/strict";
import { once } from "node:events";
import { type TestContext, test } from "node:test";
import { HostGuard } from "../../lib/guard/hostGuard.ts";
import { Dialer } from "../../lib/http/dial.ts";
import { guardedNames } from "../../lib/http/names.ts";
import { dialedOrigin, type WsEnd, WsSocket } from "../../lib/ws/wsSocket.ts";
import { type SocketServer, socketServer } from "../support/webSockets.ts";

/** How often an open socket is pinged, in ms. */
const PING_MS = 20_000;

/** Opens a socket; gives how it ends. */
async function openSocket(
  { origin }: SocketServer,
  { compress = false, message = (_: WsSocket): void => {} } = {},
): Promise<{ socket: WsSocket; ended: Promise<WsEnd> }> {
  const handshake = { key: "k", chain: "c", origin, path: "/", headers: [] };
  const guard = new HostGuard({ allowed: [], loopback: true });
  const dialer = new Dialer(dialedOrigin(handshake), {}, guardedNames({ guard }).lookup);
  const { promise: ended, resolve } = Promise.withResolvers<WsEnd>();
  const socket = await new Promise<WsSocket>((done) => {
    const opening: WsSocket = new WsSocket(
      handshake,
      dialer,
      { timeoutMs: 5_000, compress },
      { opened: () => done(opening), message: () => message(opening), ended: resolve },
    );
  });
  return { socket, ended };
}

/** The server's side of the only socket. */
function peerOf({ sockets }: SocketServer) {
  const [peer] = sockets;
  return peer ?? assert.fail("no socket is open");
}

async function pinged(t: TestContext, server: SocketServer): Promise<void> {
  const ping = once(peerOf(server), "ping");
  t.mock.timers.tick(PING_MS);
  await ping;
}

test("a socket whose ping has no pong when the next is due is ended as ws-no-pong", { timeout: 10_000 }, async (t) => {
  const server = await socketServer(t, { options: { autoPong: false } });
  t.mock.timers.enable({ apis: ["setInterval"] });
  const { ended } = await openSocket(server);
  await pinged(t, server);
  t.mock.timers.tick(PING_MS);
  assert.equal((await ended).failure, "ws-no-pong");
});

test("a socket that answers pings, or sends messages, stays open", { timeout: 10_000 }, async (t) => {
  const server = await socketServer(t, { options: { autoPong: false } });
  t.mock.timers.enable({ apis: ["setInterval"] });
  const { socket, ended } = await openSocket(server);
  let end: WsEnd | undefined;
  void ended.then((how) => {
    end = how;
  });
  const peer = peerOf(server);
  for (const reply of ["pong", "message", "pong"]) {
    await pinged(t, server);
    if (reply === "pong") peer.pong();
    else peer.send("{}");
    // A ping of its own is answered after what came before it.
    const pong = once(peer, "pong");
    peer.ping();
    await pong;
  }
  assert.equal(end, undefined);
  socket.destroy();
});

test("a socket that was closed gives no message that came in the same packet", { timeout: 10_000 }, async (t) => {
  const server = await socketServer(t);
  const text = Buffer.from([0x81, 2, 0x7b, 0x7d]);
  let messages = 0;
  const { socket } = await openSocket(server, {
    message(each) {
      messages++;
      each.close();
    },
  });
  const closed = once(peerOf(server), "close");
  server.handshakes[0]?.socket.write(Buffer.concat([text, text, text]));
  await closed;
  assert.equal(messages, 1);
  socket.destroy();
});

test("a message that cannot be decompressed breaks the protocol", { timeout: 10_000 }, async (t) => {
  const server = await socketServer(t, { options: { perMessageDeflate: true } });
  const { ended } = await openSocket(server, { compress: true });
  server.handshakes[0]?.socket.write(Buffer.from([0xc1, 2, 0xff, 0xff]));
  assert.equal((await ended).failure, "invalid-ws");
});
