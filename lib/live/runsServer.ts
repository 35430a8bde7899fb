import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { compareHtml } from "../render/compareHtml.ts";
import { renderHtml } from "../render/html.ts";
import { runsHtml } from "../render/runsHtml.ts";
import { compareRuns } from "../report/compare.ts";
import type { Report } from "../report/schema.ts";
import { reportKey } from "../store/keys.ts";
import { readJson } from "../store/store.ts";
import { isLocal } from "./dashboard.ts";
import { openLive } from "./liveRun.ts";
import { RunList, type RunSource } from "./runList.ts";

/** How often the page of a run in progress is updated, in ms. */
const EVERY_MS = 2_000;

/** The server of the page with all runs. */
export interface RunsServer {
  url: string;
  close(): Promise<void>;
}

/**
 * Serves a page with all runs of a source on a loopback port; 0 takes a free one. It accepts only requests that name
 * this machine, and reads only runs that the source lists. Rejects if the port is taken.
 */
export async function serveRuns(port: number, source: RunSource): Promise<RunsServer> {
  const list = new RunList(source);
  const server = createServer((request, response) => {
    answer(request, response, source, list).catch((error: Error) => {
      if (!response.headersSent) response.writeHead(500, { "Content-Type": "text/plain; charset=utf-8" });
      response.end(`${error.message}\n`);
    });
  });
  server.listen(port, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    async close() {
      server.close();
      server.closeAllConnections();
      await once(server, "close");
    },
  };
}

async function answer(request: IncomingMessage, response: ServerResponse, source: RunSource, list: RunList) {
  if (!isLocal(request)) return refuse(response, 403, "This page is for this machine alone.");
  if (request.method !== "GET") return refuse(response, 405, "Only GET is answered.");
  const { pathname, searchParams } = new URL(request.url ?? "/", "http://127.0.0.1");
  if (pathname === "/") return html(response, runsHtml(await list.read(), searchParams.get("plan") ?? undefined));
  if (pathname === "/compare") return comparePage(response, source, searchParams);
  const [, name = "", rest = ""] = /^\/runs\/([^/]+)\/(events)?$/.exec(pathname) ?? [];
  const id = await listed(source, name);
  if (id === undefined) return refuse(response, 404, "There is no such page.");
  if (rest === "events") return tellLive(response, source, id);
  const report = (await reportOf(source, id)) ?? (await openLive(source.store, id).latest());
  return report
    ? html(response, renderHtml(report))
    : refuse(response, 404, `${id} has no report, and does not go on.`);
}

async function comparePage(response: ServerResponse, source: RunSource, asked: URLSearchParams) {
  const reports: Report[] = [];
  for (const name of [asked.get("before") ?? "", asked.get("after") ?? ""]) {
    const id = await listed(source, encodeURIComponent(name));
    const report = id === undefined ? undefined : await reportOf(source, id);
    if (!report)
      return refuse(response, 404, `There is no report of ${name === "" ? "a run that was not chosen" : name}.`);
    reports.push(report);
  }
  const [before, after] = reports;
  if (before && after) html(response, compareHtml([compareRuns(before, after)]));
}

/** A run's id, if the source lists it: no other key is ever read. */
async function listed({ runs }: RunSource, name: string): Promise<string | undefined> {
  let id: string;
  try {
    id = decodeURIComponent(name);
  } catch {
    return undefined;
  }
  return (await runs()).some((run) => run.id === id) ? id : undefined;
}

async function reportOf({ store }: RunSource, id: string): Promise<Report | undefined> {
  return readJson<Report>(store, reportKey(id, "json"));
}

/** Sends updates to the page of a run in progress, until the run has its report. */
async function tellLive(response: ServerResponse, source: RunSource, id: string): Promise<void> {
  response.writeHead(200, { "Content-Type": "text/event-stream", "Cache-Control": "no-store" });
  const run = openLive(source.store, id);
  while (!response.destroyed) {
    const ended = await reportOf(source, id);
    const report = ended ?? (await run.latest());
    if (report) response.write(`data: ${JSON.stringify(report)}\n\n`);
    if (ended || !report) break;
    await new Promise((done) => setTimeout(done, EVERY_MS));
  }
  response.end();
}

function html(response: ServerResponse, text: string): void {
  const headers = { "Content-Type": "text/html; charset=utf-8", "Cache-Control": "no-store" };
  response
    .writeHead(200, { ...headers, "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer" })
    .end(text);
}

function refuse(response: ServerResponse, status: number, why: string): void {
  response.writeHead(status, { "Content-Type": "text/plain; charset=utf-8" }).end(`${why}\n`);
}
