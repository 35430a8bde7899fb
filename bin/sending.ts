import { remoteWriteSender } from "../lib/live/outputs/remoteWrite.ts";
import type { LiveSender } from "../lib/live/outputs/samples.ts";
import { type Sending, startSending } from "../lib/live/outputs/sending.ts";
import { statsdSender } from "../lib/live/outputs/statsd.ts";
import type { LiveOutput } from "./live.ts";
import type { SendTarget } from "./options.ts";

/** Adds the receivers of `--send` to live progress; `sending` ends with the run. */
export async function withSending(
  run: string,
  targets: readonly SendTarget[],
  output: LiveOutput,
): Promise<{ output: LiveOutput; sending: Sending | undefined }> {
  if (targets.length === 0) return { output, sending: undefined };
  const senders = new Map<string, LiveSender>();
  for (const target of targets) senders.set(`${target.kind}=${target.to}`, await senderOf(target));
  const sending = startSending(run, senders, {
    nowMs: Date.now,
    onFailure: (to, why) => output.note(`warning: ${to} does not take the run's figures: ${why}`),
  });
  const progress: LiveOutput["progress"] = (chains, time, isNew) => {
    sending.take(chains);
    output.progress(chains, time, isNew);
  };
  return { output: { ...output, progress }, sending };
}

async function senderOf({ kind, to }: SendTarget): Promise<LiveSender> {
  if (kind === "prometheus") return remoteWriteSender(to);
  if (kind === "statsd") {
    const { hostname, port } = new URL(`udp://${to}`);
    return statsdSender(hostname.replace(/^\[|\]$/g, ""), Number(port));
  }
  // Loaded on demand: the SDK takes a while to load.
  const { otlpSender } = await import("../lib/live/outputs/otlp.ts");
  return otlpSender(to);
}
