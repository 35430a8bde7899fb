import { repeat } from "../../schedule/repeat.ts";
import type { ChainProgress } from "../progress.ts";
import { type LiveSender, samplesOf } from "./samples.ts";

/** How often figures are sent, in ms. */
const EVERY_MS = 5_000;

/** Sends a run's figures during the run. */
export interface Sending {
  /** Takes the chains' progress; it is sent at the next interval. */
  take(chains: readonly ChainProgress[]): void;
  /** Sends the last figures, and closes the receivers. */
  close(): Promise<void>;
}

/** The dependencies for sending. */
export interface SendingPorts {
  nowMs(): number;
  everyMs?: number;
  /** Called when a receiver does not accept figures: once per receiver. */
  onFailure(to: string, why: string): void;
}

/** Sends a run's figures to receivers, by name. A failing receiver is reported once, and still gets later figures. */
export function startSending(run: string, senders: ReadonlyMap<string, LiveSender>, ports: SendingPorts): Sending {
  let latest: readonly ChainProgress[] = [];
  const failed = new Set<string>();
  const each = async (act: (sender: LiveSender) => Promise<void>): Promise<void> => {
    await Promise.all(
      [...senders].map(async ([to, sender]) => {
        try {
          await act(sender);
        } catch (error) {
          if (failed.has(to)) return;
          failed.add(to);
          ports.onFailure(to, (error as Error).message || String(error));
        }
      }),
    );
  };
  const sendLatest = async (): Promise<void> => {
    const samples = samplesOf(run, latest);
    const atMs = ports.nowMs();
    if (samples.length > 0) await each((sender) => sender.send(samples, atMs));
  };
  const sending = repeat(ports.everyMs ?? EVERY_MS, sendLatest);
  return {
    take(chains) {
      latest = chains;
    },
    async close() {
      await sending.end();
      await sendLatest();
      const atMs = ports.nowMs();
      await each((sender) => sender.close(atMs));
    },
  };
}
