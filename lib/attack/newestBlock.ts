import { setTimeout as sleep } from "node:timers/promises";
import { request } from "undici";
import type { ConnectionOptions } from "../http/connection.ts";
import { afterAuthority } from "../plan/hosts.ts";
import { isWebSocketUrl } from "../plan/httpUrl.ts";
import { parseTemplate } from "../plan/placeholders.ts";
import type { Chain, Target } from "../plan/schema.ts";
import { type Writing, writeValue } from "../plan/values.ts";
import { dialAgent } from "./dialAgent.ts";
import { oneExchange } from "./oneExchange.ts";
import { prepareChain } from "./requests.ts";

/** Timeout of one call, in ms. */
const TIMEOUT_MS = 3_000;

/** Number of tries if a gateway returns anything but a block, and the pause before the second try, in ms. */
const TRIES = 3;
const PAUSE_MS = 500;

/** Maximum characters of a response that an error shows. */
const MAX_SHOWN = 200;

const QUESTION = '{"jsonrpc":"2.0","id":{{id}},"method":"eth_blockNumber","params":[]}';

/** Whether a chain's targets name blocks by their distance from the newest one. */
export function needsBlock({ targets }: Chain): boolean {
  return targets.some(namesBlock);
}

function namesBlock({ url, body = "", headers }: Target): boolean {
  return [url, body, ...headers.map(([, value]) => value)].some((text) =>
    parseTemplate(text).pieces.some((piece) => typeof piece !== "string" && piece.kind === "block"),
  );
}

/**
 * Fetches a chain's newest block, once before the run, from the first target that names a block, or from the first
 * target if none does: with its headers, over the same route as the load, and its URL filled in from the first row of
 * data. `reveal` resolves references to secrets. Rejects if no block is returned: requests for nonexistent blocks would
 * measure something else.
 */
export async function newestBlock(
  chain: Chain,
  options: ConnectionOptions,
  reveal: (text: string) => string,
): Promise<number> {
  const target = chain.targets.find(namesBlock) ?? chain.targets[0];
  if (!target) throw new Error(`no target of chain ${chain.name} names a block`);
  const [first] = chain.data ?? [];
  const agent = dialAgent(options);
  try {
    for (let tries = 1; ; tries++) {
      const answer = isWebSocketUrl(target.url)
        ? await askOverSocket(target, options, reveal)
        : await ask(target, first ?? {}, reveal, agent);
      if (typeof answer === "number") return answer;
      if (tries === TRIES) {
        throw new Error(`no newest block for {{blockNumber}}: ${target.url} answered eth_blockNumber with ${answer}`);
      }
      await sleep(PAUSE_MS * 2 ** (tries - 1) * (0.5 + Math.random()));
    }
  } finally {
    await agent.close();
  }
}

/** One call: returns the block, or a description of the response if it has none. */
async function ask(
  { url, headers }: Target,
  row: Record<string, string>,
  reveal: (text: string) => string,
  dispatcher: ReturnType<typeof dialAgent>,
): Promise<number | string> {
  const fill = (text: string, writing: Writing): string =>
    parseTemplate(reveal(text))
      .pieces.map((piece) =>
        typeof piece === "string" ? piece : piece.kind === "data" ? writeValue(row[piece.field] ?? "", writing) : "0",
      )
      .join("");
  const path = afterAuthority(url);
  const origin = url.slice(0, url.length - path.length);
  const own = headers.filter(([name]) => !/^(content-|accept-encoding$|expect$|connection$|transfer-)/i.test(name));
  const { statusCode, body } = await request(fill(origin, "host") + fill(path, "url"), {
    dispatcher,
    method: "POST",
    headers: [
      ...own.map(([name, value]) => [name, fill(value, "header")]),
      ["content-type", "application/json"],
    ].flat(),
    body: QUESTION.replace("{{id}}", "1"),
    headersTimeout: TIMEOUT_MS,
    bodyTimeout: TIMEOUT_MS,
  });
  const text = await body.text();
  return blockIn(text) ?? `HTTP ${statusCode}: ${JSON.stringify(text.slice(0, MAX_SHOWN))}`;
}

/** The same call over a WebSocket, whose URL and headers contain no data. */
async function askOverSocket(
  { url, headers }: Target,
  options: ConnectionOptions,
  secret: (reference: string) => string,
): Promise<number | string> {
  const chain = { name: "block", rps: 1, targets: [{ method: "POST", url, headers, body: QUESTION, weight: 1 }] };
  const request = prepareChain(chain, { keepalive: true, seed: 1, secret });
  const { outcome } = await oneExchange(request(0), { ...options, timeoutMs: TIMEOUT_MS });
  if ("failure" in outcome) return outcome.failure;
  const text = outcome.body.toString("utf8");
  return blockIn(text) ?? JSON.stringify(text.slice(0, MAX_SHOWN));
}

/** The block number in a JSON-RPC response; undefined if there is none. */
function blockIn(text: string): number | undefined {
  try {
    const { result } = JSON.parse(text) as { result?: unknown };
    return typeof result === "string" && /^0x[0-9a-f]+$/i.test(result) ? Number.parseInt(result, 16) : undefined;
  } catch {
    return undefined;
  }
}
