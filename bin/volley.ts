import { InputError } from "../lib/plan/problems.ts";
import { BAD_INPUT, INTERNAL_ERROR, OK } from "./exitCodes.ts";
import { printError, tolerateLostOutput } from "./output.ts";
import { makeProgram } from "./program.ts";

const lostOutput = tolerateLostOutput();
process.once("exit", () => {
  // Some commands have already set an exit code for their result; for the others, the output was all they had to do.
  if (lostOutput()) process.exitCode ??= INTERNAL_ERROR;
});

try {
  await makeProgram().parseAsync();
} catch (error) {
  const { code, exitCode } = error as { code?: string; exitCode?: number };
  if (code?.startsWith("commander.")) {
    // Commander has already printed it.
    process.exitCode = exitCode === 0 ? OK : BAD_INPUT;
  } else if (error instanceof InputError) {
    printError(error.message);
    process.exitCode = BAD_INPUT;
  } else if (/^E[A-Z]+$/.test(code ?? "")) {
    // A system error: a full disk, a folder that is not writable, a port that is in use.
    printError(`volley: ${(error as Error).message}`);
    process.exitCode = INTERNAL_ERROR;
  } else {
    printError(`volley: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
    process.exitCode = INTERNAL_ERROR;
  }
}
