import { classOf } from "../answers/classes.ts";
import type { Ping } from "../attack/ping.ts";
import type { Chain } from "../plan/schema.ts";
import { cleanText } from "../plan/terminal.ts";
import { wrapText } from "../report/table.ts";
import { targetNames } from "../report/targetNames.ts";

/** Maximum length of a body that is shown. */
const MAX_SHOWN = 2_000;

const PARTS = [
  ["dns", "DNS"],
  ["connect", "connect"],
  ["tls", "TLS"],
  ["firstByte", "first byte"],
  ["body", "body"],
] as const;

/** The result of one request, for a terminal: its class, its timings, and its body. */
export function pingText(chain: Chain, result: Ping, width: number): string {
  const { status, timesMs, totalMs, bytes, body } = result;
  const meaning = result.isRelay ? "" : ` (${classOf(result.class)?.meaning ?? "no class of ours"})`;
  const parts = PARTS.flatMap(([part, title]) => {
    const ms = timesMs[part];
    return ms === undefined ? [] : [`${title} ${ms.toFixed(1)}`];
  });
  const shown = body.length > MAX_SHOWN ? `${body.slice(0, MAX_SHOWN)}…` : body;
  const lines = [
    `${chain.name}, ${targetNames(chain.targets)[0] ?? ""}: ${result.class}${meaning}`,
    `  ${status === undefined ? "no response" : `HTTP ${status}, ${bytes} bytes`} in ${totalMs.toFixed(1)} ms` +
      `${parts.length > 0 ? `: ${parts.join(", ")}` : ""}`,
    ...(shown === "" ? [] : [`  ${shown}`]),
  ];
  return lines.map((line) => wrapText(cleanText(line), width)).join("\n");
}
