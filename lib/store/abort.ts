/** Why a run was aborted. The breaker and a threshold say something about the target; the other causes do not. */
export type AbortCause =
  | { kind: "breaker"; failedShare: number; windowMs: number }
  | {
      kind: "threshold";
      chain: string;
      /** The method that missed it, if the threshold is for a method. */
      method?: string;
      /** A line of an SLO. If it limits a class of failures, `class` names that class. */
      line: string;
      class?: string | undefined;
      /** null if a percentile had no responses. */
      found: number | null;
      limit: number;
      windowMs: number;
    }
  | { kind: "signal"; signal: string }
  | { kind: "command" }
  | { kind: "other"; text: string };

/** The object that is stored under `abortKey`: workers stop when it exists. */
export interface AbortFlag {
  cause: AbortCause;
  /** When it was raised, in ms since the epoch. */
  atMs: number;
}

/** The flag as it is stored; `reason` is for people who read the object. */
export function encodeAbort(cause: AbortCause, atMs: number): string {
  return JSON.stringify({ cause, reason: abortText(cause), atMs });
}

/** Reads a stored flag. Whatever the object contains, its existence aborts the run. */
export function decodeAbort(text: string): { cause: AbortCause; atMs?: number } {
  let flag: { cause?: AbortCause; reason?: unknown; atMs?: unknown };
  try {
    flag = JSON.parse(text) ?? {};
  } catch {
    return { cause: { kind: "other", text: "the abort flag cannot be read" } };
  }
  const { cause = { kind: "other", text: String(flag.reason ?? "no reason was given") } } = flag;
  return { cause, ...(typeof flag.atMs === "number" && { atMs: flag.atMs }) };
}

/** A cause in words, to follow a colon. */
export function abortText(cause: AbortCause): string {
  switch (cause.kind) {
    case "breaker": {
      const percent = Math.round(cause.failedShare * 100);
      return `the circuit breaker tripped: ${percent} % of the requests of ${cause.windowMs / 1_000} s got no valid relay`;
    }
    case "threshold": {
      const { chain, method, line, class: failure, found, limit, windowMs } = cause;
      const level = (value: number): string => levelText(line, value);
      const who = method === undefined ? chain : `${chain}: ${method}`;
      const what = failure ?? line.replace("p999", "p99.9").replace("relay-rate", "the rate of relays");
      const seen = found === null ? "got no response" : `was ${level(found)}`;
      return `${who} missed a threshold over ${windowMs / 1_000} s: ${what} ${seen}, the limit is ${level(limit)}`;
    }
    case "signal":
      return `stopped by ${cause.signal}`;
    case "command":
      return "stopped by volley abort";
    case "other":
      return cause.text;
  }
}

function levelText(line: string, value: number): string {
  if (line === "relay-rate") return `${Number(value.toFixed(1))}/s`;
  return line === "success" || line === "class"
    ? `${Number((value * 100).toFixed(3))} %`
    : `${Number(value.toFixed(1))} ms`;
}
