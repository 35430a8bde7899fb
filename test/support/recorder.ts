import type { TestContext } from "node:test";
import { jsonResponse, RELAY, rawServer } from "./servers.ts";

/** A server that keeps the bytes of each request, and answers it with a relay. */
export interface RecordingServer {
  origin: string;
  /** Each request's bytes, one character a byte. */
  requests: string[];
}

/** Starts it on a free port; it ends with the test. Reads bodies by their Content-Length alone. */
export async function recordingServer(test: Pick<TestContext, "after">): Promise<RecordingServer> {
  const requests: string[] = [];
  const server = await rawServer(test, (socket) => {
    let unread = "";
    socket.setEncoding("latin1").on("data", (text: string) => {
      unread += text;
      for (;;) {
        const headEnd = unread.indexOf("\r\n\r\n");
        if (headEnd === -1) return;
        const length = /\r\ncontent-length: *(\d+)/i.exec(unread.slice(0, headEnd))?.[1] ?? "0";
        const end = headEnd + 4 + Number(length);
        if (unread.length < end) return;
        requests.push(unread.slice(0, end));
        unread = unread.slice(end);
        socket.write(jsonResponse(RELAY));
      }
    });
  });
  return { origin: server.origin, requests };
}
