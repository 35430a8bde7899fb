import { type Command, InvalidArgumentError } from "commander";
import { DURATION_PATTERN } from "../lib/plan/duration.ts";
import { isHttpUrl } from "../lib/plan/httpUrl.ts";

/** Parses an option's origin, such as `http://127.0.0.1:8080`. */
export function parseOrigin(text: string): string {
  if (!isHttpUrl(text)) throw new InvalidArgumentError("expected an origin such as http://127.0.0.1:8080");
  const { origin, pathname, search } = new URL(text);
  if (pathname !== "/" || search !== "") throw new InvalidArgumentError(`expected an origin alone: ${origin}`);
  return origin;
}

/** Adds a value to an option that can be repeated. */
export function collect(value: string, earlier: string[] = []): string[] {
  return [...earlier, value];
}

/** Parses an option's URL, http or https. */
export function parseUrl(text: string): string {
  if (!isHttpUrl(text)) throw new InvalidArgumentError("expected a URL such as http://127.0.0.1:4318/v1/metrics");
  return text;
}

/** Parses an option's store: a bucket's name after `s3:`. */
export function parseStore(text: string): string {
  if (!/^s3:[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(text)) throw new InvalidArgumentError("expected s3:<bucket>");
  return text;
}

/** Parses an option's TCP port. */
export function parsePort(text: string): number {
  const port = Number(text);
  if (!Number.isInteger(port) || port < 0 || port > 65_535) throw new InvalidArgumentError("expected 0 … 65535");
  return port;
}

/** Parses an option's number above 0. */
export function parsePositive(text: string): number {
  const value = Number(text);
  if (text.trim() === "" || !Number.isFinite(value) || value <= 0)
    throw new InvalidArgumentError("expected a number above 0");
  return value;
}

/** Most workers of one host: more are certainly a mistake. */
const MAX_WORKERS = 256;

/** Parses a number of workers, or `auto`. */
export function parseWorkers(text: string): number | "auto" {
  if (text === "auto") return text;
  const workers = Number(text);
  if (!Number.isInteger(workers) || workers < 1 || workers > MAX_WORKERS)
    throw new InvalidArgumentError(`expected auto, or 1 … ${MAX_WORKERS} workers`);
  return workers;
}

/** Parses delays of regions, such as `us-east-1=1ms,eu-west-1=40ms`, in ms. */
export function parseRegions(text: string): Record<string, number> {
  return Object.fromEntries(
    text.split(",").map((each) => {
      const [, name = "", ms = ""] = /^([\w.-]+)=(\d+(?:\.\d+)?)ms$/.exec(each) ?? [];
      if (name === "")
        throw new InvalidArgumentError("Expected regions with delays, such as us-east-1=1ms,eu-west-1=40ms.");
      return [name, Number(ms)];
    }),
  );
}

/** Parses an option's duration, in the format of plans. */
export function parseDuration(text: string): string {
  if (!DURATION_PATTERN.test(text))
    throw new InvalidArgumentError('expected a duration such as "90s", "33m" or "1h30m"');
  return text;
}

/** The parsed options of `withPlanOptions`. */
export interface PlanOptions {
  origin?: string;
  allowHost?: string[];
  set?: string[];
  duration?: string;
  scale?: number;
  targetRps?: number;
}

/** Adds a plan argument, and the options that change the plan, to a command. */
export function withPlanOptions(command: Command): Command {
  return command
    .argument("<plan>", "a plan in JSON or YAML, or - for standard input")
    .option("--origin <url>", "send every request to this origin", parseOrigin)
    .option("--allow-host <host>", "allow a host besides loopback (repeatable)", collect)
    .option("--set <path=value>", "change a field, such as chains.kava.rps=500 (repeatable)", collect)
    .option("--duration <time>", "measure for this long instead of the plan's duration", parseDuration)
    .option("--scale <factor>", "multiply each chain's rate", parsePositive)
    .option("--target-rps <rate>", "set the total rate, in the same proportions", parsePositive);
}

/** The settings for loading a plan. */
export function loadOptions({ origin, allowHost = [], set = [], duration, scale, targetRps }: PlanOptions) {
  return {
    allowHosts: allowHost,
    set,
    ...(origin !== undefined && { origin }),
    ...(duration !== undefined && { duration }),
    ...(scale !== undefined && { scale }),
    ...(targetRps !== undefined && { targetRps }),
  };
}

/** Adds the options that define a target, for commands that need no plan. */
export function withTargetOptions(command: Command): Command {
  return command
    .option("--method <method>", "the HTTP method; by default POST with a body and GET without")
    .option("--body <text>", "the body: text, or @ and a file name")
    .option("--header <line>", 'a header, such as "Authorization: Bearer env://TOKEN" (repeatable)', collect)
    .option("--timeout <time>", "how long a request may take; by default 10s", parseDuration)
    .option("--insecure", "accept any certificate")
    .option("--allow-host <host>", "allow another host, such as a private address (repeatable)", collect);
}

/** Adds the option that controls how a command prints text. */
export function withTextOptions(command: Command): Command {
  return command.option("--no-color", "print no colours; NO_COLOR and FORCE_COLOR work too");
}

/** A receiver of a run's figures while it is running. */
export interface SendTarget {
  kind: "prometheus" | "otlp" | "statsd";
  /** A URL, or host:port for StatsD. */
  to: string;
}

/** The description of the option whose values `parseSend` parses. */
export const SEND_HELP = "send live figures: prometheus=URL, otlp=URL or statsd=host:port (repeatable)";

/**
 * Parses an option's receiver, such as prometheus=http://127.0.0.1:9090/api/v1/write, and adds it to the earlier ones.
 */
export function parseSend(text: string, earlier: readonly SendTarget[] = []): SendTarget[] {
  const [, kind, to = ""] = /^(prometheus|otlp|statsd)=(.+)$/.exec(text) ?? [];
  const isRight =
    kind === "statsd" ? /^(\[[\da-f:]+\]|[\w.-]+):\d{1,5}$/i.test(to) : /^https?:/.test(to) && URL.canParse(to);
  if (kind === undefined || !isRight) {
    throw new InvalidArgumentError("expected prometheus=URL, otlp=URL or statsd=host:port");
  }
  return [...earlier, { kind: kind as SendTarget["kind"], to }];
}
