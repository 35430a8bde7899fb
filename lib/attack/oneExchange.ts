import type { ConnectionOptions, Exchange, OpeningMs } from "../http/connection.ts";
import { ConnectionCount } from "../http/connections.ts";
import { ResponseMemory } from "../http/gathered.ts";
import { guardedNames } from "../http/names.ts";
import { MEMORY_BYTES } from "../http/response.ts";
import { poolOf } from "../ws/poolOf.ts";
import type { PreparedRequest } from "./requests.ts";
import { TIMED_OUT } from "./timedExchange.ts";

/** The outcome of one request, before its body is judged, and how long each part took, in ms. */
export interface OneExchange {
  outcome: { status: number; body: Buffer; codings: string } | { failure: string };
  timesMs: Partial<OpeningMs> & { firstByte?: number; body?: number };
  totalMs: number;
}

/** Sends one request on a separate connection. Waits for the response up to the plan's timeout. */
export async function oneExchange(request: PreparedRequest, options: ConnectionOptions): Promise<OneExchange> {
  const timesMs: OneExchange["timesMs"] = {};
  const shared = {
    count: new ConnectionCount(1),
    memory: new ResponseMemory(MEMORY_BYTES),
    names: guardedNames(options),
  };
  const { origin, handshake } = request;
  const pool = poolOf({ origin, handshake }, options, shared, (times) => Object.assign(timesMs, times));
  const beganMs = performance.now();
  let firstMs: number | undefined;
  const outcome = await new Promise<OneExchange["outcome"]>((done) => {
    const one: Exchange = {
      request,
      n: 0,
      began: () => {
        firstMs ??= performance.now();
      },
      responded: (status, body, codings) => done({ status, body: Buffer.from(body), codings }),
      failed: (failure) => done({ failure }),
    };
    const connection = pool.acquire();
    connection?.send(one);
    setTimeout(() => done({ failure: TIMED_OUT[connection?.waitingFor(one) ?? "connect"] }), options.timeoutMs).unref();
  });
  const nowMs = performance.now();
  pool.destroy();
  if (firstMs !== undefined) {
    // The time spent waiting for the connection is not the server's.
    const openedMs = Object.values(timesMs).reduce((sum, each) => sum + each, 0);
    Object.assign(timesMs, { firstByte: firstMs - beganMs - openedMs, body: nowMs - firstMs });
  }
  return { outcome, timesMs, totalMs: nowMs - beganMs };
}
