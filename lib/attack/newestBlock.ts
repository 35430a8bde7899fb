import { request } from "undici";
import { parseTemplate } from "../plan/placeholders.ts";
import type { Chain, Target } from "../plan/schema.ts";

/** How long the question may take, in ms. */
const TIMEOUT_MS = 3_000;

/** Whether a chain's targets name blocks by their distance from the newest one. */
export function needsBlock({ targets }: Chain): boolean {
  return targets.some((target) =>
    [target.url, target.body ?? "", ...target.headers.map(([, value]) => value)].some((text) =>
      parseTemplate(text).pieces.some((piece) => typeof piece !== "string" && piece.kind === "block"),
    ),
  );
}

/**
 * Asks a chain's first target for its newest block, once before the run. Rejects where it does not say: requests for
 * blocks that are not there would measure something else.
 */
export async function newestBlock(chain: Chain, headers: Target["headers"]): Promise<number> {
  const [target] = chain.targets;
  if (!target) throw new Error(`chain ${chain.name} has no targets`);
  const { body } = await request(target.url, {
    method: "POST",
    headers: [
      ...headers.filter(([name]) => name.toLowerCase() !== "content-type").flat(),
      "content-type",
      "application/json",
    ],
    body: '{"jsonrpc":"2.0","id":1,"method":"eth_blockNumber","params":[]}',
    headersTimeout: TIMEOUT_MS,
    bodyTimeout: TIMEOUT_MS,
  });
  const { result } = (await body.json()) as { result?: unknown };
  const block = typeof result === "string" ? Number.parseInt(result, 16) : Number.NaN;
  if (Number.isNaN(block)) throw new Error(`${chain.name} does not tell its newest block, which {{blockNumber}} needs`);
  return block;
}
