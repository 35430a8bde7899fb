import { resolve } from "node:path";
import { Command } from "commander";
import { InputError } from "../../lib/plan/problems.ts";
import { renderText } from "../../lib/render/text.ts";
import { writeReport } from "../../lib/stages/reportRun.ts";
import { writeSearchReport } from "../../lib/stages/searchReport.ts";
import { assignmentsKey, reportKey, searchKey } from "../../lib/store/keys.ts";
import type { Deployment } from "../deployment.ts";
import { verdictCode } from "../exitCodes.ts";
import { locateRun } from "../runs.ts";
import { type OutputOptions, textStyle, withTextOptions } from "../terminal.ts";
import { openDeployment, print, printReport } from "./remote.ts";

/** `volley report RUN`. */
export function reportCommand(): Command {
  return withTextOptions(new Command("report"))
    .description("Reduce a run's results again and print its report; report.json and report.html are written anew.")
    .argument("<run>", "the run's id, or its folder")
    .option("--out <folder>", "the folder in which runs/<id>/ lies", ".")
    .option("--stack <name>", "read it from a deployment in AWS instead; where its reduction failed it is made here")
    .option("--json", "print report.json instead of text")
    .addHelpText(
      "after",
      `
Examples:
  volley report demo-20261124-101500-a1b2
  volley report runs/demo-20261124-101500-a1b2 --json | jq .verdict
  volley report evening-20261124-101500-a1b2 --stack volley`,
    )
    .action(async (run: string, options: { out: string; stack?: string } & OutputOptions) => {
      if (options.stack !== undefined) {
        return printOrMake(await openDeployment(options.stack), run, options);
      }
      const { folder, runId, store } = locateRun(run, options.out);
      const isSearch = (await store.get(searchKey(runId))) !== undefined;
      if (!isSearch && (await store.get(assignmentsKey(runId))) === undefined) {
        const where = resolve(folder, "runs", runId);
        throw new InputError(run, [{ where, found: "no run", expected: "the id of a run, or its folder" }]);
      }
      const report = isSearch ? await writeSearchReport(store, runId) : await writeReport(store, runId);
      if (options.json) process.stdout.write(`${JSON.stringify(report, null, 2)}\n`);
      else {
        const { colour, columns } = textStyle(process.stdout, options);
        process.stdout.write(renderText(report, colour, columns));
        process.stdout.write(`\n${resolve(folder, reportKey(runId, "html"))}\n`);
      }
      process.exitCode = verdictCode(report.verdict);
    });
}

/** Prints a deployed run's report. Where the run has ended without one, it is made of what there is, and stored. */
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
    throw refused("a run that goes on", `volley watch ${runId} --stack ${deployment.stack}, to follow it`);
  }
  print(isSearch ? await writeSearchReport(store, runId) : await writeReport(store, runId), options);
}
