import type { Plan } from "../plan/schema.ts";
import type { TrackEvents } from "./pacer.ts";
import type { Recorder } from "./recorder.ts";
import type { PreparedRequest } from "./requests.ts";
import type { Sender } from "./sender.ts";

/** What a chain's requests go through when they are due. */
export interface TrackParts {
  plan: Plan;
  /** The chain's n-th request. */
  request(n: number): PreparedRequest;
  sender: Sender;
  recorder: Recorder;
  /** The epoch's ms at which the phase begins. */
  originMs: number;
  /** Called with the instant of each request that was sent. */
  onSend(nowMs: number): void;
}

/** Sends a chain's requests when they are due, or books them as missed when too many are in flight or files open. */
export function chainEvents({ plan, request, sender, recorder, originMs, onSend }: TrackParts): TrackEvents {
  const most = plan.limits.inFlightPerWorker;
  return {
    due(n, dueAtMs, nowMs) {
      if (sender.inFlight >= most) {
        recorder.missed(dueAtMs - originMs, "in-flight-cap");
        return;
      }
      if (sender.send(request(n), n, recorder, dueAtMs - originMs, dueAtMs, nowMs)) onSend(nowMs);
      else recorder.missed(dueAtMs - originMs, "file-limit");
    },
    missed: (dueAtMs, reason) => recorder.missed(dueAtMs - originMs, reason),
  };
}
