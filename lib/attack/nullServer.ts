import { once } from "node:events";
import { createServer, type Server, type Socket } from "node:net";

/** Starts an HTTP server on a free port of loopback that answers each request as a node would, without any work. */
export function startNullServer(): Promise<Server> {
  return listening(createServer(answerOn));
}

/** Lets a server listen on a free port of loopback. Rejects if there is none. */
export async function listening(server: Server): Promise<Server> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return server;
}

/** Answers each request on a socket. It carries one small request at a time, so that one piece of data is one request. */
export function answerOn(socket: Socket): void {
  socket.setNoDelay(true);
  socket.on("data", (request) => socket.write(nullAnswer(request)));
  socket.on("error", () => socket.destroy());
}

/** The HTTP response that a node would give to this request. */
function nullAnswer(request: Buffer): string {
  const body = nullBody(request);
  return `HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
}

/** The body of that response: the call's id, and a block number. */
export function nullBody(request: Buffer): string {
  const [, id = "1"] = /"id":\s*("[^"]*"|-?\d+|null)/.exec(request.toString("latin1")) ?? [];
  return `{"jsonrpc":"2.0","id":${id},"result":"0x1312d00"}`;
}
