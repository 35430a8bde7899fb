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
