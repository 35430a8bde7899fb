import { setTimeout as sleep } from "node:timers/promises";

/** How often AWS wants a Spot instance to look for its notice, in ms. */
const LOOK_EVERY_MS = 5_000;

/** How long one answer of the metadata service may take, in ms. */
const ANSWER_MS = 2_000;

/** How long a token of the metadata service is valid, in s: the longest time. */
const TOKEN_S = 21_600;

/** A host that is about to be taken away. */
export interface Leaving {
  /** When it is taken away, in ms since the epoch. */
  atMs: number;
}

/** The metadata service of an instance, and how often it is asked. */
export interface NoticeOptions {
  /** Such as `http://169.254.169.254`. */
  endpoint: string;
  lookEveryMs?: number;
}

/**
 * Asks EC2's instance metadata service (IMDSv2) for a Spot interruption notice until there is one, and passes it on.
 * AWS sends it two minutes before. Ends without one when the signal aborts. Errors of the service are tried again.
 */
export async function watchForSpotNotice(
  { endpoint, lookEveryMs = LOOK_EVERY_MS }: NoticeOptions,
  onNotice: (leaving: Leaving) => void,
  signal: AbortSignal,
): Promise<void> {
  let token: string | undefined;
  while (!signal.aborted) {
    try {
      token ??= await tokenOf(endpoint);
      const response = await ask(endpoint, "instance-action", token);
      if (response.ok) return onNotice({ atMs: takenAtMs(await response.text()) });
      // 404: there is no notice. Otherwise the token may have expired.
      if (response.status !== 404) token = undefined;
    } catch {
      token = undefined;
    }
    await sleep(lookEveryMs, undefined, { signal }).catch(() => {});
  }
}

async function tokenOf(endpoint: string): Promise<string> {
  const response = await fetch(`${endpoint}/latest/api/token`, {
    method: "PUT",
    headers: { "X-aws-ec2-metadata-token-ttl-seconds": String(TOKEN_S) },
    signal: AbortSignal.timeout(ANSWER_MS),
  });
  if (!response.ok) throw new Error(`the metadata service gives no token: ${response.status}`);
  return response.text();
}

async function ask(endpoint: string, item: string, token: string): Promise<Response> {
  return fetch(`${endpoint}/latest/meta-data/spot/${item}`, {
    headers: { "X-aws-ec2-metadata-token": token },
    signal: AbortSignal.timeout(ANSWER_MS),
  });
}

/** When the instance is taken away; now if the notice does not say, such as before a hibernation. */
function takenAtMs(notice: string): number {
  const { time = "" } = JSON.parse(notice) as { time?: string };
  return Date.parse(time) || Date.now();
}
