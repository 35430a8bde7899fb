import { checkPlan } from "../../lib/plan/load.ts";
import { type OneTarget, oneLinerPlan } from "../../lib/planfile/oneLiner.ts";
import { renderVegetaJson, renderVegetaText } from "../../lib/render/exports/vegeta.ts";
import type { Report } from "../../lib/report/schema.ts";
import type { OutputOptions } from "../terminal.ts";
import { runPlan } from "./run.ts";

type Format = "text" | "json" | "vegeta" | "vegeta-json";

export interface AttackOptions extends OneTarget, OutputOptions {
  rps: number;
  duration: string;
  workers?: number;
  name: string;
  out: string;
  format: Format;
  yes?: boolean;
}

/** Loads one URL, or a file of targets, and prints the report in the given format. */
export async function attack(url: string | undefined, options: AttackOptions): Promise<void> {
  const target = { ...options, ...(url !== undefined && { url }) };
  const plan = checkPlan(oneLinerPlan(target, options), ".", "volley attack");
  const print = printerOf(options.format);
  await runPlan(plan, "volley attack", { ...options, ...(print && { print, quiet: true }) });
}

/** The function that prints a report in a format; undefined for the usual text of a run. */
function printerOf(format: Format): ((report: Report) => string) | undefined {
  if (format === "text") return undefined;
  if (format === "json") return (report) => `${JSON.stringify(report, null, 2)}\n`;
  return format === "vegeta" ? renderVegetaText : renderVegetaJson;
}
