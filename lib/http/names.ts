import type { LookupAddress } from "node:dns";
import type { LookupFunction } from "node:net";
import { LOOPBACK_ALONE } from "../guard/hostGuard.ts";
import type { Plan } from "../plan/schema.ts";
import type { ConnectionOptions } from "./connection.ts";
import { guardedLookup } from "./lookup.ts";

/** Maximum cached names: data can produce more. */
const MAX_NAMES = 1_000;

/** The DNS options if a plan has none. */
const NO_CACHE: Plan["dns"] = { ttl: 0, select: "roundRobin" };

interface Known {
  addresses: LookupAddress[];
  untilMs: number;
  next: number;
}

type Answer = (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void;

/**
 * Caches name lookups, and spreads new connections over all addresses of a name. Concurrent lookups of a name share
 * one: a thousand would queue for the system's four threads.
 */
export class Names {
  readonly #resolve: LookupFunction;
  readonly #options: Plan["dns"];
  readonly #nowMs: () => number;
  readonly #known = new Map<string, Known>();
  readonly #asked = new Map<string, Answer[]>();

  /** `resolve` looks up all addresses of a name; `nowMs` is a monotonic clock. */
  constructor(resolve: LookupFunction, options: Plan["dns"], nowMs = () => performance.now()) {
    this.#resolve = resolve;
    this.#options = options;
    this.#nowMs = nowMs;
  }

  /** The lookup function for sockets. */
  readonly lookup: LookupFunction = (hostname, options, callback) => {
    const answer: Answer = (error, addresses) => {
      const chosen = this.#choose(hostname, addresses);
      if (error || chosen.length === 0) callback(error ?? noAddress(hostname), "");
      else if (options.all) callback(null, chosen);
      else callback(null, chosen[0]?.address ?? "", chosen[0]?.family);
    };
    const known = this.#known.get(hostname);
    // Asynchronous, like a real lookup.
    if (known && known.untilMs > this.#nowMs()) process.nextTick(answer, null, known.addresses);
    else this.#ask(hostname, options, answer);
  };

  #ask(hostname: string, options: Parameters<LookupFunction>[1], answer: Answer): void {
    const asked = this.#asked.get(hostname);
    if (asked) {
      asked.push(answer);
      return;
    }
    const answers = [answer];
    this.#asked.set(hostname, answers);
    this.#resolve(hostname, { ...options, all: true }, (error, found) => {
      this.#asked.delete(hostname);
      const addresses = Array.isArray(found) ? found : [];
      if (!error) this.#remember(hostname, addresses);
      for (const each of answers) each(error, addresses);
    });
  }

  #remember(hostname: string, addresses: LookupAddress[]): void {
    if (this.#known.size >= MAX_NAMES) this.#known.clear();
    const { next = 0 } = this.#known.get(hostname) ?? {};
    this.#known.set(hostname, { addresses, untilMs: this.#nowMs() + this.#options.ttl, next });
  }

  /**
   * The address for a new connection, and the first one of the other family, which sockets fall back to. Connections
   * are spread only over addresses of the family that the system prefers: it knows which family has a route.
   */
  #choose(hostname: string, addresses: LookupAddress[]): LookupAddress[] {
    const preferred = addresses.filter(({ family }) => family === addresses[0]?.family);
    const other = addresses.find(({ family }) => family !== addresses[0]?.family);
    const chosen = preferred[this.#place(hostname, preferred.length)];
    return chosen ? [chosen, ...(other ? [other] : [])] : [];
  }

  #place(hostname: string, count: number): number {
    if (this.#options.select === "first" || count < 2) return 0;
    if (this.#options.select === "random") return Math.floor(Math.random() * count);
    const known = this.#known.get(hostname);
    return known ? known.next++ % count : 0;
  }
}

/** Names that are looked up as a plan says, and that must not resolve to what its guard forbids. */
export function guardedNames({
  guard = LOOPBACK_ALONE,
  dns = NO_CACHE,
}: Pick<ConnectionOptions, "guard" | "dns">): Names {
  return new Names(guardedLookup(guard), dns);
}

function noAddress(hostname: string): NodeJS.ErrnoException {
  return Object.assign(new Error(`${hostname} has no address`), { code: "ENOTFOUND" });
}
