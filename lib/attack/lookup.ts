import { lookup as systemLookup } from "node:dns";
import type { LookupFunction } from "node:net";
import { isForbiddenAddress } from "../plan/hosts.ts";

/** A name that has come to lead where no load may go. */
export class ForbiddenAddressError extends Error {
  override readonly name = "ForbiddenAddressError";
  readonly code = "FORBIDDEN_ADDRESS";
}

/**
 * Resolves a target's name, and refuses addresses that no name may lead to: link-local ones, where clouds have their
 * metadata, and loopback for a name that is not this machine's own. The plan was checked by names; what they resolve to
 * can change in mid-run.
 */
export const guardedLookup: LookupFunction = (hostname, options, callback) => {
  systemLookup(hostname, { ...options, all: true }, (error, addresses) => {
    if (error) {
      callback(error, "");
      return;
    }
    const forbidden = addresses.find(({ address }) => isForbiddenAddress(hostname, address));
    if (forbidden) {
      callback(new ForbiddenAddressError(`${hostname} resolves to ${forbidden.address}, which is never a target`), "");
    } else if (options.all) {
      callback(null, addresses);
    } else {
      const [first] = addresses;
      callback(null, first?.address ?? "", first?.family);
    }
  });
};
