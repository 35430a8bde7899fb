import { lookupTarget } from "./lookup.ts";
import { jsonPath, type Problem, show } from "./problems.ts";
import { headProblems, slotsOf, templateOf } from "./requestProblems.ts";
import type { Chain, Plan, Target } from "./schema.ts";
import type { Writing } from "./values.ts";

/** What is wrong with a plan's lookups. Their calls are as a target's, and have no placeholders. */
export function lookupProblems(plan: Plan): Problem[] {
  return plan.chains.flatMap(({ lookups = [] }, index) =>
    lookups.flatMap((lookup): Problem[] => {
      const where = jsonPath(["chains", index, "lookups", lookup.name]);
      const target = lookupTarget(lookup);
      const template = templateOf(target);
      if (!template) return [{ where, found: show(target.url), expected: "an absolute http, https, ws or wss URL" }];
      const problems = headProblems(target, plan).map((found) => ({ where, ...found }));
      if (slotsOf(template).length > 0) {
        const expected = "a URL, headers and a body without placeholders";
        problems.push({ where, found: "a placeholder in a lookup", expected });
      }
      if (plan.gateway) {
        const expected = "none: the stand-in gateway would count its calls as the run's";
        problems.push({ where, found: "a lookup", expected });
      }
      return problems;
    }),
  );
}

/** How a chain's targets write the values of its lookups, by the lookup's name. */
export function lookupWritings({ lookups = [], targets }: Chain): Map<string, Set<Writing>> {
  const writings = new Map(lookups.map(({ name }) => [name, new Set<Writing>()]));
  if (lookups.length === 0) return writings;
  for (const [name, writing] of targets.flatMap(lookupUses)) writings.get(name)?.add(writing);
  return writings;
}

/** The lookups whose values a target uses, and how it writes them. */
export function lookupUses(target: Target): [name: string, writing: Writing][] {
  const template = templateOf(target);
  return (template ? slotsOf(template) : []).flatMap(({ placeholder, writing }): [string, Writing][] =>
    placeholder.kind === "lookup" ? [[placeholder.name, writing]] : [],
  );
}
