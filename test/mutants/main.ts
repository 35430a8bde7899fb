import { parseArgs } from "node:util";
import { ROOT } from "../support/volley.ts";
import { type Judged, judge } from "./judge.ts";
import { sourcesInScope, testsOf } from "./sources.ts";

/**
 * Mutation testing: `npm run mutants`, or `npm run mutants -- lib/plan/hosts.ts lib/plan/guards.ts`. Prints every mutant
 * that no test sees, and a score for each file: the share of its mutants that tests see.
 */
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { parallel: { type: "string", default: "2" } },
});
const sources = positionals.length > 0 ? positionals : sourcesInScope();
const sums = { seen: 0, all: 0 };
for (const source of sources) {
  const tests = testsOf(source);
  const judged = await judge(ROOT + source, tests, {
    parallel: Number(values.parallel),
    onLeftOut: ({ name, failure }) => console.log(`  "${name}" judges nothing, for it fails as it is: ${failure}`),
    onJudged: (each) => isSeen(each) || console.log(lineOf(source, each)),
  });
  const seen = judged.filter(isSeen).length;
  sums.seen += seen;
  sums.all += judged.length;
  console.log(`${source}: ${percent(seen, judged.length)} (${seen} of ${judged.length}, ${tests.length} test files)`);
}
console.log(`all: ${percent(sums.seen, sums.all)} (${sums.seen} of ${sums.all})`);

function isSeen({ outcome }: Judged): boolean {
  return outcome === "killed" || outcome === "timeout";
}

function lineOf(source: string, { mutant, outcome }: Judged): string {
  const { line, column, kind, original, replacement } = mutant;
  return `  ${source}:${line}:${column} ${outcome} ${kind}: ${original} -> ${replacement}`;
}

function percent(part: number, whole: number): string {
  return whole === 0 ? "-" : `${((100 * part) / whole).toFixed(1)} %`;
}
