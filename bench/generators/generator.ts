import { execFileSync } from "node:child_process";
import type { Ran } from "../processes.ts";

/** The call that every generator sends. */
export const BODY = '{"jsonrpc":"2.0","method":"eth_blockNumber","params":[],"id":1}';

/** What a generator showed at one rate, or at as much as it could. */
export interface Measurement {
  /** Requests per second that were sent and answered. */
  rps: number;
  /** The share of the requests that were due, or undefined for a closed loop. */
  achieved?: number;
  /** Sent − due, in ms; undefined where the generator does not tell. */
  lagMs?: { p50: number; p99: number; p999: number };
  /** Response times as the generator reports them, in ms; undefined where it has no such percentiles. */
  responseMs?: ResponseMs;
  /** CPU time for each request, in µs, start-up included unless the generator tells it apart. */
  cpuUs: number;
  memoryMb: number;
}

/** Percentiles of response times and the longest, in ms. */
export interface ResponseMs {
  p50: number;
  p99: number;
  p999: number;
  max: number;
}

/** The least share of a rate's requests that must be sent and answered. */
const MIN_ACHIEVED = 0.999;

/** Whether all of a rate was sent and answered, however late: a weaker claim than that the rate was held. */
export const keepsUp = ({ achieved = 0 }: Measurement): boolean => achieved >= MIN_ACHIEVED;

/** What a request travels on: HTTP/1.1 in clear or over TLS, with a connection for each request, or HTTP/2 over TLS. */
export type Wire = "http" | "tls" | "tls-once" | "h2";

/** How a generator is to be run. */
export interface Load {
  url: string;
  rps: number;
  seconds: number;
  core: number;
  wire: Wire;
  /** A cgroup that it is put into first. */
  cgroup?: string;
}

/** What a generator showed that had `ok` of the requests that were due answered. */
export function measured(
  ok: number,
  { rps, seconds }: Pick<Load, "rps" | "seconds">,
  { cpuMs, memoryMb }: Pick<Ran, "cpuMs" | "memoryMb">,
  due = rps * seconds,
): Measurement {
  return { rps: ok / seconds, achieved: ok / due, cpuUs: (cpuMs * 1_000) / ok, memoryMb };
}

/** A load generator that the bench can run, pinned to a core. */
export interface Generator {
  name: string;
  /** An open loop sends at a rate whatever comes back; a closed one as fast as responses come. */
  loop: "open" | "closed";
  /** The wires that it is measured on, besides HTTP/1.1 in clear. */
  wires: readonly Exclude<Wire, "http">[];
  /** How to get it, for where it is not there. */
  install: string;
  /** Its version, or undefined where it is not installed. */
  version(): string | undefined;
  /** A rate near which it is expected to stop holding. */
  near: number;
  /** Where nothing was held in a search's steps: how far below the last rate the next one is. */
  down: number;
  measure(load: Load): Promise<Measurement>;
}

/** What a program prints as its version, by a pattern; "unknown" where it prints none, undefined without a program. */
export function versionOf(program: string | undefined, args: string[], pattern: RegExp): string | undefined {
  if (!program) return undefined;
  try {
    const text = execFileSync(program, args, { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
    return pattern.exec(text)?.[1] ?? "unknown";
  } catch (error) {
    // Some print their version and exit with an error.
    return pattern.exec(String((error as { stdout?: string }).stdout))?.[1] ?? "unknown";
  }
}

/** The version of the module that a Go program was built from. */
export function goVersion(program: string | undefined): string | undefined {
  return program && versionOf("go", ["version", "-m", program], /\bmod\s+\S+\s+v(\S+)/);
}
