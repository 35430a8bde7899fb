import { classifyUndecodable, isAnswer, judgeResponse, VALID } from "../answers/jsonrpc.ts";
import type { ConnectionOptions } from "../http/connection.ts";
import { decodeApart } from "../http/decode.ts";
import { ResponseError } from "../http/responseError.ts";
import { secureOf } from "../http/secure.ts";
import { targetGuard } from "../plan/hosts.ts";
import { SECRET_REFERENCE } from "../plan/placeholders.ts";
import type { Chain, Plan } from "../plan/schema.ts";
import { referencesOf } from "../plan/secretReferences.ts";
import { MAX_BODY_BYTES } from "../plan/sizes.ts";
import { addressesOf } from "../plan/subscriptions.ts";
import { Lookups } from "./lookups.ts";
import { needsBlock, newestBlock } from "./newestBlock.ts";
import { type OneExchange, oneExchange } from "./oneExchange.ts";
import { type PreparedRequest, plainSecret, prepareChain } from "./requests.ts";

/** The result of one request. */
export interface Ping {
  /** The class of its outcome; `valid` for a valid relay. */
  class: string;
  /** Whether it is a valid relay; this includes node answers that count as one. */
  isRelay: boolean;
  /** The HTTP status; undefined if there was no response. */
  status?: number;
  /** How long each part took, in ms: opening the connection, waiting for the first byte, and receiving the body. */
  timesMs: OneExchange["timesMs"];
  totalMs: number;
  /** The body's length as received, and its decoded text. */
  bytes: number;
  body: string;
}

/** Maximum targets per chain. */
const MAX_TARGETS = 20;

/** A plan's targets, each as a separate chain; the first twenty of a chain with more. */
export function pingedChains({ chains }: Plan): Chain[] {
  return chains.flatMap(({ replay: _, ...chain }) =>
    chain.targets.slice(0, MAX_TARGETS).map((target) => ({ ...chain, targets: [target] })),
  );
}

/**
 * Sends a chain's first request on a separate connection, through the load's engine with its guards, TLS and secrets,
 * and returns the result. Rejects if a secret or the newest block is unavailable.
 */
export async function ping(plan: Plan, chain: Chain, secret: (reference: string) => Promise<string>): Promise<Ping> {
  const secure = plan.tls && (await secureOf(plan.tls, secret));
  const options: ConnectionOptions = { ...plan, guard: targetGuard(plan), ...(secure && { secure }) };
  const secrets = new Map<string, string>();
  for (const reference of addressesOf(chain).flatMap(referencesOf)) {
    secrets.set(reference, plainSecret(reference, await secret(reference)));
  }
  const reveal = (text: string): string =>
    text.replace(SECRET_REFERENCE, (reference) => secrets.get(reference) ?? reference);
  const block = needsBlock(chain) ? await newestBlock(chain, options, reveal) : undefined;
  const known = (name: string): string => secrets.get(name) ?? "";
  const lookups = new Lookups(chain, { options, secret: known });
  await lookups.first();
  const prepare = { ...plan, ...(block !== undefined && { block }), lookups: lookups.values, secret: known };
  const request = prepareChain(chain, prepare)(0);
  const { outcome, timesMs, totalMs } = await oneExchange(request, options);
  if ("failure" in outcome) return { class: outcome.failure, isRelay: false, timesMs, totalMs, bytes: 0, body: "" };
  return { ...(await judged(request, outcome, options)), status: outcome.status, timesMs, totalMs };
}

async function judged(
  { expected }: PreparedRequest,
  { status, body, codings }: Extract<OneExchange["outcome"], { status: number }>,
  { limits }: ConnectionOptions,
): Promise<Pick<Ping, "class" | "isRelay" | "bytes" | "body">> {
  const bytes = body.length;
  try {
    const isEncoded = codings !== "" && bytes > 0;
    const decoded = isEncoded ? await decodeApart(body, codings, limits?.maxBodyBytes ?? MAX_BODY_BYTES) : body;
    const { name } = judgeResponse(status, decoded, expected);
    return { class: name, isRelay: name === VALID || isAnswer(name), bytes, body: decoded.toString("utf8") };
  } catch (error) {
    if (!(error instanceof ResponseError)) throw error;
    const isUndecodable = error.code === "invalid-encoding";
    const name = isUndecodable ? classifyUndecodable(status, expected) : error.code;
    return { class: name, isRelay: false, bytes, body: "" };
  }
}
