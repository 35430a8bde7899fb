import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { classOf } from "../../lib/answers/classes.ts";
import { attack } from "../../lib/attack/worker.ts";
import { assign } from "../../lib/plan/assign.ts";
import { total } from "../../lib/results/chunk.ts";
import { SeriesSum } from "../../lib/results/seriesSum.ts";
import { systemClock } from "../../lib/store/clock.ts";
import { checkedPlan } from "../support/plans.ts";
import type { HostileSettings } from "./server.ts";

const SPEAKS = ["HTTP/1.1", "HTTP/2", "WebSocket"] as const;
const RPS = 150;
const SUBSCRIBERS = 10;
const DURATION_MS = 2_000;
const TIMEOUT_MS = 300;

/** No turn of the worker's event loop may take more of its thread's CPU time than this, in ms. */
const LONGEST_TURN_MS = 100;

/** What a worker may take beside what it had before, in bytes. */
const MAX_BYTES = 256 * 1024 * 1024;

/** What a round's worker did. */
export interface Round {
  seed: number;
  kind: string;
  /** What it should not have done; empty if all was in order. */
  findings: string[];
  longestTurnMs: number;
  /** Requests by how they ended. */
  classes: Record<string, number>;
}

/** Lets a worker load a hostile server for two seconds; the seed decides over the server and what it speaks. */
export async function playRound(seed: number, certificate: { key: string; cert: string }): Promise<Round> {
  const speaks = SPEAKS[seed % 3] as HostileSettings["speaks"];
  const isSecure = seed % 6 >= 3;
  const settings: HostileSettings = { seed, speaks, ...(isSecure && { tls: certificate }) };
  const server = new Worker(new URL("./server.ts", import.meta.url), { workerData: settings });
  const [port] = (await once(server, "message")) as [number];
  const origin = `${speaks === "WebSocket" ? "ws" : "http"}${isSecure ? "s" : ""}://127.0.0.1:${port}`;
  const before = process.memoryUsage();
  const turns = watchTurns();
  try {
    const { scheduled, sum } = await load(origin, seed, speaks);
    const findings = [...ledgerFindings(scheduled, sum), ...subscriptionFindings(sum), ...classFindings(sum)];
    const longestTurnMs = turns.stop();
    if (longestTurnMs > LONGEST_TURN_MS) findings.push(`a turn of the event loop took ${Math.round(longestTurnMs)} ms`);
    const now = process.memoryUsage();
    const grownBytes = now.heapUsed + now.external - before.heapUsed - before.external;
    if (grownBytes > MAX_BYTES) findings.push(`memory grew by ${Math.round(grownBytes / 2 ** 20)} MiB`);
    const classes = { valid: sum.valid, ...sum.errors, ...sum.invalid, ...sum.missed };
    return { seed, kind: `${speaks}${isSecure ? " over TLS" : ""}`, findings, longestTurnMs, classes };
  } finally {
    turns.stop();
    // It ends itself between two turns: node aborts when a thread is ended from outside while it makes a compressor.
    server.postMessage("end");
    await once(server, "exit");
  }
}

async function load(
  origin: string,
  seed: number,
  speaks: HostileSettings["speaks"],
): Promise<{ scheduled: number; sum: SeriesSum }> {
  // A plan cannot ask for HTTP/2 without TLS: it gets its target afterwards.
  const planned = speaks === "HTTP/2" ? "https://127.0.0.1:1" : origin;
  const targets = [{ url: `${planned}/`, body: { jsonrpc: "2.0", method: "eth_blockNumber", params: [], id: 1 } }];
  const subscriptions = [{ url: `${origin}/`, to: "newHeads", subscribers: SUBSCRIBERS, ramp: "0.5s" }];
  const plan = checkedPlan(planned, {
    chains: [{ name: "hostile", rps: RPS, targets, ...(speaks === "WebSocket" && { subscriptions }) }],
    preflight: false,
    duration: DURATION_MS / 1_000,
    timeout: TIMEOUT_MS / 1_000,
    workers: 1,
    tls: { insecure: true },
    ...(speaks === "HTTP/2" && { http: "2" }),
    ...(speaks === "WebSocket" && { connections: 10, webSocket: { compress: seed % 4 < 2 } }),
  });
  for (const target of plan.chains[0]?.targets ?? []) target.url = `${origin}/`;
  const [assignment] = assign(plan, { runId: "hostile", startAtMs: Date.now() + 300, leadMs: 300 });
  if (!assignment) throw new Error("the plan has no assignment");
  const ports = { clock: systemClock, emit: async () => {}, stopRequested: async () => undefined };
  const summary = await attack({ plan, assignment, attempt: 1 }, ports);
  const sum = new SeriesSum();
  for (const series of summary.series) sum.add(series);
  return { scheduled: (RPS * DURATION_MS) / 1_000, sum };
}

function ledgerFindings(scheduled: number, sum: SeriesSum): string[] {
  const findings: string[] = [];
  const missed = total(sum.missed);
  const ended = sum.valid + total(sum.errors) + total(sum.invalid);
  if (sum.sent + missed !== scheduled) findings.push(`${sum.sent} sent and ${missed} missed of ${scheduled} scheduled`);
  if (ended !== sum.sent) findings.push(`${ended} of ${sum.sent} requests sent have an outcome`);
  return findings;
}

/** What subscribers did, held against what they recorded of it. */
function subscriptionFindings({ subscriptions }: SeriesSum): string[] {
  const findings: string[] = [];
  for (const { connects, subscribed, failures, periods, ...counts } of subscriptions.values()) {
    const followed = counts.items.reduce((sum, [, , , received, doubled]) => sum + received + doubled, 0);
    const booked = followed + counts.removed + counts.unfollowed;
    if (booked !== counts.notifications) findings.push(`${booked} of ${counts.notifications} notifications are booked`);
    const open = connects - subscribed - total(failures);
    if (open < 0 || open > SUBSCRIBERS)
      findings.push(`${open} of ${connects} subscribers neither subscribed nor failed`);
    if (periods.length !== subscribed) findings.push(`${periods.length} periods of ${subscribed} subscriptions`);
  }
  return findings;
}

function classFindings({ errors, invalid, sockets, subscriptions }: SeriesSum): string[] {
  const tallies = [errors, invalid, sockets.closed, sockets.refused];
  for (const { failures, drops } of subscriptions.values()) tallies.push(failures, drops);
  const names = new Set(tallies.flatMap((tally) => Object.keys(tally)));
  const unknown = [...names].filter(
    (name) => !classOf(name) || name === "internal-error" || name === "unknown-failure",
  );
  return unknown.map((name) => `the class ${name}`);
}

/**
 * Measures the longest turn of this thread's event loop in its own CPU time: what other processes take of a core, and
 * what it waits for, is not its fault.
 */
function watchTurns(): { stop(): number } {
  let longestMs = 0;
  let usage = process.threadCpuUsage();
  let isStopped = false;
  const look = (): void => {
    const now = process.threadCpuUsage();
    longestMs = Math.max(longestMs, (now.user + now.system - usage.user - usage.system) / 1_000);
    usage = now;
    if (!isStopped) timer = setTimeout(look, 1);
  };
  let timer = setTimeout(look, 1);
  return {
    stop() {
      if (!isStopped) look();
      isStopped = true;
      clearTimeout(timer);
      return longestMs;
    },
  };
}
