import { relative, resolve } from "node:path";
import { isExactNumber } from "../plan/exactJson.ts";
import { SECRET_VALUE } from "../plan/placeholders.ts";

type Fields = Record<string, unknown>;

/** Whether a value is an object with fields, not a list, null or number. */
function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !isExactNumber(value);
}

/**
 * A plan merged over the one that it extends. Objects are merged field by field, a null removes a field, and everything
 * else replaces what was there, including lists. Only chains are merged by name; new ones come after those of the base.
 */
export function extended(base: unknown, plan: unknown): unknown {
  if (!isFields(base) || !isFields(plan)) return plan;
  const merged: Fields = { ...base };
  for (const [key, value] of Object.entries(plan)) {
    if (value === null) delete merged[key];
    else if (key === "chains") merged[key] = mergedChains(base[key], value);
    else if (key === "body") merged[key] = value;
    else merged[key] = extended(base[key], value);
  }
  return merged;
}

function mergedChains(base: unknown, chains: unknown): unknown {
  if (!Array.isArray(base) || !Array.isArray(chains)) return chains;
  const nameOf = (chain: unknown): unknown => (isFields(chain) ? chain.name : undefined);
  const found = (name: unknown, among: readonly unknown[]): unknown =>
    name === undefined ? undefined : among.find((each) => nameOf(each) === name);
  return [
    ...base.map((chain) => extended(chain, found(nameOf(chain), chains) ?? chain)),
    ...chains.filter((chain) => found(nameOf(chain), base) === undefined),
  ];
}

/** Rewrites a plan's file names, relative to the folder `from`, to be relative to the folder `to`. */
export function rebased(plan: unknown, from: string, to: string): unknown {
  if (!isFields(plan) || resolve(from) === resolve(to)) return plan;
  const moved = (name: unknown): unknown =>
    typeof name === "string" && name !== "" && !SECRET_VALUE.test(name)
      ? relative(to, resolve(from, name)) || "."
      : name;
  const chains = Array.isArray(plan.chains)
    ? plan.chains.map((chain: unknown) => (isFields(chain) ? rebasedChain(chain, moved) : chain))
    : plan.chains;
  const tls = isFields(plan.tls)
    ? Object.fromEntries(
        Object.entries(plan.tls).map(([key, value]) => [
          key,
          ["ca", "cert", "key"].includes(key) ? moved(value) : value,
        ]),
      )
    : plan.tls;
  return { ...plan, ...(chains !== undefined && { chains }), ...(tls !== undefined && { tls }) };
}

function rebasedChain(chain: Fields, moved: (name: unknown) => unknown): Fields {
  const { targets, data, replay } = chain;
  return {
    ...chain,
    ...(targets !== undefined && { targets: Array.isArray(targets) ? targets.map(moved) : moved(targets) }),
    ...(data !== undefined && { data: moved(data) }),
    ...(isFields(replay) && { replay: { ...replay, file: moved(replay.file) } }),
  };
}
