import assert from "node:assert/strict";
import type { Socket } from "node:net";
import { test } from "node:test";
import { FRAME } from "../../../lib/http/h2/frames.ts";
import { Http2Error } from "../../../lib/http/h2/http2Error.ts";
import { Outgoing } from "../../../lib/http/h2/outgoing.ts";

/** A socket that keeps what it was given, and says how much of it waits. */
function fakeSocket(): { written: Buffer[]; writable: boolean; writableLength: number; write(bytes: Buffer): void } {
  const socket = {
    written: [] as Buffer[],
    writable: true,
    writableLength: 0,
    write: (bytes: Buffer) => void socket.written.push(bytes),
  };
  return socket;
}

const turn = (): Promise<void> => new Promise(setImmediate);

test("what is sent in one turn of the event loop is one write, in order", async () => {
  const socket = fakeSocket();
  const out = new Outgoing(socket as unknown as Socket);
  out.send(Buffer.from("a"));
  out.send(Buffer.from("b"));
  assert.equal(socket.written.length, 0);
  await turn();
  assert.deepEqual(socket.written.map(String), ["ab"]);
});

test("memory is not used again while the socket still sends from it", async () => {
  const socket = fakeSocket();
  const out = new Outgoing(socket as unknown as Socket);
  out.send(Buffer.from("first"));
  await turn();
  socket.writableLength = 5;
  out.send(Buffer.from("later"));
  await turn();
  assert.deepEqual(socket.written.map(String), ["first", "later"]);
});

test("bytes of any length are sent whole", async () => {
  const socket = fakeSocket();
  const out = new Outgoing(socket as unknown as Socket);
  const pieces = [10, 65_530, 200_000, 5, 65_536].map((length, index) => Buffer.alloc(length, index));
  for (const piece of pieces) out.send(piece);
  await turn();
  assert.ok(Buffer.concat(socket.written).equals(Buffer.concat(pieces)));
});

test("a thousand acknowledgements may wait for the socket; what it has taken does not count", async () => {
  const out = new Outgoing(fakeSocket() as unknown as Socket);
  const acknowledge = (count: number): void => {
    for (; count > 0; count--) out.acknowledge(FRAME.ping, Buffer.alloc(8));
  };
  acknowledge(1_000);
  await turn();
  acknowledge(1_000);
  assert.throws(
    () => acknowledge(1),
    (error) => error instanceof Http2Error && error.code === "http2-flooded",
  );
});
