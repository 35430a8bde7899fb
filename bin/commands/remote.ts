import { setTimeout as sleep } from "node:timers/promises";
import { Command } from "commander";
import { InputError } from "../../lib/plan/problems.ts";
import type { Plan } from "../../lib/plan/schema.ts";
import type { Report } from "../../lib/report/schema.ts";
import { renderTable } from "../../lib/report/table.ts";
import { renderText } from "../../lib/report/text.ts";
import { type AbortCause, encodeAbort } from "../../lib/results/abort.ts";
import { abortKey, planKey, reportKey } from "../../lib/results/keys.ts";
import type { Deployment } from "../deployment.ts";
import { BAD_INPUT, INTERNAL_ERROR, verdictCode } from "../exitCodes.ts";
import { follow, liveOutput } from "../live.ts";
import { onSignals } from "../signals.ts";

/** Loaded where it is used: a run on this machine needs no client of AWS, and starts sooner without. */
export async function openDeployment(stack: string): Promise<Deployment> {
  const { openDeployment: open } = await import("../deployment.ts");
  return open(stack);
}

/** How often an execution is asked for, in ms. */
const ASK_MS = 2_000;

/** Uploads a checked plan, starts it in a deployment, and follows it to its report. */
export async function runRemotely(plan: Plan, runId: string, stack: string, json: boolean): Promise<void> {
  const deployment = await openDeployment(stack);
  await deployment.store.put(planKey(runId), JSON.stringify(plan));
  await deployment.start(runId, planKey(runId));
  await followRemotely(deployment, runId, plan, json);
}

/** Follows a run to its end, from wherever one is, and prints its report. Ctrl-C stops its workers. */
async function followRemotely(deployment: Deployment, runId: string, plan: Plan, json: boolean): Promise<void> {
  const output = liveOutput(json, process.stdout);
  const release = onSignals(async (signal) => {
    output.note(`stopping the workers (${signal}); once more to leave, and the run goes on to its end`);
    await requestAbort(deployment, runId, { kind: "signal", signal });
  });
  const following = follow(deployment.store, runId, plan, output);
  try {
    let now = await deployment.status(runId);
    while (now?.status === "RUNNING") {
      await sleep(ASK_MS);
      now = await deployment.status(runId);
    }
    await following.stop();
    if (!(await printReport(deployment, runId, json))) {
      process.stderr.write(`volley: the run ${runId} ended without a report: ${now?.status}: ${now?.error}\n`);
      process.exitCode = now?.error.startsWith("InputError") ? BAD_INPUT : INTERNAL_ERROR;
    }
  } finally {
    release();
  }
}

/** Prints a run's report; false if there is none yet. */
export async function printReport({ store }: Deployment, runId: string, json: boolean): Promise<boolean> {
  const text = await store.get(reportKey(runId, "json"));
  if (text === undefined) return false;
  const report = JSON.parse(text) as Report;
  process.stdout.write(json ? text : `\n${renderText(report, process.stdout.isTTY)}\n`);
  process.exitCode = verdictCode(report.verdict);
  return true;
}

async function requestAbort({ store }: Deployment, runId: string, cause: AbortCause): Promise<void> {
  await store.putIfAbsent(abortKey(runId), encodeAbort(cause, Date.now()));
}

async function planOf({ store }: Deployment, runId: string): Promise<Plan> {
  const text = await store.get(planKey(runId));
  if (text === undefined) {
    throw new InputError(runId, [
      { where: "--stack", found: "no such run in it", expected: "an id that `volley list` shows" },
    ]);
  }
  return JSON.parse(text) as Plan;
}

/** `volley watch RUN`, `volley abort RUN` and `volley list`, of a deployment in AWS. */
export function remoteCommands(): Command[] {
  const command = (name: string, description: string, example: string): Command =>
    new Command(name)
      .description(description)
      .requiredOption("--stack <name>", "the stack that `cdk deploy` has put up")
      .addHelpText("after", `\nExample:\n  ${example}`);
  return [
    command(
      "watch",
      "Follow a run in AWS, from anywhere, to its report.",
      "volley watch evening-20261124-… --stack volley",
    )
      .argument("<run>", "the run's id")
      .option("--json", "print events as JSON lines instead of text")
      .action(async (runId: string, { stack, json }: { stack: string; json?: boolean }) => {
        const deployment = await openDeployment(stack);
        await followRemotely(deployment, runId, await planOf(deployment, runId), json === true);
      }),
    command(
      "abort",
      "Stop a run in AWS: its workers stop within 2 s, and what was measured is reported.",
      "volley abort evening-… --stack volley",
    )
      .argument("<run>", "the run's id")
      .action(async (runId: string, { stack }: { stack: string }) => {
        const deployment = await openDeployment(stack);
        await planOf(deployment, runId);
        await requestAbort(deployment, runId, { kind: "command" });
        process.stdout.write(
          `${runId}: its workers stop within 2 s; volley watch ${runId} --stack ${stack} shows the report\n`,
        );
      }),
    command("list", "List the runs in AWS, the newest first.", "volley list --stack volley").action(
      async ({ stack }: { stack: string }) => {
        const runs = await (await openDeployment(stack)).list();
        const rows = runs.map(({ runId, status, startedAt }) => [
          runId,
          status.toLowerCase(),
          startedAt?.toISOString() ?? "–",
        ]);
        process.stdout.write(
          rows.length === 0 ? "no runs yet\n" : `${renderTable(["run", "status", "started"], rows)}\n`,
        );
      },
    ),
  ];
}
