import type { Plan } from "../plan/schema.ts";
import { type AheadRange, RequestsAhead } from "./ahead.ts";
import type { TrackEvents } from "./pacer.ts";
import type { Recorder } from "./recorder.ts";
import type { ChainRequests, PreparedRequest } from "./requests.ts";
import type { Sender } from "./sender.ts";

/** What a chain's requests go through when they are due. */
export interface TrackParts {
  plan: Plan;
  requests: ChainRequests;
  /** Which of the phase's requests it sends. */
  range: AheadRange;
  /** The number of the phase's first request in the chain: no two requests of a chain have the same, in warm-up either. */
  firstNumber: number;
  sender: Sender;
  recorder: Recorder;
  /** The epoch's ms at which the phase begins. */
  originMs: number;
  /** Called with the instant of each request that was sent. */
  onSend(nowMs: number): void;
}

/** Sends a chain's requests when they are due, or books them as missed when too many are in flight or files open. */
export function chainEvents(parts: TrackParts): TrackEvents {
  const { plan, requests, sender, recorder, originMs, onSend, firstNumber } = parts;
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
        n: requests.wireNumber(firstNumber + n, own.parts),
        recorder,
        dueMs: dueAtMs - originMs,
        dueAtMs,
      };
      if (sender.send(due, nowMs)) onSend(nowMs);
      else recorder.missed(dueAtMs - originMs, "file-limit");
    },
    missed: (dueAtMs, reason) => recorder.missed(dueAtMs - originMs, reason),
  };
}

/** The phase's n-th request, from those that are ready or are made ready ahead. */
function requestsOf({ requests, range, firstNumber }: TrackParts): (n: number) => PreparedRequest {
  const numbered = (n: number): PreparedRequest => requests(firstNumber + n);
  if (requests.isReady) return numbered;
  const ahead = new RequestsAhead(numbered, range);
  return (n) => ahead.take(n);
}
