import { Command } from "commander";
import type { DoctorOptions } from "../actions/doctor.ts";
import { withTextOptions } from "../options.ts";

/** `volley doctor --stack NAME [PLAN]`. */
export function doctorCommand(): Command {
  return withTextOptions(new Command("doctor"))
    .description("Check a deployment in AWS before a run, from here and from one of its functions.")
    .argument("[plan]", "a plan that you are about to run: checks its quotas, secrets, targets and metrics too")
    .requiredOption("--stack <name>", "the stack that `cdk deploy` has put up (required)")
    .option("--json", "print the checks as JSON")
    .addHelpText(
      "after",
      `
Examples:
  volley doctor --stack volley
  volley doctor plans/evening.json --stack volley     sends one request to each of its targets

Exit code: 0 nothing failed, 1 a check failed, 2 bad input.`,
    )
    .action(async (path: string | undefined, options: DoctorOptions) => {
      const { doctor } = await import("../actions/doctor.ts");
      await doctor(path, options);
    });
}
