import { escapeXml } from "../../report/escape.ts";
import type { Report } from "../../report/schema.ts";

/**
 * The verdict as JUnit XML: a test for the run's validity, one for whether it ran to its end, one per chain for its SLO,
 * and one per subscription for the SLO's lines on its subscribers.
 */
export function renderJunit({ run, verdict, chains }: Report): string {
  const seconds = run.measuredMs / 1_000;
  const generator = verdict.valid ? [] : verdict.reasons;
  const cases = [
    testCase("the run is valid", seconds, verdict.valid ? undefined : generator.join("\n")),
    testCase("nothing stopped the run", seconds, run.aborted && verdict.reasons[0]),
    ...chains.flatMap(({ name, pass, subscriptions = [] }) => {
      const all = verdict.reasons.filter((_, place) => isAbout(verdict.causes[place], name));
      return [
        testCase(`${name} meets the SLO`, seconds, pass ? undefined : all.join("\n") || "the SLO was missed"),
        ...subscriptions.map((each) => {
          const own = verdict.reasons.filter((_, place) => isAbout(verdict.causes[place], name, each.name));
          return testCase(`${name}, ${each.name} meets the SLO`, seconds, own.length > 0 ? own.join("\n") : undefined);
        }),
      ];
    }),
  ];
  const failures = cases.filter((each) => each.includes("<failure")).length;
  return `<?xml version="1.0" encoding="UTF-8"?>
<testsuites tests="${cases.length}" failures="${failures}">
<testsuite name="${escapeXml(run.name)}" tests="${cases.length}" failures="${failures}" time="${seconds}" timestamp="${escapeXml(run.startedAt)}" id="${escapeXml(run.id)}">
${cases.join("\n")}
</testsuite>
</testsuites>
`;
}

/** Whether a reason names the chain, and the subscription if one is given. */
function isAbout(
  cause: Report["verdict"]["causes"][number] | undefined,
  chain: string,
  subscription?: string,
): boolean {
  if (cause === undefined || !("chain" in cause) || cause.chain !== chain) return false;
  return subscription === undefined || ("subscription" in cause && cause.subscription === subscription);
}

function testCase(name: string, seconds: number, failure: string | undefined): string {
  const head = `<testcase classname="volley" name="${escapeXml(name)}" time="${seconds}"`;
  return failure === undefined ? `${head}/>` : `${head}><failure message="${escapeXml(failure)}"/></testcase>`;
}
