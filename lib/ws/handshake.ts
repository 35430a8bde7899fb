import type { Handshake } from "../http/request.ts";

/** Headers that describe a body, which a handshake does not have, or that the handshake sets itself. */
const NOT_SENT = /^(content-.*|sec-websocket-(key|version|extensions|accept|protocol)|connection|upgrade)$/i;

/** A handshake's headers by name, with one value or a list of values, without those of a body. */
export function handshakeHeaders({ headers }: Pick<Handshake, "headers">): Record<string, string | string[]> {
  const all: Record<string, string | string[]> = {};
  for (const [name, value] of headers) {
    if (NOT_SENT.test(name)) continue;
    const before = all[name];
    all[name] = before === undefined ? value : [before, value].flat();
  }
  return all;
}

/** The subprotocols requested in a handshake's headers. */
export function subprotocols({ headers }: Pick<Handshake, "headers">): string[] {
  return headers
    .filter(([name]) => name.toLowerCase() === "sec-websocket-protocol")
    .flatMap(([, value]) => value.split(",").map((each) => each.trim()))
    .filter((each) => each !== "");
}
