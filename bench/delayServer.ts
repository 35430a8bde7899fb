import { createServer, type Socket } from "node:net";
import { percentiles } from "./percentiles.ts";

/*
 * `node bench/delayServer.ts SHAPE`: a server that answers JSON-RPC calls over HTTP/1.1 after a delay that SHAPE gives, and
 * keeps how long each response really took: the truth for whoever measured it. Prints its port, and when its input ends
 * the percentiles of its times.
 */

/** How long a response is delayed, in ms, by when its request came: ms since the first one, and its number. */
const SHAPES: Record<string, (atMs: number, number: number) => number> = {
  /** Nine of ten take 5 ms, one takes 50. */
  bimodal: (_, number) => (number % 10 === 0 ? 50 : 5),
  /** 2 ms, but in each 4 s a stall of 400 ms, which ends for all requests at once. */
  stalls: (atMs) => (atMs % 4_000 < 3_600 ? 2 : 4_000 - (atMs % 4_000)),
  /** From 5 ms to 45 in 12 s. */
  drift: (atMs) => 5 + atMs / 300,
};

const RESPONSE = '{"jsonrpc":"2.0","id":1,"result":"0x1"}';
const HEAD = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: ";
const END_OF_HEAD = "\r\n\r\n";

const delayMs = SHAPES[process.argv[2] ?? ""];
if (!delayMs) throw new Error(`a shape is one of ${Object.keys(SHAPES).join(", ")}`);
const tookMs: number[] = [];
let requests = 0;
let firstMs: number | undefined;

const server = createServer({ noDelay: true }, (socket) => {
  let text = "";
  socket.setEncoding("latin1").on("error", () => socket.destroy());
  socket.on("data", (more: string) => {
    text += more;
    for (let end = endOfRequest(text); end !== undefined; end = endOfRequest(text)) {
      answer(socket, text.slice(0, end));
      text = text.slice(end);
    }
  });
});
server.listen(0, "127.0.0.1", () => process.stdout.write(`${(server.address() as { port: number }).port}\n`));
process.stdin
  .resume()
  .on("end", () => process.stdout.write(`${JSON.stringify(percentiles(tookMs))}\n`, () => process.exit()));

/** Where the first request in a text ends, or undefined if it is not complete. */
function endOfRequest(text: string): number | undefined {
  const head = text.indexOf(END_OF_HEAD);
  if (head < 0) return undefined;
  const end = head + END_OF_HEAD.length + Number(/content-length: *(\d+)/i.exec(text.slice(0, head))?.[1] ?? 0);
  return text.length < end ? undefined : end;
}

function answer(socket: Socket, request: string): void {
  const cameMs = performance.now();
  firstMs ??= cameMs;
  const id = /"id": *("[^"]*"|\d+)/.exec(request)?.[1] ?? "1";
  const body = RESPONSE.replace('"id":1', `"id":${id}`);
  setTimeout(
    () => {
      socket.write(`${HEAD}${body.length}${END_OF_HEAD}${body}`);
      tookMs.push(performance.now() - cameMs);
    },
    (delayMs as NonNullable<typeof delayMs>)(cameMs - firstMs, requests++),
  );
}
