import { hasControl } from "./values.ts";

/** What `isHttpUrl` requires, for problem messages. */
export const HTTP_URL = "an absolute http or https URL, without credentials, blanks and control characters";

/** What `isTargetUrl` requires, for problem messages. */
export const TARGET_URL = "an absolute http, https, ws or wss URL, without credentials, blanks and control characters";

/** Whether a text, which may contain placeholders, is an absolute http or https URL without credentials. */
export function isHttpUrl(text: string): boolean {
  return isTargetUrl(text) && !isWebSocketUrl(text);
}

/** The same for a target's URL, which may also be a WebSocket URL. */
export function isTargetUrl(text: string): boolean {
  const plain = text.replace(/\{\{[^{}]*\}\}/g, "0");
  const [, authority] = /^(?:https?|wss?):\/\/([^/?#\\]+)/i.exec(plain) ?? [];
  // Credentials in a URL end up in logs.
  if (authority === undefined || authority.includes("@")) return false;
  if (hasControl(plain) || /\s/.test(plain) || !URL.canParse(plain)) return false;
  // Nobody listens on port 0.
  return new URL(plain).port !== "0";
}

/** Whether a URL is a WebSocket URL. */
export function isWebSocketUrl(url: string): boolean {
  return /^wss?:/i.test(url);
}

/** Whether a URL is that of HTTP over TLS. */
export function isHttpsUrl(url: string): boolean {
  return /^https:/i.test(url);
}

/** What `isSubscribedUrl` requires, for problem messages. */
export const SUBSCRIBED_URL = "an absolute ws or wss URL, without credentials, placeholders and blanks";

/** Whether a text is a URL that subscribers can connect to. */
export function isSubscribedUrl(text: string): boolean {
  return isWebSocketUrl(text) && isTargetUrl(text) && !text.includes("{{");
}

/** A WebSocket URL with the scheme of its HTTP handshake; any other URL unchanged. */
export function handshakeUrl(url: string): string {
  return url.replace(/^ws/i, "http");
}
