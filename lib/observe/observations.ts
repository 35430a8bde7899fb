import { type Dispatcher, request } from "undici";

/** A chain's true counts, from the stand-in gateway. */
export interface TrueCounts {
  name: string;
  requests: number;
  relays: number;
  dbQueries: number;
  redisOperations: number;
  bytesIn: number;
  bytesOut: number;
  cpuSeconds: number;
  /** What the chain can carry alone, by the gateway's own measure; null before its first request. */
  capacityRps: number | null;
}

/** What Watch saw of the target from outside: the stand-in's true counts before the run and after it. */
export interface Observations {
  before?: TrueCounts[];
  after?: TrueCounts[];
  /** Whether all workers were done by the look after the run: otherwise some may have sent more since. */
  settled?: boolean;
}

/** Asks a stand-in gateway for its true counts. Rejects where it does not answer. */
export async function readTruth(origin: string, dispatcher?: Dispatcher): Promise<TrueCounts[]> {
  const { statusCode, body } = await request(`${origin}/truth`, {
    ...(dispatcher && { dispatcher }),
    headersTimeout: 5_000,
    bodyTimeout: 5_000,
  });
  if (statusCode !== 200) throw new Error(`${origin}/truth answered HTTP ${statusCode}`);
  const { chains } = (await body.json()) as { chains: TrueCounts[] };
  return chains;
}
