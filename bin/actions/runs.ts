import { RunList } from "../../lib/live/runList.ts";
import { serveRuns } from "../../lib/live/runsServer.ts";
import { percent, rate } from "../../lib/render/textFigures.ts";
import { boundText } from "../../lib/report/lowerBound.ts";
import type { RunSummary } from "../../lib/report/runSummary.ts";
import { renderTable } from "../../lib/report/table.ts";
import { printData } from "../output.ts";
import { type RunPlace, runSource } from "../runSource.ts";
import { type OutputOptions, textStyle } from "../terminal.ts";

export type RunsOptions = OutputOptions & RunPlace;

/** Prints all runs with their verdicts, running ones first. */
export async function printRuns(options: RunsOptions): Promise<void> {
  const runs = await new RunList(await runSource(options)).read();
  if (options.json) {
    for (const run of runs) printData(`${JSON.stringify(run)}\n`);
    return;
  }
  process.stdout.write(
    runs.length === 0
      ? `no runs in ${options.stack ?? options.store ?? `${options.out}/runs`} yet\n`
      : `${renderTable(HEAD, runs.map(row), textStyle(process.stdout, options).columns)}\n`,
  );
}

const HEAD = [
  "run",
  "verdict",
  { title: "started", drop: 3 },
  "requests/s",
  { title: "success", drop: 1 },
  { title: "p99 ms", drop: 2 },
];

function row({ id, state, startedAt, achievedRps, success, p99Ms, p99IsLowerBound = false }: RunSummary): string[] {
  const began = startedAt === undefined ? "–" : startedAt.slice(0, 19).replace("T", " ");
  return [id, state, began, rate(achievedRps), percent(success), boundText(rate(p99Ms), p99IsLowerBound)];
}

export interface ServeOptions extends RunPlace {
  port: number;
}

/** Serves the page of all runs until Ctrl-C. */
export async function serve(options: ServeOptions): Promise<void> {
  const server = await serveRuns(options.port, await runSource(options));
  process.stdout.write(`all runs at ${server.url}; Ctrl-C stops\n`);
  await new Promise((done) => {
    process.once("SIGINT", done);
    process.once("SIGTERM", done);
  });
  await server.close();
}
