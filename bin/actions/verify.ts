import { writeFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { billedCallOf } from "../../lib/doctor/acceptance.ts";
import { type Check, renderChecks } from "../../lib/doctor/check.ts";
import { signOffText } from "../../lib/doctor/signOff.ts";
import { verify } from "../../lib/doctor/verify.ts";
import { readTruth } from "../../lib/observe/observations.ts";
import { InputError } from "../../lib/plan/problems.ts";
import { VERSION } from "../../lib/report/version.ts";
import { type Deployment, openDeployment } from "../deployment.ts";
import { CHECK_FAILED } from "../exitCodes.ts";
import { billedCalls, inspect } from "../inspection.ts";
import { printError } from "../output.ts";
import { type OutputOptions, textStyle } from "../terminal.ts";

export interface VerifyOptions extends OutputOptions {
  stack: string;
  gateway?: string;
  file: string;
  by: string;
}

/** Tests a deployment with short runs, prints what passed, and writes a report for sign-off. */
export async function verifyStack(options: VerifyOptions): Promise<void> {
  const { stack } = options;
  const deployment = await openDeployment(stack);
  const origin = options.gateway ?? deployment.facts.outputs.get("StandInGateway")?.replace(/\/$/, "");
  if (origin === undefined) {
    const expected = "a stack with -c standInGateway=true, or --gateway and the origin of a `volley gateway`";
    throw new InputError("volley verify", [{ where: `--stack ${stack}`, found: "no stand-in gateway", expected }]);
  }
  const beganAt = new Date();
  const note = printError;
  note(`looking at ${stack}`);
  const looked = await inspect(deployment);
  const tested = await verify(
    { origin, beganAt },
    {
      store: deployment.store,
      start: (runId, key) => deployment.start(runId, key),
      status: (runId) => deployment.status(runId),
      billed: async (sinceMs) => (await billedCalls(deployment, sinceMs)).flatMap((line) => billedCallOf(line) ?? []),
      truth: async () => readTruth(origin).catch(() => undefined),
      nowMs: Date.now,
      sleep,
      note,
    },
  );
  tell([...looked, ...tested], deployment, { ...options, gateway: origin }, beganAt);
}

function tell(checks: Check[], deployment: Deployment, options: VerifyOptions, beganAt: Date): void {
  const { stack, file, by, gateway = "" } = options;
  const { stateMachineArn } = deployment;
  const signOff = { stack, stateMachineArn, version: VERSION, gateway, beganAt, endedAt: new Date(), by };
  writeFileSync(file, signOffText(checks, signOff));
  process.stdout.write(`${renderChecks(checks, textStyle(process.stdout, options))}\n${file}\n`);
  if (checks.some(({ level }) => level === "fail")) process.exitCode = CHECK_FAILED;
}
