import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { WebSocket } from "ws";
import { attack } from "../../lib/attack/worker.ts";
import { assign } from "../../lib/plan/assign.ts";
import type { Plan } from "../../lib/plan/schema.ts";
import type { Series } from "../../lib/results/chunk.ts";
import { SeriesSum } from "../../lib/results/seriesSum.ts";
import { type SubscriptionFigures, subscriptionFigures } from "../../lib/results/subscriptionFigures.ts";
import type { SubscriptionSum } from "../../lib/results/subscriptions.ts";
import { systemClock } from "../../lib/store/clock.ts";
import { checkedPlan } from "../support/plans.ts";
import { nodeAnswer, type SocketServer, socketServer } from "../support/webSockets.ts";

interface Ran {
  sum: SubscriptionSum;
  figures: SubscriptionFigures;
  series: SeriesSum;
  /** The most connections that each worker had at a flush. */
  connections: number[];
}

/** Runs all workers of a plan in all of their segments, and adds up what they saw. */
async function run(plan: Plan, name = "newHeads"): Promise<Ran> {
  const assignments = assign(plan, { runId: "run", startAtMs: Date.now() + 500, leadMs: 500 });
  const summaries = await Promise.all(
    assignments.map((assignment) =>
      attack(
        { plan, assignment, attempt: 1 },
        { clock: systemClock, emit: async () => {}, stopRequested: async () => undefined },
      ),
    ),
  );
  const series = new SeriesSum();
  for (const each of summaries.flatMap((summary): Series[] => summary.series)) series.add(each);
  const sum = series.subscriptions.get(name);
  assert.ok(sum, "no subscriber recorded anything");
  const options = { areBlocks: name === "newHeads", intervalMs: 1_000, endMs: plan.durationMs };
  const connections = summaries.map(({ health }) => Math.max(...health.map((each) => each.connections)));
  return { sum, figures: subscriptionFigures(sum, options), series, connections };
}

const subscribers = (origin: string, changes: Record<string, unknown> = {}) => ({
  chains: [
    { name: "node", subscriptions: [{ url: origin, to: "newHeads", subscribers: 20, ramp: "0.2s", ...changes }] },
  ],
  duration: "4s",
  workers: 2,
});

/** A node that announces a block every 100 ms; `deliver` gives what a socket gets of each. */
async function node(
  t: Parameters<typeof socketServer>[0],
  deliver: (message: string, socket: WebSocket, block: number) => string[] = (message) => [message],
): Promise<SocketServer & { delivered: number }> {
  const subscribed = new Map<WebSocket, string>();
  let block = 0;
  const server = await socketServer(t, {
    answer(text, socket) {
      const { id, method } = JSON.parse(text) as { id: number; method: string };
      if (method !== "eth_subscribe") return nodeAnswer(text);
      const subscription = `0x${(subscribed.size + 1).toString(16)}`;
      subscribed.set(socket, subscription);
      socket.on("close", () => subscribed.delete(socket));
      return JSON.stringify({ jsonrpc: "2.0", id, result: subscription });
    },
  });
  const started = Object.assign(server, { delivered: 0 });
  const timer = setInterval(() => {
    block++;
    for (const [socket, subscription] of subscribed) {
      for (const message of deliver(head(block, subscription), socket, block)) {
        started.delivered++;
        socket.send(message);
      }
    }
  }, 100);
  t.after(() => clearInterval(timer));
  return started;
}

function hash(number: number, fork = 0): string {
  return `0x${fork}${number.toString(16).padStart(63, "0")}`;
}

function head(number: number, subscription: string, fork = 0): string {
  const result = { parentHash: hash(number - 1), hash: hash(number, fork), number: `0x${number.toString(16)}` };
  return JSON.stringify({ jsonrpc: "2.0", method: "eth_subscription", params: { subscription, result } });
}

