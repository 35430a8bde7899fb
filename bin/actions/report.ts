import { resolve } from "node:path";
import { InputError } from "../../lib/plan/problems.ts";
import { renderText } from "../../lib/render/text.ts";
import { writeReport } from "../../lib/stages/reportRun.ts";
import { writeSearchReport } from "../../lib/stages/searchReport.ts";
import { assignmentsKey, reportKey, searchKey } from "../../lib/store/keys.ts";
import type { Deployment } from "../deployment.ts";
import { verdictCode } from "../exitCodes.ts";
import { printData } from "../output.ts";
import { locateRun } from "../runs.ts";
import { type OutputOptions, textStyle } from "../terminal.ts";
import { openDeployment, print, printReport } from "./remote.ts";

export interface ReportOptions extends OutputOptions {
  out: string;
  stack?: string;
}

/** Reduces a run's results again, and prints its report. */
export async function report(run: string, options: ReportOptions): Promise<void> {
  if (options.stack !== undefined) {
    return printOrMake(await openDeployment(options.stack), run, options);
  }
  const { folder, runId, store } = locateRun(run, options.out);
  const isSearch = (await store.get(searchKey(runId))) !== undefined;
  if (!isSearch && (await store.get(assignmentsKey(runId))) === undefined) {
    const where = resolve(folder, "runs", runId);
    throw new InputError(run, [{ where, found: "no run", expected: "the id of a run, or its folder" }]);
  }
  const made = isSearch ? await writeSearchReport(store, runId) : await writeReport(store, runId);
  if (options.json) printData(`${JSON.stringify(made, null, 2)}\n`);
  else {
    const { colour, columns } = textStyle(process.stdout, options);
    process.stdout.write(renderText(made, colour, columns));
    process.stdout.write(`\n${resolve(folder, reportKey(runId, "html"))}\n`);
  }
  process.exitCode = verdictCode(made.verdict);
}

/**
 * Prints a deployed run's report. If the run has ended without one, builds it from the available results and stores it.
 */
async function printOrMake(deployment: Deployment, runId: string, options: OutputOptions): Promise<void> {
  if (await printReport(deployment, runId, options)) return;
  const { store } = deployment;
  const refused = (found: string, expected: string): InputError =>
    new InputError(runId, [{ where: `--stack ${deployment.stack}`, found, expected }]);
  const isSearch = (await store.get(searchKey(runId))) !== undefined;
  if (!isSearch && (await store.get(assignmentsKey(runId))) === undefined) {
    throw refused("no run that was planned", "an id that `volley list` shows");
  }
  if ((await deployment.status(runId))?.status === "RUNNING") {
    throw refused("a run that is still running", `volley watch ${runId} --stack ${deployment.stack}, to follow it`);
  }
  print(isSearch ? await writeSearchReport(store, runId) : await writeReport(store, runId), options);
}
