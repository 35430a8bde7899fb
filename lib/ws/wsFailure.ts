import { classifyFailure } from "../http/failure.ts";

/** The close code of a socket that was cut off without a close frame (RFC 6455, section 7.1.5). */
export const ABNORMAL = 1_006;

/** The class of a call whose socket was closed before the response, by the close code. */
export function closeClass(code: number): string {
  return `ws-closed-${code}`;
}

/** The class of a call whose handshake got a status other than 101. */
export function upgradeClass(status: number): string {
  return `ws-upgrade-${status}`;
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
