/** Why a run was aborted. The breaker tells about the target; whoever else stops a run tells nothing about it. */
export type AbortCause =
  | { kind: "breaker"; failedShare: number; windowMs: number }
  | { kind: "signal"; signal: string }
  | { kind: "command" }
  | { kind: "other"; text: string };

/** What lies in the store under `abortKey`: workers stop when it is there. */
export interface AbortFlag {
  cause: AbortCause;
  /** When it was raised, in ms since the epoch. */
  atMs: number;
}

/** The flag as it is stored; `reason` is for whoever reads the object. */
export function encodeAbort(cause: AbortCause, atMs: number): string {
  return JSON.stringify({ cause, reason: abortText(cause), atMs });
}

/** Reads a stored flag. Whatever the object holds, its being there aborts the run. */
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

/** A cause in words, to stand after a colon. */
export function abortText(cause: AbortCause): string {
  switch (cause.kind) {
    case "breaker": {
      const percent = Math.round(cause.failedShare * 100);
      return `the circuit breaker tripped: ${percent} % of the requests of ${cause.windowMs / 1_000} s got no valid relay`;
    }
    case "signal":
      return `stopped by ${cause.signal}`;
    case "command":
      return "stopped by volley abort";
    case "other":
      return cause.text;
  }
}
