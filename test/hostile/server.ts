import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { createServer as createTlsServer } from "node:tls";
import { parentPort, workerData } from "node:worker_threads";
import { playHttp2 } from "../support/frames.ts";
import { Dice } from "./dice.ts";
import { hostileHttp1 } from "./http1.ts";
import { hostileHttp2 } from "./http2.ts";
import { playWebSocket } from "./playWebSocket.ts";

/*
 * The hostile server, in a thread of its own, so that its time is not the worker's. What it does on its n-th connection
 * follows from the seed and n.
 */

/** What the thread is started with. */
export interface HostileSettings {
  seed: number;
  speaks: "HTTP/1.1" | "HTTP/2" | "WebSocket";
  tls?: { key: string; cert: string };
}

/** How many pieces an answer is cut into at most: more would take longer than the worker waits. */
const MAX_PIECES = 40;

/** How many writes are in one piece, and after how many the socket is closed, as shares. */
const ONE_RESPONSE = { whole: 0.6, closes: 0.2 };
const MANY_RESPONSES = { whole: 0.9, closes: 0.1 };

async function write(socket: Socket, bytes: Buffer, dice: Dice, { whole, closes } = ONE_RESPONSE): Promise<void> {
  const pieces = dice.chance(whole) ? 1 : 1 + dice.below(MAX_PIECES);
  const size = Math.max(1, Math.ceil(bytes.length / pieces));
  for (let at = 0; at < bytes.length; at += size) {
    if (socket.destroyed) return;
    socket.write(bytes.subarray(at, at + size));
    if (pieces > 1) await new Promise((done) => setTimeout(done, dice.one([0, 0, 1, 5])));
  }
  const end = dice.next();
  if (end < 0.75 * closes) socket.end();
  else if (end < closes && tls) socket.destroy();
  else if (end < closes) socket.resetAndDestroy();
}

/** Writes to a socket that carries many responses, each when the one before it is written. */
function inTurn(socket: Socket, dice: Dice): (bytes: Buffer) => void {
  let writing = Promise.resolve();
  return (bytes) => {
    writing = writing.then(() => write(socket, bytes, dice, MANY_RESPONSES));
  };
}

const { seed, speaks, tls } = workerData as HostileSettings;
let connections = 0;

function serve(socket: Socket): void {
  const dice = new Dice(seed * 1_000_003 + connections++);
  socket.on("error", () => socket.destroy());
  const first = dice.next();
  if (first < 0.02) socket.destroy();
  else if (first < 0.04) socket.write(dice.bytes(200));
  else if (first < 0.06) socket.resume();
  else if (speaks === "WebSocket") playWebSocket(socket, dice, inTurn(socket, dice));
  else if (speaks === "HTTP/2") playHttp2(socket, (stream) => void write(socket, hostileHttp2(stream, dice), dice));
  else socket.on("data", () => void write(socket, hostileHttp1(dice), dice));
}

const server = tls ? createTlsServer({ ...tls, ALPNProtocols: ["h2", "http/1.1"] }, serve) : createServer(serve);
server.on("tlsClientError", () => {});
if (tls) {
  // Some bytes come before, or instead of, the handshake.
  let raw = 0;
  server.prependListener("connection", (socket: Socket) => {
    const dice = new Dice(seed * 1_000_033 + raw++);
    socket.on("error", () => socket.destroy());
    if (dice.chance(0.05)) socket.write(dice.bytes(30));
    if (dice.chance(0.03)) socket.destroy();
  });
}
server.listen(0, "127.0.0.1");
await once(server, "listening");
parentPort?.once("message", () => process.exit());
parentPort?.postMessage((server.address() as AddressInfo).port);
