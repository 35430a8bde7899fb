import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { renderHtml } from "../render/html.ts";
import type { Report } from "../report/schema.ts";
import { repeat } from "../schedule/repeat.ts";

/** How often the page is updated, in ms: building a report takes time that the workers on this machine need too. */
const EVERY_MS = 2_000;

/** The report's page on loopback, updated during the run. */
export interface Dashboard {
  url: string;
  /** Sends the run's final report to the pages, and closes the server; does nothing if it is closed already. */
  end(last: Report | undefined): Promise<void>;
}

/**
 * Serves the page of the report that `latest` returns, on a loopback port; 0 takes a free one. `latest` is not called
 * while no page is open. Rejects if the port is taken.
 */
export async function startDashboard(port: number, latest: () => Promise<Report | undefined>): Promise<Dashboard> {
  const pages = new Set<ServerResponse>();
  const server = createServer((request, response) => {
    if (!isLocal(request)) {
      response.writeHead(403).end("This page is for this machine alone.\n");
    } else if (request.url === "/events") {
      response.writeHead(200, { "Content-Type": "text/event-stream", "Cache-Control": "no-store" });
      pages.add(response);
      response.on("close", () => pages.delete(response));
    } else if (request.url === "/") {
      page(response, latest).catch((error: Error) => response.writeHead(500).end(error.message));
    } else {
      response.writeHead(404).end();
    }
  });
  server.listen(port, "127.0.0.1");
  await once(server, "listening");
  const tell = (report: Report): void => {
    for (const each of pages) each.write(`data: ${JSON.stringify(report)}\n\n`);
  };
  // An update that fails is left out, and does not affect the run.
  const updates = repeat(EVERY_MS, async () => {
    const report = pages.size === 0 ? undefined : await latest();
    if (report) tell(report);
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    async end(last) {
      if (!server.listening) return;
      await updates.end();
      if (last) tell(last);
      server.close();
      for (const each of pages) each.end();
      server.closeIdleConnections();
      await Promise.race([once(server, "close"), new Promise((done) => setTimeout(done, 500))]);
      server.closeAllConnections();
    },
  };
}

async function page(response: ServerResponse, latest: () => Promise<Report | undefined>): Promise<void> {
  const report = await latest();
  const headers = { "Content-Type": "text/html; charset=utf-8", "Cache-Control": "no-store" };
  if (report) response.writeHead(200, headers).end(renderHtml(report));
  else response.writeHead(200, { ...headers, Refresh: "1" }).end("<!doctype html><p>The run is being planned.");
}

/** Whether a request names this machine in its Host header: another name may have been rebound to this address. */
export function isLocal({ headers: { host = "" } }: IncomingMessage): boolean {
  return /^(127\.0\.0\.1|localhost)(:\d+)?$/.test(host);
}
