import type { Phase } from "../plan/assign.ts";
import { regionsOf } from "../plan/regions.ts";
import type { Plan } from "../plan/schema.ts";
import type { Ledger } from "./chunk.ts";
import { addLedgers } from "./ledger.ts";
import { SeriesSum } from "./seriesSum.ts";

/** One chain in one phase, over all workers. */
export interface ChainResult {
  chain: string;
  phase: Phase;
  ledger: Ledger;
  sum: SeriesSum;
}

/** One chain's measurement in one region, over the region's workers. */
export interface RegionResult extends ChainResult {
  region: string;
}

/** The results of a plan's chains, and of each region's part of them. */
export class Results {
  readonly #plan: Plan;
  readonly #chains = new Map<string, ChainResult>();
  readonly #regions = new Map<string, RegionResult>();

  constructor(plan: Plan) {
    this.#plan = plan;
    for (const { name, regions = {} } of plan.chains) {
      this.chain(name, "measure");
      for (const region of Object.keys(regions)) this.region(name, region);
    }
  }

  /** The result of a chain in a phase. */
  chain(chain: string, phase: Phase): ChainResult {
    return entryOf(this.#chains, `${phase} ${chain}`, () => ({ chain, phase, ...empty() }));
  }

  /** The result of a chain's measurement in a region. */
  region(chain: string, region: string): RegionResult {
    const key = JSON.stringify([region, chain]);
    return entryOf(this.#regions, key, () => ({ chain, region, phase: "measure", ...empty() }));
  }

  /** All results that a worker's part belongs to: the chain's, and its region's. */
  of(chain: string, phase: Phase, region: string | undefined): [whole: ChainResult, ...regional: ChainResult[]] {
    const whole = this.chain(chain, phase);
    return region === undefined || phase === "warmup" ? [whole] : [whole, this.region(chain, region)];
  }

  /** All results, in the order of the plan. */
  inOrder(): { chains: ChainResult[]; regions: RegionResult[] } {
    const chains = this.#plan.chains.map(({ name }) => name);
    const regions = regionsOf(this.#plan);
    const byChain = (a: ChainResult, b: ChainResult): number => chains.indexOf(a.chain) - chains.indexOf(b.chain);
    return {
      chains: [...this.#chains.values()].sort(byChain),
      regions: [...this.#regions.values()].sort(
        (a, b) => regions.indexOf(a.region) - regions.indexOf(b.region) || byChain(a, b),
      ),
    };
  }
}

function empty(): Pick<ChainResult, "ledger" | "sum"> {
  return { ledger: addLedgers([]), sum: new SeriesSum() };
}

function entryOf<T>(entries: Map<string, T>, key: string, make: () => T): T {
  const entry = entries.get(key) ?? make();
  entries.set(key, entry);
  return entry;
}
