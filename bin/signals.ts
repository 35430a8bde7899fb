import { stoppedBy } from "./exitCodes.ts";

/** A second Ctrl-C within this time of the first is the same one: npm forwards a terminal's signal a second time. */
const SAME_SIGNAL_MS = 300;

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/**
 * Calls `stop` on the first SIGINT, SIGTERM or SIGHUP (a terminal that closes), and exits on the second, after `leave`.
 * Returns a function that removes the handlers.
 */
export function onSignals(stop: (signal: NodeJS.Signals) => Promise<void>, leave: () => void = () => {}): () => void {
  let firstAtMs: number | undefined;
  const handle = (signal: NodeJS.Signals): void => {
    if (firstAtMs === undefined) {
      firstAtMs = Date.now();
      stop(signal).catch((error: Error) => {
        process.stderr.write(`volley: the workers could not be told to stop: ${error.message}\n`);
      });
    } else if (Date.now() - firstAtMs > SAME_SIGNAL_MS) {
      leave();
      process.exit(stoppedBy(signal));
    }
  };
  for (const signal of SIGNALS) process.on(signal, handle);
  return () => {
    for (const signal of SIGNALS) process.off(signal, handle);
  };
}
