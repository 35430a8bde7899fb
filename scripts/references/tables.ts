import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { EXIT_CODES } from "../../bin/exitCodes.ts";
import { CONTEXT_NAMES } from "../../lib/cloud/contextNames.ts";
import { code, table } from "./markdown.ts";

const LOAD_TEST = fileURLToPath(new URL("../../lib/cloud/loadTest.ts", import.meta.url));

/** Context values whose name and unit differ from the construct's property. */
const RENAMED: Record<string, string> = { maxDurationMinutes: "maxDuration", chunkRetentionDays: "chunkRetention" };

/** docs/reference/exit-codes.md: how a command ends. */
export function exitCodesReference(): string {
  const rows = EXIT_CODES.map(([exitCode, meaning]) => [String(exitCode), meaning]);
  return `# Exit codes

A command that a signal stopped ends with 128 and the signal's number, as shells say it: 130 for Ctrl-C, 143 for
\`kill\`. \`volley compare\` ends with 1 when something is worse beyond its tolerance, \`volley ping\` when a response is
no relay, \`volley host --check\` when the host is not tuned.

${table(["code", "meaning"], rows)}`;
}

/** docs/reference/context.md: what \`cdk deploy -c name=value\` sets, and the construct's properties. */
export function contextReference(): string {
  const source = readFileSync(LOAD_TEST, "utf8");
  const [, body = ""] = /export interface LoadTestProps \{(.*?)\n\}/s.exec(source) ?? [];
  const properties = [...body.matchAll(/\/\*\*(.*?)\*\/\s*readonly (\w+)\?: ([^;]+);/gs)].map(
    ([, comment = "", name = "", type = ""]) => ({
      name,
      type,
      meaning: comment.replace(/\s*\n\s*\*?\s*/g, " ").trim(),
    }),
  );
  const rows = properties.map(({ name, type, meaning }) => {
    const contextName = CONTEXT_NAMES.find((each) => (RENAMED[each] ?? each) === name);
    return [contextName === undefined ? "" : code(contextName), code(name), code(type), meaning];
  });
  return `# Settings of a deployment

The first column is the name in the CDK's context, for \`cdk deploy -c name=value\` or \`cdk.json\`; the second is the
property of the construct \`LoadTest\` from \`volley/cdk\`. \`-c stack=NAME\` names the stack. A list in the context is a
JSON list, or text with commas.

${table(["context", "property", "type", "meaning"], [["`stack`", "", "`string`", "The stack's name; `volley` by default"], ...rows])}`;
}
