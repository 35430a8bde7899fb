import { setTimeout as sleep } from "node:timers/promises";
import { valueAt } from "../answers/checks.ts";
import type { ConnectionOptions } from "../http/connection.ts";
import { type Lookup, lookupTarget } from "../plan/lookup.ts";
import { lookupWritings } from "../plan/lookupProblems.ts";
import type { Chain } from "../plan/schema.ts";
import { unfitFor, type Writing } from "../plan/values.ts";
import { type Repetition, repeat } from "../schedule/repeat.ts";
import { oneExchange } from "./oneExchange.ts";
import { prepareChain } from "./requests.ts";

/** Timeout of one call, in ms, and the number of tries before the run. */
const TIMEOUT_MS = 3_000;
const TRIES = 3;
const PAUSE_MS = 500;

/** Longest value that is used, in characters. */
const MOST_CHARACTERS = 1_024;

/** What became of a lookup's call: a new value, the same value as before, or why there is none. */
export type LookupOutcome = "new" | "same" | "failed";

/** The inputs for a chain's lookups, besides the chain. */
export interface LookupsInput {
  options: ConnectionOptions;
  /** The value of a reference to a secret. */
  secret(reference: string): string;
}

/**
 * A chain's lookups on a worker: calls beside the load, on separate connections, over the same route and with the same
 * guards. `values` has the latest value of each; a value that does not fit where the targets use it is not taken.
 */
export class Lookups {
  readonly values: Record<string, string> = {};
  readonly #lookups: readonly Lookup[];
  /** Where the targets use each value. */
  readonly #writings: ReadonlyMap<string, ReadonlySet<Writing>>;
  readonly #input: LookupsInput;
  readonly #repetitions: Repetition[] = [];

  constructor(chain: Chain, input: LookupsInput) {
    this.#lookups = chain.lookups ?? [];
    this.#writings = lookupWritings(chain);
    this.#input = input;
  }

  /** Makes each call once before the run. Rejects if one of them gives no value: requests would be made with nothing. */
  async first(): Promise<void> {
    for (const lookup of this.#lookups) {
      for (let tries = 1; ; tries++) {
        const failure = await this.#take(lookup);
        if (failure === undefined) break;
        if (tries === TRIES) throw new Error(`no value for {{lookup.${lookup.name}}}: ${failure}`);
        await sleep(PAUSE_MS * 2 ** (tries - 1));
      }
    }
  }

  /** Repeats each call at its interval, and reports each outcome; a call that is still waiting is not repeated. */
  start(onCall: (name: string, outcome: LookupOutcome) => void): void {
    for (const lookup of this.#lookups) {
      const renew = async (): Promise<void> => onCall(lookup.name, await this.#renew(lookup));
      this.#repetitions.push(repeat(lookup.everyMs, renew));
    }
  }

  stop(): void {
    for (const repetition of this.#repetitions.splice(0)) void repetition.end();
  }

  async #renew(lookup: Lookup): Promise<LookupOutcome> {
    const before = this.values[lookup.name];
    const failure = await this.#take(lookup).catch(String);
    if (failure !== undefined) return "failed";
    return this.values[lookup.name] === before ? "same" : "new";
  }

  /** Makes a call and takes its value; resolves with the reason if there is none. */
  async #take(lookup: Lookup): Promise<string | undefined> {
    const { options, secret } = this.#input;
    const chain = { name: `lookup ${lookup.name}`, rps: 1, targets: [lookupTarget(lookup)] };
    const request = prepareChain(chain, { keepalive: true, http: options.http, seed: 1, secret });
    const { outcome } = await oneExchange(request(0), { ...options, timeoutMs: TIMEOUT_MS });
    if ("failure" in outcome) return outcome.failure;
    const value = valueAt(outcome.body, lookup.pointer);
    if (value === undefined) return `HTTP ${outcome.status} without a string, number or boolean at ${lookup.pointer}`;
    if (value.length > MOST_CHARACTERS) return `a value of ${value.length} characters at ${lookup.pointer}`;
    const unfit = [...(this.#writings.get(lookup.name) ?? [])].map((writing) => unfitFor(value, writing));
    const expected = unfit.find((each) => each !== undefined);
    if (expected !== undefined) return `the value at ${lookup.pointer} is not ${expected}`;
    this.values[lookup.name] = value;
    return undefined;
  }
}
