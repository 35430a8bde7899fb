import { statusName } from "../answers/httpClass.ts";
import { classifyFailure } from "../http/failure.ts";

/** The close code of a socket that was cut off without a close frame (RFC 6455, section 7.1.5). */
export const ABNORMAL = 1_006;

/** Close codes of the protocol, and those of libraries that IANA has registered. */
const REGISTERED = new Set([...Array.from({ length: 16 }, (_, index) => 1_000 + index), 3_000, 3_003, 3_008]);

/** Codes that an application uses; it often numbers them from 4000, or by HTTP's statuses from 4400. */
const APPLICATION = { from: 4_000, numbered: 20 };

/**
 * The class of a call whose socket was closed before the response, by the close code: `ws-closed-1013`, or
 * `ws-closed-4xxx` for a code that nobody defines, so that a server cannot make up thousands of classes.
 */
export function closeClass(code: number): string {
  const own = code - APPLICATION.from;
  const isUsual = own >= 0 && (own < APPLICATION.numbered || statusName(own) === String(own));
  return `ws-closed-${REGISTERED.has(code) || isUsual ? code : `${Math.floor(code / 1_000)}xxx`}`;
}

/** The class of a call whose handshake got a status other than 101. */
export function upgradeClass(status: number): string {
  return `ws-upgrade-${statusName(status)}`;
}

/** The class of a WebSocket error; `isOpen`: whether the handshake was complete. */
export function wsErrorClass(error: NodeJS.ErrnoException, isOpen: boolean): string {
  const { code, message } = error;
  if (code === "WS_ERR_UNSUPPORTED_MESSAGE_LENGTH") return "body-too-large";
  // zlib's errors are of messages that cannot be decompressed.
  if (code?.startsWith("WS_ERR_") || code?.startsWith("Z_")) return "invalid-ws";
  if (code?.startsWith("HPE_")) return "invalid-http";
  if (code !== undefined || isOpen) return classifyFailure(error);
  return message.includes("timed out") ? "connect-timeout" : "invalid-ws-handshake";
}
