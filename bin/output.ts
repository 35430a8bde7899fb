import { cleanLines } from "../lib/plan/terminal.ts";

/** Prints data for other programs: unchanged to a file or a pipe; a terminal must obey nothing in it. */
export function printData(text: string): void {
  process.stdout.write(process.stdout.isTTY ? cleanLines(text) : text);
}

/** Prints an error message, which may quote a server or a file. */
export function printError(text: string): void {
  process.stderr.write(`${cleanLines(text)}\n`);
}

/**
 * Standard output may be closed early (`| head -1`) or be full: a command continues without it, because it does more
 * than print. A closed reader is not an error; any other error is printed once, and the returned function returns it.
 */
export function tolerateLostOutput(): () => NodeJS.ErrnoException | undefined {
  let failure: NodeJS.ErrnoException | undefined;
  process.stderr.on("error", () => {});
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (failure || error.code === "EPIPE") return;
    failure = error;
    process.stderr.write(`volley: standard output cannot be written: ${error.message}\n`);
  });
  return () => failure;
}