// Each is a run of seconds that mostly waits.
describe("the subscribers of a run", { concurrency: 4 }, () => {
  test("subscribers over two workers count what the node delivered, and miss and double nothing", async (t) => {
    const server = await node(t);
    const { sum, figures } = await run(checkedPlan("", subscribers(server.origin)));
    assert.equal(server.handshakes.length, 20);
    assert.equal(sum.subscribed, 20);
    assert.equal(sum.periods.length, 20);
    assert.ok(sum.notifications > 100, `${sum.notifications} notifications`);
    // What was on its way when the sockets were closed is not received.
    assert.ok(
      server.delivered - sum.notifications <= 40,
      `${server.delivered} delivered, ${sum.notifications} received`,
    );
    assert.deepEqual(
      [figures.missed, figures.missedByNumber, figures.doubled, sum.gaps, figures.silent, figures.reorganised],
      [0, 0, 0, 0, 0, 0],
    );
    assert.ok(sum.subscribeTime.totalCount === 20 && figures.lag.totalCount === sum.notifications);
    assert.deepEqual(sum.drops, {});
  });

  test("every notification that is dropped on the way is found, and none besides", async (t) => {
    let dropped = 0;
    let sent = 0;
    let beganMs = Number.POSITIVE_INFINITY;
    const server = await node(t, (message) => {
      beganMs = Math.min(beganMs, performance.now());
      const atMs = performance.now() - beganMs;
      // Not at the ends of the run: there, no subscriber is expected to have what others have.
      if (atMs > 1_200 && atMs < 2_400 && ++sent % 50 === 0) {
        dropped++;
        return [];
      }
      return [message];
    });
    const { sum, figures } = await run(checkedPlan("", subscribers(server.origin)));
    assert.ok(dropped >= 1);
    assert.equal(figures.missed, dropped);
    assert.equal(figures.missedByNumber, dropped);
    assert.equal(sum.gaps, dropped);
  });

  test("a block that comes twice is doubled, and misses nothing", async (t) => {
    const server = await node(t, (message, _, block) => {
      if (block === 10) return [message, message];
      return [message];
    });
    const { figures } = await run(checkedPlan("", subscribers(server.origin)));
    assert.equal(figures.doubled, 20);
    assert.equal(figures.missed, 0);
  });

  test("a reorganisation that only some subscribers see is missed by hash, and not by number", async (t) => {
    let turn = 0;
    const server = await node(t, (message, _, block) =>
      block === 12 && turn++ % 2 === 0 ? [head(block, "0x1", 1)] : [message],
    );
    const { figures } = await run(checkedPlan("", subscribers(server.origin)));
    assert.equal(figures.reorganised, 1);
    assert.equal(figures.missed, 20);
    assert.equal(figures.missedByNumber, 0);
  });

  test("a subscriber whose subscription falls silent is found, with all that it missed until shortly before the end", async (t) => {
    let silent: WebSocket | undefined;
    const server = await node(t, (message, socket, block) => {
      if (block === 12) silent ??= socket;
      return socket === silent ? [] : [message];
    });
    const { figures } = await run(checkedPlan("", subscribers(server.origin)));
    assert.equal(figures.silent, 1);
    assert.ok(figures.missed >= 3 && figures.missed <= 40, `${figures.missed} missed`);
  });

  test("a lost socket is opened again; what was announced meanwhile is no fault of the subscription's", async (t) => {
    let cut = false;
    const server = await node(t, (message, socket, block) => {
      if (block === 12 && !cut) {
        cut = true;
        socket.close(1_012);
        return [];
      }
      return [message];
    });
    const { sum, figures } = await run(checkedPlan("", subscribers(server.origin)));
    assert.deepEqual(sum.drops, { "ws-closed-1012": 1 });
    assert.equal(sum.subscribed, 21);
    assert.equal(figures.missed, 0);
    assert.ok(figures.missedWhileDropped >= 2 && figures.missedWhileDropped <= 40, `${figures.missedWhileDropped}`);
  });

  test("the lag is that behind the first subscriber of all workers", async (t) => {
    const late = new Set<WebSocket>();
    const server = await node(t, (message, socket) => {
      if (late.size < 10) late.add(socket);
      if (!late.has(socket)) return [message];
      setTimeout(() => socket.send(message), 60);
      return [];
    });
    const { figures } = await run(checkedPlan("", subscribers(server.origin)));
    // Half of the subscribers get each block 60 ms after the others, whichever worker these are at.
    const late50Ms = figures.lag.totalCount - figures.lag.countUpTo(50_000);
    assert.ok(late50Ms > 0.4 * figures.lag.totalCount, `${late50Ms} of ${figures.lag.totalCount} came late`);
    assert.equal(figures.missed, 0);
  });

  test("a method that the node does not have is a failure with its class, and is tried again later", async (t) => {
    const server = await socketServer(t, {
      answer(text) {
        const { id } = JSON.parse(text) as { id: number };
        return JSON.stringify({ jsonrpc: "2.0", id, error: { code: -32_601, message: "notifications not supported" } });
      },
    });
    const plan = checkedPlan("", { ...subscribers(server.origin), duration: "2s" });
    const { sum } = await run(plan);
    assert.equal(sum.subscribed, 0);
    assert.ok((sum.failures["rpc-method-not-found"] ?? 0) >= 20);
  });

  test("subscribers of logs and of pending transactions are followed by what they announce", async (t) => {
    const filters: unknown[] = [];
    const server = await socketServer(t, {
      answer(text, socket) {
        const { id, params } = JSON.parse(text) as { id: number; params: [string, unknown] };
        filters.push(params[1]);
        let n = 0;
        const timer = setInterval(() => {
          n++;
          const log = { blockHash: hash(n), blockNumber: `0x${n.toString(16)}`, logIndex: "0x2", removed: n === 5 };
          const result = params[0] === "logs" ? log : hash(n);
          socket.send(
            JSON.stringify({ jsonrpc: "2.0", method: "eth_subscription", params: { subscription: "0x1", result } }),
          );
        }, 100);
        socket.on("close", () => clearInterval(timer));
        return JSON.stringify({ jsonrpc: "2.0", id, result: "0x1" });
      },
    });
    const filter = { address: "0x00000000000000000000000000000000000000aa" };
    const one = { url: server.origin, subscribers: 1 };
    const chains = [
      {
        name: "node",
        subscriptions: [
          { ...one, to: "logs", filter },
          { ...one, to: "newPendingTransactions" },
        ],
      },
    ];
    const { sum, series } = await run(checkedPlan("", { chains, duration: "2s", workers: 1 }), "logs");
    assert.equal(sum.removed, 1);
    assert.equal(sum.unfollowed, 0);
    assert.equal(
      sum.items.reduce((all, row) => all + row[3], 0),
      sum.notifications - 1,
    );
    assert.ok((series.subscriptions.get("newPendingTransactions")?.items.length ?? 0) >= 5);
    assert.deepEqual(filters, [filter, undefined]);
  });

  test("segments hand their subscribers over, which is told apart from drops, and a fleet has one segment", async (t) => {
    const server = await node(t);
    const plan = { ...checkedPlan("", subscribers(server.origin)), segmentMs: 2_000 };
    const { sum, figures } = await run(plan);
    assert.equal(sum.handedOver, 20);
    assert.deepEqual(sum.drops, {});
    assert.equal(figures.missed, 0);
    assert.equal(figures.missedAtHandOver, 0);
    const fleet = await run({ ...plan, mode: "fleet" });
    assert.equal(fleet.sum.handedOver, 0);
  });

  test("calls go on beside subscribers, over sockets of their own", async (t) => {
    const server = await node(t);
    const changes = subscribers(server.origin);
    const body = { jsonrpc: "2.0", id: 1, method: "eth_chainId", params: [] };
    const calls = { rps: 50, targets: [{ url: server.origin, body }] };
    const { sum, series, connections } = await run(
      checkedPlan("", { ...changes, chains: [{ ...changes.chains[0], ...calls }], connections: 1 }),
    );
    assert.ok(series.sent > 0);
    assert.equal(series.valid, series.sent);
    assert.equal(sum.subscribed, 20);
    assert.equal(server.handshakes.length, 22);
    // Ten subscribers and one socket for calls at each of two workers.
    assert.deepEqual(connections, [11, 11]);
  });
});
