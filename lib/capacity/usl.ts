import { leastSquares } from "./leastSquares.ts";

/** One measured load: requests in the system (Little's law: throughput × response time), and throughput. */
export interface LoadPoint {
  concurrency: number;
  rps: number;
}

/** The universal scalability law, fitted: X(N) = λN ÷ (1 + σ(N − 1) + κN(N − 1)). */
export interface ScalabilityModel {
  /** Throughput with one request in the system, in requests per second. */
  lambda: number;
  /** Contention: the share that is serial. */
  sigma: number;
  /** Coherency: the cost of crosstalk. */
  kappa: number;
  r2: number;
  /** The highest throughput, or the limit that it approaches if there is no coherency cost. */
  limitRps: number;
  limitInterval: [number, number];
  /** Requests in the system at the highest throughput; null if throughput only approaches its limit. */
  kneeConcurrency: number | null;
}

/** A fit that explains less of the variance than this is rejected. */
const MIN_R2 = 0.9;
const FEWEST_POINTS = 4;

/**
 * Fits the universal scalability law (N. Gunther, *Guerrilla Capacity Planning*, 2007) by linear regression of N ÷ X.
 * The limit's interval comes from leaving out each point in turn. Returns the reason in words if the law does not fit.
 */
export function fitScalability(points: readonly LoadPoint[]): ScalabilityModel | { why: string } {
  if (points.length < FEWEST_POINTS) return { why: `${points.length} rates are too few for a model` };
  const whole = fit(points);
  if (!whole) return { why: "the rates do not tell the model's coefficients apart" };
  if (whole.r2 < MIN_R2) {
    return {
      why: `the universal scalability law explains only ${Math.round(Math.max(0, whole.r2) * 100)} % of what was seen`,
    };
  }
  const limits = points
    .map((_, out) => fit(points.filter((_, index) => index !== out))?.limitRps ?? whole.limitRps)
    .filter(Number.isFinite);
  return { ...whole, limitInterval: [Math.min(whole.limitRps, ...limits), Math.max(whole.limitRps, ...limits)] };
}

function fit(points: readonly LoadPoint[]): Omit<ScalabilityModel, "limitInterval"> | undefined {
  const rows = points.map(({ concurrency: n }) => [1, n - 1, n * (n - 1)]);
  const values = points.map(({ concurrency, rps }) => concurrency / rps);
  let coefficients = leastSquares(rows, values)?.coefficients;
  // A negative coefficient would mean that load makes the system faster: it is left out.
  if (!coefficients || (coefficients[2] ?? 0) < 0) {
    const linear = leastSquares(
      rows.map((row) => row.slice(0, 2)),
      values,
    )?.coefficients;
    coefficients = linear && [...linear, 0];
  }
  if (!coefficients) return undefined;
  const [base = 0, contention = 0, coherency = 0] = coefficients;
  if (base <= 0) return undefined;
  const sigma = Math.max(0, contention / base);
  const kappa = Math.max(0, coherency / base);
  const lambda = 1 / base;
  const predicted = (n: number): number => (lambda * n) / (1 + sigma * (n - 1) + kappa * n * (n - 1));
  const mean = points.reduce((sum, { rps }) => sum + rps, 0) / points.length;
  const residual = points.reduce((sum, { concurrency, rps }) => sum + (rps - predicted(concurrency)) ** 2, 0);
  const variance = points.reduce((sum, { rps }) => sum + (rps - mean) ** 2, 0);
  const knee = kappa > 0 && sigma < 1 ? Math.sqrt((1 - sigma) / kappa) : null;
  const limitRps = knee === null ? lambda / sigma : predicted(Math.max(1, knee));
  return { lambda, sigma, kappa, r2: variance === 0 ? 0 : 1 - residual / variance, limitRps, kneeConcurrency: knee };
}
