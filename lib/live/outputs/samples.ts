import type { ChainProgress } from "../progress.ts";

/** A figure at one instant. Names and labels are those of `volley export --format prometheus`. */
export interface Sample {
  name: string;
  labels: Record<string, string>;
  value: number;
}

/** A receiver of a run's figures during the run. */
export interface LiveSender {
  /** Sends the figures of an instant, in ms since the epoch. Rejects if they were not accepted. */
  send(samples: readonly Sample[], atMs: number): Promise<void>;
  /** Closes the receiver: no more figures follow. */
  close(lastMs: number): Promise<void>;
}

/** The chains' progress as figures. Counts are totals since the run's start; times are of all requests that ended. */
export function samplesOf(run: string, chains: readonly ChainProgress[]): Sample[] {
  return chains.flatMap((chain) => {
    const { name, sent, missed, valid, invalid, errors, offeredRps, achievedRps, success, p50Ms, p99Ms } = chain;
    const labels = { run, chain: name };
    const figures: [string, number | null, Record<string, string>?][] = [
      ...Object.entries({ sent, missed, valid, invalid, errors }).map(
        ([outcome, count]): [string, number, Record<string, string>] => ["volley_requests", count, { outcome }],
      ),
      ["volley_offered_requests_per_second", offeredRps],
      ["volley_achieved_requests_per_second", achievedRps],
      ["volley_success_ratio", success],
      ["volley_response_time_all_seconds", p50Ms === null ? null : p50Ms / 1_000, { quantile: "0.5" }],
      ["volley_response_time_all_seconds", p99Ms === null ? null : p99Ms / 1_000, { quantile: "0.99" }],
    ];
    return figures.flatMap(([metric, value, more]) =>
      value === null || !Number.isFinite(value) ? [] : [{ name: metric, labels: { ...labels, ...more }, value }],
    );
  });
}
