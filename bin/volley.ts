import { InputError } from "../lib/plan/problems.ts";
import { BAD_INPUT, INTERNAL_ERROR, OK } from "./exitCodes.ts";
import { tolerateLostOutput } from "./output.ts";
import { makeProgram } from "./program.ts";

const lostOutput = tolerateLostOutput();
process.once("exit", () => {
  // Commands with an outcome of their own have set the code; of the others the output was all.
  if (lostOutput()) process.exitCode ??= INTERNAL_ERROR;
});

try {
  await makeProgram().parseAsync();
} catch (error) {
  const { code, exitCode } = error as { code?: string; exitCode?: number };
  if (code?.startsWith("commander.")) {
    // Commander has said it already.
    process.exitCode = exitCode === 0 ? OK : BAD_INPUT;
  } else if (error instanceof InputError) {
    process.stderr.write(`${error.message}\n`);
    process.exitCode = BAD_INPUT;
  } else if (/^E[A-Z]+$/.test(code ?? "")) {
    // The system's own refusal: a full disk, a folder that may not be written, a port that is taken.
    process.stderr.write(`volley: ${(error as Error).message}\n`);
    process.exitCode = INTERNAL_ERROR;
  } else {
    process.stderr.write(`volley: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
    process.exitCode = INTERNAL_ERROR;
  }
}
