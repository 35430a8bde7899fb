import { Command } from "commander";
import { VERSION } from "../lib/report/version.ts";
import { attackCommand } from "./commands/attack.ts";
import { baselineCommand } from "./commands/baseline.ts";
import { calibrateCommand } from "./commands/calibrate.ts";
import { compareCommand } from "./commands/compare.ts";
import { completionCommand } from "./commands/completion.ts";
import { doctorCommand } from "./commands/doctor.ts";
import { exportCommand } from "./commands/export.ts";
import { gatewayCommand } from "./commands/gateway.ts";
import { hostCommand } from "./commands/host.ts";
import { initCommand } from "./commands/init.ts";
import { lintCommand } from "./commands/lint.ts";
import { pingCommand } from "./commands/ping.ts";
import { planCommand } from "./commands/plan.ts";
import { remoteCommands } from "./commands/remote.ts";
import { reportCommand } from "./commands/report.ts";
import { resumeCommand } from "./commands/resume.ts";
import { runCommand } from "./commands/run.ts";
import { runsCommand, serveCommand } from "./commands/runs.ts";
import { schemaCommand } from "./commands/schema.ts";
import { verifyCommand } from "./commands/verify.ts";
import { EXIT_CODES } from "./exitCodes.ts";
import { withTextOptions } from "./options.ts";

/** The command line. Wrong options end in a CommanderError. */
export function makeProgram(): Command {
  const program = new Command("volley")
    .description("Load tester for JSON-RPC gateways: one plan, many workers, exact figures for each chain.")
    .version(VERSION)
    .showHelpAfterError("(volley --help tells what there is)")
    .exitOverride()
    .addHelpText(
      "after",
      `
  Examples:
    volley run plans/demo.json          the four-chain demo against the stand-in gateway
    volley plan plans/option-b.json     the workers and the estimated cost; sends nothing
    volley report demo-20261124-…       print the report of a run again

  Exit code: ${EXIT_CODES.map(([code, meaning]) => `${code} ${meaning}`).join(", ")}.`,
    );

  const own = [
    runCommand(),
    attackCommand(),
    pingCommand(),
    initCommand(),
    lintCommand(),
    planCommand(),
    reportCommand(),
    runsCommand(),
    serveCommand(),
    compareCommand(),
    baselineCommand(),
    calibrateCommand(),
    exportCommand(),
    resumeCommand(),
    doctorCommand(),
    verifyCommand(),
    hostCommand(),
    schemaCommand(),
    gatewayCommand(),
    completionCommand(),
  ];
  for (const command of [...own, ...remoteCommands()]) {
    // Scripts pass it to every command, whether or not the command prints colours.
    if (!command.options.some(({ long }) => long === "--no-color")) withTextOptions(command);
    program.addCommand(command.copyInheritedSettings(program));
  }
  return program;
}
