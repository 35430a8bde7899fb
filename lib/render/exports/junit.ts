import { escapeXml } from "../../report/escape.ts";
import type { Report } from "../../report/schema.ts";

/**
 * The verdict as JUnit XML: a test for the run's validity, one for whether it ran to its end, and one per chain for its
 * SLO.
 */
export function renderJunit({ run, verdict, chains }: Report): string {
  const seconds = run.measuredMs / 1_000;
  const generator = verdict.valid ? [] : verdict.reasons;
  const cases = [
    testCase("the run is valid", seconds, verdict.valid ? undefined : generator.join("\n")),
    testCase("nothing stopped the run", seconds, run.aborted && verdict.reasons[0]),
    ...chains.map(({ name, pass }) => {
      const own = verdict.reasons.filter((_, place) => isAbout(verdict.causes[place], name));
      return testCase(`${name} meets the SLO`, seconds, pass ? undefined : own.join("\n") || "the SLO was missed");
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

/** Whether a reason names the chain. */
function isAbout(cause: Report["verdict"]["causes"][number] | undefined, chain: string): boolean {
  return cause !== undefined && "chain" in cause && cause.chain === chain;
}

function testCase(name: string, seconds: number, failure: string | undefined): string {
  const head = `<testcase classname="volley" name="${escapeXml(name)}" time="${seconds}"`;
  return failure === undefined ? `${head}/>` : `${head}><failure message="${escapeXml(failure)}"/></testcase>`;
}
