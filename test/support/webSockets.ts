import { once } from "node:events";
import { createServer, type IncomingMessage } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";
import type { TestContext } from "node:test";
import { type ServerOptions, type WebSocket, WebSocketServer } from "ws";

/** A server of WebSockets on a free port of loopback that ends with the test. */
export interface SocketServer {
  /** `ws://` and its host; with TLS `wss://localhost`; empty for a unix socket. */
  origin: string;
  /** The handshakes that it took. */
  handshakes: IncomingMessage[];
  sockets: Set<WebSocket>;
  messages: string[];
}

export interface SocketServerOptions {
  /** What a message is answered with; by default what a node says to a call or to a batch. */
  answer?(text: string, socket: WebSocket): string | undefined;
  /** An HTTP status with which a handshake is refused. */
  refuse?(request: IncomingMessage): number | undefined;
  options?: ServerOptions;
  /** With it the server speaks TLS. */
  tls?: { key: Buffer; cert: Buffer };
  /** The unix socket on which it listens instead. */
  path?: string;
}

interface Call {
  id?: unknown;
  method?: string;
}

/** Answers a call, or a batch, as a node does. */
export function nodeAnswer(text: string): string {
  const parsed = JSON.parse(text) as Call | Call[];
  const one = ({ id }: Call) => ({ jsonrpc: "2.0", id, result: "0x1312d00" });
  return JSON.stringify(Array.isArray(parsed) ? parsed.map(one).toReversed() : one(parsed));
}

/** Starts a server of WebSockets that answers each message. */
export async function socketServer(
  test: Pick<TestContext, "after">,
  { answer = nodeAnswer, refuse, options, tls, path }: SocketServerOptions = {},
): Promise<SocketServer> {
  const server = tls ? createTlsServer(tls) : createServer();
  const sockets = new WebSocketServer({ noServer: true, ...options });
  const started: SocketServer = { origin: "", handshakes: [], sockets: sockets.clients, messages: [] };
  server.on("upgrade", (request, socket, head) => {
    started.handshakes.push(request);
    const status = refuse?.(request);
    if (status !== undefined) {
      socket.end(`HTTP/1.1 ${status} Refused\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`);
      return;
    }
    sockets.handleUpgrade(request, socket, head, (opened) => {
      opened.on("error", () => opened.terminate());
      opened.on("message", (data: Buffer) => {
        const text = data.toString();
        started.messages.push(text);
        const said = answer(text, opened);
        if (said !== undefined && opened.readyState === opened.OPEN) opened.send(said);
      });
    });
  });
  if (path === undefined) server.listen(0, tls ? "localhost" : "127.0.0.1");
  else server.listen(path);
  await once(server, "listening");
  if (path === undefined) {
    const host = tls ? "wss://localhost" : "ws://127.0.0.1";
    started.origin = `${host}:${(server.address() as AddressInfo).port}`;
  }
  test.after(async () => {
    for (const socket of sockets.clients) socket.terminate();
    server.closeAllConnections();
    server.close();
    await once(server, "close");
  });
  return started;
}
