import { leastSquares } from "./leastSquares.ts";

/** The relays of each method between two scrapes, and how much a counter grew, without what is used when idle. */
export interface MethodRow {
  relays: Record<string, number>;
  grown: number;
}

/** What one relay of a method adds to a counter, with half of the 95 % interval. */
export interface MethodCost {
  method: string;
  perRelay: number;
  uncertainty: number;
}

/** The fit is rejected if a method's uncertainty exceeds this share of the largest cost. */
const MAX_UNCERTAINTY = 0.25;

/**
 * What a relay of each method costs by a counter without labels, by least squares over intervals with different mixes of
 * methods. Undefined if the mixes do not differ enough to separate the methods.
 */
export function methodCosts(rows: readonly MethodRow[]): MethodCost[] | undefined {
  const methods = [...new Set(rows.flatMap(({ relays }) => Object.keys(relays)))].sort();
  const freedom = rows.length - methods.length;
  if (methods.length === 0 || freedom < 2) return undefined;
  const fit = leastSquares(
    rows.map(({ relays }) => methods.map((method) => relays[method] ?? 0)),
    rows.map(({ grown }) => grown),
  );
  if (!fit) return undefined;
  const costs = methods.map((method, index): MethodCost => {
    return {
      method,
      perRelay: fit.coefficients[index] ?? 0,
      uncertainty: studentT(freedom) * (fit.errors[index] ?? 0),
    };
  });
  const largest = Math.max(...costs.map(({ perRelay }) => Math.abs(perRelay)));
  return costs.every(({ uncertainty }) => uncertainty <= MAX_UNCERTAINTY * largest) ? costs : undefined;
}

/** Student's t for a 95 % interval: an expansion in the degrees of freedom, within 3 % from two on. */
function studentT(freedom: number): number {
  return 1.96 + 2.372 / freedom + 2.822 / freedom ** 2 + 2.556 / freedom ** 3;
}
