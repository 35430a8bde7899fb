import { lookup as systemLookup } from "node:dns";
import type { LookupFunction } from "node:net";
import { Agent, buildConnector } from "undici";
import type { HostGuard, Refusal } from "../guard/hostGuard.ts";

/** A forbidden host, or a name that resolves to a forbidden address. */
export class ForbiddenHostError extends Error {
  override readonly name = "ForbiddenHostError";
  /** The failure class of the request. */
  readonly code: Refusal["code"];

  constructor({ code, found, expected }: Refusal) {
    super(`${found} is refused; expected ${expected}`);
    this.code = code;
  }
}

/**
 * Resolves names as the system does, and refuses those that resolve to an address the guard does not allow. The plan
 * was checked by names; what they resolve to can change in mid-run.
 */
export function guardedLookup(guard: HostGuard, resolve: typeof systemLookup = systemLookup): LookupFunction {
  return (hostname, options, callback) => {
    resolve(hostname, { ...options, all: true }, (error, addresses) => {
      if (error) {
        callback(error, "");
        return;
      }
      for (const { address } of addresses) {
        const refusal = guard.leadsTo(hostname, address);
        if (!refusal) continue;
        callback(new ForbiddenHostError(refusal), "");
        return;
      }
      if (options.all) {
        callback(null, addresses);
      } else {
        const [first] = addresses;
        callback(null, first?.address ?? "", first?.family);
      }
    });
  };
}

/** An undici agent that connects only to hosts that the guard allows: for requests other than the load. */
export function guardedAgent(guard: HostGuard): Agent {
  const connect = buildConnector({ lookup: guardedLookup(guard) });
  return new Agent({
    connect: (options, callback) => {
      // A literal address is never looked up.
      const refusal = guard.refusal(`${options.protocol}//${options.host}`);
      if (refusal) callback(new ForbiddenHostError(refusal), null);
      else connect(options, callback);
    },
  });
}
