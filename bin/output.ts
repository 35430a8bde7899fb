/**
 * Standard output may close early (`| head -1`) or be full: a command goes on without it, for what it does is more than
 * what it prints. A reader that has gone is nobody's mistake; what else is wrong is told once, and by the returned
 * function.
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
