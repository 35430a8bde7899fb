import { Agent } from "undici";
import { LOOPBACK_ALONE } from "../guard/hostGuard.ts";
import type { ConnectionOptions } from "../http/connection.ts";
import { refusalOf } from "../http/connections.ts";
import { Dialer } from "../http/dial.ts";
import { ForbiddenHostError, guardedLookup } from "../http/lookup.ts";

/** Timeout for opening a connection, in ms. */
const TIMEOUT_MS = 3_000;

/** An undici agent whose connections are opened like the load's: with the plan's tls, resolve and unixSocket. */
export function dialAgent(options: ConnectionOptions): Agent {
  const lookup = guardedLookup(options.guard ?? LOOPBACK_ALONE);
  return new Agent({
    connect: ({ protocol, host }, callback) => {
      const origin = `${protocol}//${host}`;
      const refusal = refusalOf(origin, options);
      if (refusal) {
        callback(new ForbiddenHostError(refusal), null);
        return;
      }
      const opening = new Dialer(origin, options, lookup).dial("http/1.1");
      const { socket } = opening;
      const fail = (error: Error): void => callback(error, null);
      const timer = setTimeout(() => socket.destroy(new Error(`${host} does not answer`)), TIMEOUT_MS);
      socket.once("error", fail);
      socket.once("close", () => clearTimeout(timer));
      opening.opened(() => {
        clearTimeout(timer);
        socket.off("error", fail);
        callback(null, socket);
      });
    },
  });
}
