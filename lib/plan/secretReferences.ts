import { SECRET_REFERENCE } from "./placeholders.ts";
import { jsonPath, type Problem } from "./problems.ts";
import type { Plan, Target } from "./schema.ts";

/** The references to secrets in a target's URL and headers, each once. */
export function referencesOf({ url, headers }: Pick<Target, "url" | "headers">): string[] {
  const texts = [url, ...headers.map(([, value]) => value)];
  return [...new Set(texts.flatMap((text) => text.match(SECRET_REFERENCE) ?? []))];
}

/** All references to secrets of a plan, with the first place of each. */
export function secretReferences({ chains, observe, tls }: Plan): Map<string, string> {
  const found = new Map<string, string>();
  const add = (references: readonly string[], where: string): void => {
    for (const reference of references) if (!found.has(reference)) found.set(reference, where);
  };
  for (const [index, chain] of chains.entries()) {
    for (const each of chain.targets) add(referencesOf(each), jsonPath(["chains", index, "targets"]));
    for (const each of chain.subscriptions ?? []) add(referencesOf(each), jsonPath(["chains", index, "subscriptions"]));
    for (const each of chain.lookups ?? []) add(referencesOf(each), jsonPath(["chains", index, "lookups", each.name]));
  }
  for (const [field, value] of Object.entries(tls ?? {})) {
    if (typeof value === "string") add(value.match(SECRET_REFERENCE) ?? [], jsonPath(["tls", field]));
  }
  for (const kind of ["endpoints", "logs"] as const) {
    for (const [index, source] of observe[kind].entries()) {
      if (!("url" in source)) continue;
      const headers = Object.entries(source.headers);
      add(referencesOf({ url: "", headers }), jsonPath(["observe", kind, index, "headers"]));
    }
  }
  return found;
}

/**
 * The value of each secret that a plan refers to, by reference, and a problem for each that `read` rejects: found before
 * the start, a typo costs nothing.
 */
export async function readSecrets(
  plan: Plan,
  read: (reference: string) => Promise<string>,
): Promise<{ secrets: Map<string, string>; problems: Problem[] }> {
  const secrets = new Map<string, string>();
  const problems: Problem[] = [];
  for (const [reference, where] of secretReferences(plan)) {
    try {
      secrets.set(reference, await read(reference));
    } catch (error) {
      const expected = `one that can be read: ${(error as Error).message}`;
      problems.push({ where, found: `the secret ${reference}`, expected });
    }
  }
  return { secrets, problems };
}
