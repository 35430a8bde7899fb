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
  /** The chain's capacity on its own, as the gateway measures it; null before its first request. */
  capacityRps: number | null;
}

/** What Watch observed of the target from outside: the stand-in's true counts before and after the run. */
export interface Observations {
  before?: TrueCounts[];
  after?: TrueCounts[];
  /** Whether all workers were done at the read after the run; otherwise some may have sent more since. */
  settled?: boolean;
}

/** Fetches a stand-in gateway's true counts. Rejects if it does not respond. */
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
