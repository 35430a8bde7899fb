import { type PreparedRequest, prepareChain } from "../../lib/attack/requests.ts";
import type { Target } from "../../lib/plan/schema.ts";

/** A single target's first request, made ready. */
export function prepared(target: Target, keepalive = true): PreparedRequest {
  return prepareChain({ name: "ethereum", rps: 1, targets: [target] }, { keepalive, seed: 1 })(0);
}
