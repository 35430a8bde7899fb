import type { ConnectionOptions } from "../http/connection.ts";
import type { Assignment, Share } from "../plan/assign.ts";
import { takesBlock } from "../plan/blockAge.ts";
import { SECRET_REFERENCE } from "../plan/placeholders.ts";
import type { Chain, Plan } from "../plan/schema.ts";
import { referencesOf } from "../plan/secretReferences.ts";
import { addressesOf } from "../plan/subscriptions.ts";
import { Lookups } from "./lookups.ts";
import { needsBlock, newestBlock } from "./newestBlock.ts";
import { plainSecret } from "./requests.ts";
import type { WorkerPorts } from "./workerPorts.ts";

/** What a worker's requests need beyond the plan, by chain: secrets, newest blocks, and lookups. */
export interface RequestValues {
  blocks: ReadonlyMap<string, number>;
  lookups: ReadonlyMap<string, Lookups>;
  /** The secrets, which must not appear in results. */
  secrets: readonly string[];
  /** Replaces a text's references to secrets by their values. */
  reveal(text: string): string;
}

/** The chains that a worker sends to, in the order of its shares. */
export function chainsOf(plan: Plan, { shares }: Pick<Assignment, "shares">): Chain[] {
  return shares.map((share) => chainOf(plan, share));
}

/** The chain of a worker's share. */
export function chainOf(plan: Plan, share: Share): Chain {
  const chain = plan.chains.find(({ name }) => name === share.chain);
  if (!chain) throw new Error(`the plan has no chain ${share.chain}`);
  return chain;
}

/** Fetches the values of these chains. Rejects if one cannot be had: requests would be made with nothing. */
export async function fetchValues(
  chains: readonly Chain[],
  plan: Pick<Plan, "blockAges">,
  options: ConnectionOptions,
  secret: WorkerPorts["secret"],
): Promise<RequestValues> {
  const secrets = new Map<string, string>();
  const blocks = new Map<string, number>();
  const lookups = new Map<string, Lookups>();
  const reveal = (text: string): string =>
    text.replace(SECRET_REFERENCE, (reference) => secrets.get(reference) ?? reference);
  for (const chain of chains) {
    for (const reference of addressesOf(chain).flatMap(referencesOf)) {
      if (secrets.has(reference)) continue;
      if (!secret) throw noSecrets(reference);
      secrets.set(reference, plainSecret(reference, await secret(reference)));
    }
    if (needsBlock(chain) || (plan.blockAges && chain.targets.some(({ body = "" }) => takesBlock(body)))) {
      blocks.set(chain.name, await newestBlock(chain, options, reveal));
    }
    if (!chain.lookups) continue;
    const own = new Lookups(chain, { options, secret: reveal });
    lookups.set(chain.name, own);
    await own.first();
  }
  return { blocks, lookups, secrets: [...secrets.values()], reveal };
}

/** The error of a worker that has no store of secrets. */
export function noSecrets(reference: string): Error {
  return new Error(`there is no store of secrets for ${reference}`);
}
