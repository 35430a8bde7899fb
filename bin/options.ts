import { InvalidArgumentError } from "commander";
import { isHttpUrl } from "../lib/plan/httpUrl.ts";

/** An option's origin such as `http://127.0.0.1:8080`. */
export function parseOrigin(text: string): string {
  if (!isHttpUrl(text)) throw new InvalidArgumentError("expected an origin such as http://127.0.0.1:8080");
  const { origin, pathname, search } = new URL(text);
  if (pathname !== "/" || search !== "") throw new InvalidArgumentError(`expected an origin alone: ${origin}`);
  return origin;
}

/** Adds one more value to an option that may be given several times. */
export function collect(value: string, earlier: string[]): string[] {
  return [...earlier, value];
}

/** An option's URL, http or https. */
export function parseUrl(text: string): string {
  if (!isHttpUrl(text)) throw new InvalidArgumentError("expected a URL such as http://127.0.0.1:4318/v1/metrics");
  return text;
}

/** An option's store: a bucket's name after `s3:`. */
export function parseStore(text: string): string {
  if (!/^s3:[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(text)) throw new InvalidArgumentError("expected s3:<bucket>");
  return text;
}

/** An option's TCP port. */
export function parsePort(text: string): number {
  const port = Number(text);
  if (!Number.isInteger(port) || port < 0 || port > 65_535) throw new InvalidArgumentError("expected 0 … 65535");
  return port;
}
