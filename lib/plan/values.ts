import { Buffer } from "node:buffer";

/** How a value is written at its place: escaped for that place, or refused. */
export type Writing =
  | "json-string"
  /** A whole JSON value, without quotes around it. */
  | "json-value"
  /** Part of a JSON number. */
  | "json-digits"
  /** Part of a URL's path or query. */
  | "url"
  | "form"
  | "header"
  /** Part of a URL's host and port. */
  | "host"
  | "text";

/** No control characters except the tab: others would end a header's line, or recipients need not accept them. */
const PLAIN = /^[\t -~\u0080-\uffff]*$/;

/** Whether a text contains a control character that may split a request's head or break it (RFC 9110, section 5.5). */
export function hasControl(text: string): boolean {
  return !PLAIN.test(text);
}

/** A text's UTF-8 bytes as a latin1 string: these strings are quick to concatenate, and are sent as latin1. */
export function bytesOf(text: string): string {
  return Buffer.from(text, "utf8").toString("latin1");
}

/** The text whose bytes `bytesOf` returned. */
export function textOfBytes(bytes: string): string {
  return Buffer.from(bytes, "latin1").toString("utf8");
}

/** What a value must be to fit its place; undefined if it fits. */
export function unfitFor(value: string, writing: Writing): string | undefined {
  switch (writing) {
    case "json-value":
      return isJson(value) ? undefined : "a JSON value, or quotes around the placeholder to make it a string";
    case "json-digits":
      return /^\d+$/.test(value) ? undefined : "digits, for the placeholder stands within a number";
    case "header":
      return hasControl(value) ? "a value on one line, without control characters" : undefined;
    case "host":
      return /^[A-Za-z0-9.:[\]_-]*$/.test(value) ? undefined : "a part of a host's name or address";
    default:
      return undefined;
  }
}

/**
 * A value's bytes, written so that it stays one value at its place. Throws a RangeError if it cannot be: loading a plan
 * reports that earlier, but a plan may be changed after that, and this is the last check before the wire.
 */
export function writeValue(value: string, writing: Writing): string {
  const expected = unfitFor(value, writing);
  if (expected !== undefined) throw new RangeError(`a value of the data cannot be sent: expected ${expected}`);
  switch (writing) {
    case "json-string":
      return bytesOf(JSON.stringify(value).slice(1, -1));
    case "url":
    case "form":
      return encodeURIComponent(value.toWellFormed());
    default:
      return bytesOf(value);
  }
}

function isJson(text: string): boolean {
  if (/^(?:-?(?:0|[1-9]\d{0,30})|true|false|null)$/.test(text)) return true;
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;

/** Whether a text is a token of HTTP (RFC 9110, section 5.6.2), as header names are. */
export function isToken(text: string): boolean {
  return TOKEN.test(text);
}

/** Whether a text is a method that a request can be sent with: any but CONNECT, which asks for a tunnel. */
export function isMethod(text: string): boolean {
  return TOKEN.test(text) && text !== "CONNECT";
}
