import { renderChecks } from "../../lib/doctor/check.ts";
import { loadPlan } from "../../lib/planfile/loadPlan.ts";
import { openDeployment } from "../deployment.ts";
import { CHECK_FAILED } from "../exitCodes.ts";
import { inspect } from "../inspection.ts";
import { type OutputOptions, textStyle } from "../terminal.ts";

export interface DoctorOptions extends OutputOptions {
  stack: string;
}

/** Checks a deployment and prints the results; with a plan, also checks what a run of it needs. */
export async function doctor(path: string | undefined, { stack, ...options }: DoctorOptions): Promise<void> {
  const plan = path === undefined ? undefined : loadPlan(path, {});
  const checks = await inspect(await openDeployment(stack), plan);
  process.stdout.write(
    options.json ? `${JSON.stringify(checks, null, 2)}\n` : renderChecks(checks, textStyle(process.stdout, options)),
  );
  if (checks.some(({ level }) => level === "fail")) process.exitCode = CHECK_FAILED;
}
