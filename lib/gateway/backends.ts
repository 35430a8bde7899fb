import { createClient } from "@redis/client";
import { Pool } from "pg";
import { InputError } from "../plan/problems.ts";

/** A relay's cost in the stand-in gateway's backends. */
interface Work {
  dbQueries: number;
  redisOperations: number;
}

/** A real Redis and a real PostgreSQL behind the stand-in gateway: each relay costs them what its settings specify. */
export interface Backends {
  /** Does a relay's queries and operations. Rejects when one of them fails. */
  work(relay: Work): Promise<void>;
  close(): Promise<void>;
}

/** Their URLs. Without a URL, that backend's operations are only counted. */
export interface BackendUrls {
  redis?: string | undefined;
  postgres?: string | undefined;
}

/** Number of connections to PostgreSQL. */
const POOL = 8;

/** Timeout for connecting to a backend, in ms. */
const CONNECT_MS = 3_000;

/** Connects to the backends. Rejects with an InputError that names the one that does not respond. */
export async function connectBackends({ redis, postgres }: BackendUrls): Promise<Backends> {
  const cache = redis === undefined ? undefined : createClient({ url: redis, socket: { reconnectStrategy: false } });
  const pool =
    postgres === undefined
      ? undefined
      : new Pool({ connectionString: postgres, max: POOL, connectionTimeoutMillis: CONNECT_MS });
  // Without a listener, a broken connection would crash the process; the operation that uses it rejects anyway.
  cache?.on("error", () => {});
  pool?.on("error", () => {});
  try {
    await answering("--redis", cache?.connect());
    await answering("--postgres", pool?.query("SELECT 1"));
  } catch (error) {
    cache?.destroy();
    await pool?.end();
    throw error;
  }
  let turn = 0;
  return {
    async work({ dbQueries, redisOperations }) {
      const operations: Promise<unknown>[] = [];
      if (cache) for (let i = 0; i < redisOperations; i++) operations.push(cache.get(`volley:${turn++ % 1_000}`));
      if (pool) for (let i = 0; i < dbQueries; i++) operations.push(pool.query("SELECT $1::int", [i]));
      await Promise.all(operations);
    },
    async close() {
      await cache?.close();
      await pool?.end();
    },
  };
}

async function answering(option: string, connected: Promise<unknown> | undefined): Promise<void> {
  try {
    await connected;
  } catch (error) {
    const found = (error as Error).message || (error as { code?: string }).code || (error as Error).name;
    throw new InputError("volley gateway", [{ where: option, found, expected: "a server that answers" }]);
  }
}
