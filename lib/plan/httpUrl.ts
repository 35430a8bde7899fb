import { hasControl } from "./values.ts";

/** What `isHttpUrl` asks for, in problems. */
export const HTTP_URL = "an absolute http or https URL, without credentials, blanks and control characters";

/** What `isTargetUrl` asks for, in problems. */
export const TARGET_URL = "an absolute http, https, ws or wss URL, without credentials, blanks and control characters";

/** Whether a text, in which placeholders may stand, is an absolute http or https URL without credentials in it. */
export function isHttpUrl(text: string): boolean {
  return isTargetUrl(text) && !isWebSocketUrl(text);
}

/** The same of a target's URL, which may be that of a WebSocket too. */
export function isTargetUrl(text: string): boolean {
  const plain = text.replace(/\{\{[^{}]*\}\}/g, "0");
  const [, authority] = /^(?:https?|wss?):\/\/([^/?#\\]+)/i.exec(plain) ?? [];
  // Credentials in a URL end up in logs.
  if (authority === undefined || authority.includes("@")) return false;
  if (hasControl(plain) || /\s/.test(plain) || !URL.canParse(plain)) return false;
  // Nobody listens at port 0.
  return new URL(plain).port !== "0";
}

/** Whether a URL is that of a WebSocket. */
export function isWebSocketUrl(url: string): boolean {
  return /^wss?:/i.test(url);
}

/** What `isSubscribedUrl` asks for, in problems. */
export const SUBSCRIBED_URL = "an absolute ws or wss URL, without credentials, placeholders and blanks";

/** Whether a text is a URL that subscribers can connect to. */
export function isSubscribedUrl(text: string): boolean {
  return isWebSocketUrl(text) && isTargetUrl(text) && !text.includes("{{");
}

/** A WebSocket's URL with the scheme of the HTTP request that it begins with; any other URL as it is. */
export function handshakeUrl(url: string): string {
  return url.replace(/^ws/i, "http");
}
