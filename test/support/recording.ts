import { once } from "node:events";
import { createServer } from "node:http2";
import type { AddressInfo } from "node:net";
import type { TestContext } from "node:test";
import { Recorder } from "../../lib/attack/recorder.ts";
import { prepareChain } from "../../lib/attack/requests.ts";
import { Sender } from "../../lib/attack/sender.ts";
import type { Chain } from "../../lib/plan/schema.ts";
import { systemClock } from "../../lib/store/clock.ts";
import { rawServer } from "./servers.ts";

/** A request as a server got it; texts hold bytes as latin1. */
export interface Recorded {
  /** The request line, over HTTP/1.1. */
  line: string;
  method: string;
  path: string;
  /** Names, as they came, and values in turn. */
  headers: string[];
  body: string;
}

/** A server that records each request's bytes and answers with an empty object. */
export interface RecordingServer {
  origin: string;
  http: "1.1" | "2";
  requests: Recorded[];
}

/** An HTTP/1.1 server on a raw socket, which reads requests by their own framing as a gateway would. */
export async function recordHttp1(t: Pick<TestContext, "after">): Promise<RecordingServer> {
  const requests: Recorded[] = [];
  const server = await rawServer(t, (socket) => {
    let bytes = "";
    socket.on("data", (data) => {
      bytes += data.toString("latin1");
      for (let head = bytes.indexOf("\r\n\r\n"); head !== -1; head = bytes.indexOf("\r\n\r\n")) {
        const [line = "", ...fields] = bytes.slice(0, head).split("\r\n");
        const headers = fields.flatMap((field) => {
          const colon = field.indexOf(": ");
          return [field.slice(0, colon), field.slice(colon + 2)];
        });
        const length = Number(headers[headers.indexOf("Content-Length") + 1] ?? 0) || 0;
        if (bytes.length < head + 4 + length) return;
        const [method = "", path = ""] = line.split(" ");
        requests.push({ line, method, path, headers, body: bytes.slice(head + 4, head + 4 + length) });
        bytes = bytes.slice(head + 4 + length);
        socket.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}");
      }
    });
  });
  return { origin: server.origin, http: "1.1", requests };
}

/** An HTTP/2 server, without TLS. */
export async function recordHttp2(t: Pick<TestContext, "after">): Promise<RecordingServer> {
  const requests: Recorded[] = [];
  const server = createServer();
  server.on("session", (session) => {
    session.on("error", () => {});
    t.after(() => session.destroy());
  });
  server.on("stream", (stream, _headers, _flags, raw: string[]) => {
    const pieces: Buffer[] = [];
    stream.on("error", () => {});
    stream.on("data", (piece: Buffer) => pieces.push(piece));
    stream.on("end", () => {
      const pseudo = (name: string): string => raw[raw.indexOf(name) + 1] ?? "";
      const headers = raw.filter((_, index) => !raw[index - (index % 2)]?.startsWith(":"));
      const body = Buffer.concat(pieces).toString("latin1");
      requests.push({ line: "", method: pseudo(":method"), path: pseudo(":path"), headers, body });
      stream.respond({ ":status": 200 });
      stream.end("{}");
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => {
    server.close();
  });
  return { origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, http: "2", requests };
}

/** Sends a chain's first requests one after another, and gives what the server got of them. */
export async function sendTo(
  server: RecordingServer,
  chain: Chain,
  count = 1,
  from = 0,
  secret?: (reference: string) => string,
): Promise<Recorded[]> {
  const before = server.requests.length;
  const request = prepareChain(chain, { keepalive: true, seed: 1, ...(secret && { secret }) });
  const sender = new Sender(systemClock, { http: server.http, keepalive: true, timeoutMs: 2_000 });
  const recorder = new Recorder(chain.name, "measure", 1_000);
  try {
    for (let n = from; n < from + count; n++) {
      const nowMs = systemClock.nowMs();
      sender.send({ request: request(n), n, recorder, dueMs: 0, dueAtMs: nowMs }, nowMs);
      await sender.drained();
    }
  } finally {
    sender.close();
  }
  return server.requests.slice(before);
}

/** The values of a recorded request's header, by its name in lower case. */
export function valuesOf({ headers }: Recorded, name: string): string[] {
  return headers.filter((_, index) => index % 2 === 1 && headers[index - 1]?.toLowerCase() === name);
}
