import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { ROOT } from "../support/volley.ts";
import type { Mutant } from "./instrument.ts";
import { judge } from "./judge.ts";

/** Functions whose body may not be empty, and the quick tests that must see it. `npm run mutants` tries every change. */
const GUARDED: { source: string; functions: string[]; tests: string[] }[] = [
  { source: "lib/plan/guards.ts", functions: ["guardProblems"], tests: ["plan/guards"] },
  {
    source: "lib/plan/hosts.ts",
    functions: ["hostProblems", "hostTextProblems", "observedProblems"],
    tests: ["plan/hosts"],
  },
  {
    source: "lib/guard/hostGuard.ts",
    functions: ["refusal", "leadsTo", "entryFits"],
    tests: ["attack/hostGuard", "plan/hosts"],
  },
  {
    source: "lib/schedule/schedule.ts",
    functions: ["stretchCurve", "evenSchedule", "poissonSchedule", "countInShard"],
    tests: ["schedule/schedule"],
  },
  {
    source: "lib/answers/jsonrpc.ts",
    functions: ["judgeResponse", "judgeBatch", "acceptedError"],
    tests: ["attack/nodes"],
  },
  { source: "lib/report/verdict.ts", functions: ["judge"], tests: ["report/verdict"] },
];

for (const { source, functions, tests } of GUARDED) {
  test(`tests see when ${functions.join(", ")} of ${source} does nothing`, { timeout: 60_000 }, async () => {
    const text = readFileSync(ROOT + source, "utf8");
    const bodies = new Set<string>();
    const judged = await judge(
      ROOT + source,
      tests.map((each) => `${ROOT}test/${each}.test.ts`),
      { parallel: 1, only: (mutant) => isBodyOfOne(mutant, text, functions, bodies) },
    );
    assert.equal(judged.length, functions.length, `found ${[...bodies]} of ${functions}`);
    for (const { mutant, outcome } of judged) assert.equal(outcome, "killed", `${source}:${mutant.line}`);
  });
}

test("a change that no test reaches is told as such", { timeout: 60_000 }, async () => {
  const [judged] = await judge(`${ROOT}lib/plan/guards.ts`, [`${ROOT}test/schedule/schedule.test.ts`], {
    parallel: 1,
    only: ({ id }) => id === "0",
  });
  assert.equal(judged?.outcome, "not-reached");
});

/** Whether a mutant empties the body of a function or method, of which the first block after its name is taken. */
function isBodyOfOne({ kind, line, column }: Mutant, text: string, functions: readonly string[], seen: Set<string>) {
  if (kind !== "BlockStatement") return false;
  const offset =
    text
      .split("\n")
      .slice(0, line - 1)
      .join("\n").length + column;
  const name = functions.find((each) => {
    const declared = new RegExp(`(?:function ${each}\\b|^ {2}${each}\\(.*\\{$)`, "m").exec(text)?.index ?? Infinity;
    return declared < offset && !seen.has(each);
  });
  if (name === undefined) return false;
  seen.add(name);
  return true;
}
