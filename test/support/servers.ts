import { once } from "node:events";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import type { TestContext } from "node:test";

/** A server on a free port of loopback that ends with the test. */
export interface TestServer {
  origin: string;
  /** Connections that were opened since the start. */
  connections: number;
  close(): Promise<void>;
}

/** Starts a TCP server that does whatever the test wants with each connection. */
export async function rawServer(
  test: Pick<TestContext, "after">,
  onConnection: (socket: Socket) => void,
): Promise<TestServer> {
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    started.connections++;
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    socket.on("error", () => socket.destroy());
    onConnection(socket);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const started: TestServer = {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    connections: 0,
    async close() {
      if (!server.listening) return;
      server.close();
      for (const socket of sockets) socket.destroy();
      await once(server, "close");
    },
  };
  test.after(() => started.close());
  return started;
}

/** Starts a server that answers each request, which must come in one piece, with the bytes that `answer` gives. */
export async function answeringServer(
  test: Pick<TestContext, "after">,
  answer: (socket: Socket, request: string) => string | undefined,
): Promise<TestServer> {
  return rawServer(test, (socket) => {
    socket.on("data", (data) => {
      const bytes = answer(socket, data.toString());
      if (bytes !== undefined) socket.write(bytes);
    });
  });
}

/** An HTTP response with a JSON body. */
export function jsonResponse(body: string, status = "200 OK", headers: readonly string[] = []): string {
  const lines = [`HTTP/1.1 ${status}`, ...headers, `Content-Length: ${Buffer.byteLength(body)}`, "", body];
  return lines.join("\r\n");
}

/** The body of a valid relay for the call with id 1. */
export const RELAY = '{"jsonrpc":"2.0","id":1,"result":"0x1"}';

/**
 * An origin on loopback that refuses connections. Its port is below those that the kernel gives out, so that no other
 * test gets it, and is none of those that `fetch` blocks.
 */
export const DEAD_ORIGIN = "http://127.0.0.1:2";

/** An origin on loopback whose port was free just now, for a program that cannot choose one itself. */
export async function freeOrigin(test: Pick<TestContext, "after">): Promise<string> {
  const server = await rawServer(test, () => {});
  await server.close();
  return server.origin;
}
