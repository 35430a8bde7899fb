import { once } from "node:events";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import type { TestContext } from "node:test";
import { type ServerOptions, type WebSocket, WebSocketServer } from "ws";

/** A server of WebSockets on a free port of loopback that ends with the test. */
export interface SocketServer {
  /** `ws://` and its host. */
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
  { answer = nodeAnswer, refuse, options }: SocketServerOptions = {},
): Promise<SocketServer> {
  const server = createServer();
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
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  started.origin = `ws://127.0.0.1:${(server.address() as AddressInfo).port}`;
  test.after(async () => {
    for (const socket of sockets.clients) socket.terminate();
    server.closeAllConnections();
    server.close();
    await once(server, "close");
  });
  return started;
}
