import { hasControl } from "./values.ts";

/** What `isHttpUrl` asks for, in problems. */
export const HTTP_URL = "an absolute http or https URL, without credentials, blanks and control characters";

/** Whether a text, in which placeholders may stand, is an absolute http or https URL without credentials in it. */
export function isHttpUrl(text: string): boolean {
  const plain = text.replace(/\{\{[^{}]*\}\}/g, "0");
  const [, authority] = /^https?:\/\/([^/?#\\]+)/i.exec(plain) ?? [];
  // Credentials in a URL end up in logs.
  if (authority === undefined || authority.includes("@")) return false;
  if (hasControl(plain) || /\s/.test(plain) || !URL.canParse(plain)) return false;
  // Nobody listens at port 0.
  return new URL(plain).port !== "0";
}
