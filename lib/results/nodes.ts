import type { ParsedCounts } from "./hdrEncoding.ts";
import { createHistogram, encodeHistogram, type Histogram, parseHistogram, recordMs } from "./histogram.ts";

/** What one node behind a balancer answered. */
export interface NodeCounts {
  responses: number;
  valid: number;
  responseTime: string;
}

/** What the nodes behind a balancer answered, by the plan's header, and how often a connection stayed with one. */
export interface NodesCounts {
  byName: Record<string, NodeCounts>;
  /** Responses after another one on the same connection, and those of them from the same node. */
  pairs: number;
  same: number;
}

/** Counts with their histograms parsed. */
export interface ParsedNodes {
  counts: NodesCounts;
  responseTimes: ParsedCounts[];
}

/** Parses the histograms of counts. Throws if one of them cannot be read. */
export function parseNodes(counts: NodesCounts): ParsedNodes {
  return {
    counts,
    responseTimes: Object.values(counts.byName).map(({ responseTime }) => parseHistogram(responseTime)),
  };
}

/** Most nodes of a chain that are counted separately, and the names of all further ones and of none. */
const MOST_NODES = 64;
const OTHERS = "(others)";
const NONE = "(no header)";

/** Longest name of a node, in characters. */
const MOST_NAME = 64;

/** One node's counts, added up. */
export interface NodeSum {
  responses: number;
  valid: number;
  readonly responseTime: Histogram;
}

/** Counts of the nodes that answered, added up in any order. */
export class NodesSum {
  readonly byName = new Map<string, NodeSum>();
  pairs = 0;
  same = 0;
  /** The last node of each connection. */
  readonly #last = new WeakMap<object, string>();

  /** Records a response on a connection; `value` is the plan's header in it. */
  see(value: string | undefined, connection: object, responseMs: number, isValid: boolean): void {
    const name = this.#countedAs(nameOf(value));
    const node = this.#node(name);
    node.responses++;
    if (isValid) node.valid++;
    recordMs(node.responseTime, responseMs);
    const last = this.#last.get(connection);
    if (last !== undefined) {
      this.pairs++;
      if (last === name) this.same++;
    }
    this.#last.set(connection, name);
  }

  /** The name that a node counts under. */
  #countedAs(name: string): string {
    return name === NONE || this.byName.has(name) || this.byName.size < MOST_NODES ? name : OTHERS;
  }

  #node(name: string): NodeSum {
    const node = this.byName.get(name) ?? { responses: 0, valid: 0, responseTime: createHistogram() };
    this.byName.set(name, node);
    return node;
  }

  /** Adds parsed counts. Nodes above the most that are counted separately count as others. */
  add({ counts, responseTimes }: ParsedNodes): void {
    for (const [place, [name, { responses, valid }]] of Object.entries(counts.byName).entries()) {
      const node = this.#node(this.#countedAs(name));
      node.responses += responses;
      node.valid += valid;
      node.responseTime.addParsed(responseTimes[place] as ParsedCounts);
    }
    this.pairs += counts.pairs;
    this.same += counts.same;
  }

  /** The sum as separate counts; undefined if nothing was recorded. */
  counts(): NodesCounts | undefined {
    if (this.byName.size === 0) return undefined;
    const byName = Object.fromEntries(
      [...this.byName].map(([name, { responses, valid, responseTime }]) => [
        name,
        { responses, valid, responseTime: encodeHistogram(responseTime) },
      ]),
    );
    return { byName, pairs: this.pairs, same: this.same };
  }

  /** Forgets the counts, but not which node each connection used last. */
  reset(): void {
    this.byName.clear();
    this.pairs = 0;
    this.same = 0;
  }
}

/** The name in a header, cut and without characters that are not printable ASCII. */
function nameOf(value: string | undefined): string {
  if (value === undefined || value === "") return NONE;
  return value.slice(0, MOST_NAME).replaceAll(/[^\x20-\x7e]/g, "?");
}
