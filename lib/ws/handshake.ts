import type { Handshake } from "../http/request.ts";

/** Headers that describe a body, which a handshake does not have, or that the handshake itself sets. */
const NOT_SENT = /^(content-.*|sec-websocket-(key|version|extensions|accept|protocol)|connection|upgrade)$/i;

/** A handshake's headers, each value or all values of a name, without those that belong to a body. */
export function handshakeHeaders({ headers }: Pick<Handshake, "headers">): Record<string, string | string[]> {
  const all: Record<string, string | string[]> = {};
  for (const [name, value] of headers) {
    if (NOT_SENT.test(name)) continue;
    const before = all[name];
    all[name] = before === undefined ? value : [before, value].flat();
  }
  return all;
}

/** The subprotocols that a handshake's headers ask for. */
export function subprotocols({ headers }: Pick<Handshake, "headers">): string[] {
  return headers
    .filter(([name]) => name.toLowerCase() === "sec-websocket-protocol")
    .flatMap(([, value]) => value.split(",").map((each) => each.trim()))
    .filter((each) => each !== "");
}
