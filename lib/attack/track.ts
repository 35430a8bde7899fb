import type { Plan } from "../plan/schema.ts";
import type { Shard } from "../schedule/schedule.ts";
import { RequestsAhead } from "./ahead.ts";
import type { TrackEvents } from "./pacer.ts";
import type { Recorder } from "./recorder.ts";
import type { ChainRequests, PreparedRequest } from "./requests.ts";
import type { Sender } from "./sender.ts";

/** What is needed to send a chain's requests when they are due. */
export interface TrackParts {
  plan: Plan;
  requests: ChainRequests;
  /** Which of the phase's requests are sent. */
  range: Shard;
  /**
   * The number in the chain of the phase's n-th request: no two requests of a chain share one, not even across warm-up
   * and measurement.
   */
  numberOf(n: number): number;
  sender: Sender;
  recorder: Recorder;
  /** When the phase begins, in ms since the epoch. */
  originMs: number;
}

/**
 * Sends a chain's requests when they are due, or books them as missed if too many requests are in flight or too many
 * files are open.
 */
export function chainEvents(parts: TrackParts): TrackEvents {
  const { plan, requests, sender, recorder, originMs, numberOf } = parts;
  const request = requestsOf(parts);
  const most = plan.limits.inFlightPerWorker;
  return {
    due(n, dueAtMs, nowMs) {
      if (sender.inFlight >= most) {
        recorder.missed(dueAtMs - originMs, "in-flight-cap");
        return;
      }
      const own = request(n);
      const due = {
        request: own,
        n: requests.wireNumber(numberOf(n), own.parts),
        recorder,
        dueMs: dueAtMs - originMs,
        dueAtMs,
      };
      if (!sender.send(due, nowMs)) recorder.missed(dueAtMs - originMs, "file-limit");
    },
    missed: (dueAtMs, reason) => recorder.missed(dueAtMs - originMs, reason),
  };
}

/** Returns a function for the phase's n-th request: taken from the ready requests, prepared ahead, or made when due. */
function requestsOf({ requests, range, numberOf }: TrackParts): (n: number) => PreparedRequest {
  const numbered = (n: number): PreparedRequest => requests(numberOf(n));
  if (requests.isReady || requests.isTimely) return numbered;
  const ahead = new RequestsAhead(numbered, range);
  return (n) => ahead.take(n);
}
