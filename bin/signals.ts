/** A second Ctrl-C sooner than this after the first is the same one: npm hands a terminal's signal on once more. */
const SAME_SIGNAL_MS = 300;

/** Calls back on the first SIGINT or SIGTERM, and leaves on the second. Returns what takes the handlers off. */
export function onSignals(stop: (signal: string) => Promise<void>): () => void {
  let firstAtMs: number | undefined;
  const handle = (signal: NodeJS.Signals): void => {
    if (firstAtMs === undefined) {
      firstAtMs = Date.now();
      stop(signal).catch((error: Error) => {
        process.stderr.write(`volley: the workers could not be told to stop: ${error.message}\n`);
      });
    } else if (Date.now() - firstAtMs > SAME_SIGNAL_MS) {
      // The workers end with this process.
      process.exit(signal === "SIGINT" ? 130 : 143);
    }
  };
  process.on("SIGINT", handle);
  process.on("SIGTERM", handle);
  return () => {
    process.off("SIGINT", handle);
    process.off("SIGTERM", handle);
  };
}
