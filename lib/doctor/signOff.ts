import type { Check } from "./check.ts";

/** What an acceptance test's report contains in addition to its checks. */
export interface SignOff {
  stack: string;
  /** The stack's state machine; its ARN contains the region and the account. */
  stateMachineArn: string;
  version: string;
  gateway: string;
  beganAt: Date;
  endedAt: Date;
  /** Who ran it. */
  by: string;
}

/** An acceptance test's report in Markdown: what passed, with its evidence, where, when, and by whom. */
export function signOffText(checks: readonly Check[], signOff: SignOff): string {
  const failed = checks.filter(({ level }) => level === "fail").length;
  const [, , , region = "", account = ""] = signOff.stateMachineArn.split(":");
  const cell = (text: string): string => text.replaceAll("|", "\\|").replaceAll("\n", " ");
  const facts: [string, string][] = [
    ["stack", `${signOff.stack}, account ${account}, region ${region}`],
    ["Volley", signOff.version],
    ["gateway", signOff.gateway],
    ["began", signOff.beganAt.toISOString()],
    ["ended", signOff.endedAt.toISOString()],
  ];
  const rows = checks.map(({ subject, level, evidence, remedy }) =>
    [subject, level, [evidence, ...(remedy === undefined ? [] : [`→ ${remedy}`])].join(" ")].map(cell),
  );
  return [
    `# Acceptance test: ${failed === 0 ? "held" : `${failed} of ${checks.length} checks failed`}`,
    "",
    ...facts.map(([name, value]) => `- ${name}: ${value}`),
    "",
    "| check | result | evidence |",
    "|---|---|---|",
    ...rows.map((row) => `| ${row.join(" | ")} |`),
    "",
    `Signed off by ${signOff.by}, ${signOff.endedAt.toISOString().slice(0, 10)}.`,
    "",
  ].join("\n");
}
