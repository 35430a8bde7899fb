/** Fewer points than this tell no transient from noise. */
const MIN_POINTS = 8;

/**
 * Where the steady state begins: the number of points to leave out at the beginning so that the marginal standard error
 * of the others' mean is least (K. P. White, "An effective truncation heuristic for bias reduction in simulation output",
 * Simulation 69(6), 1997: MSER). At most half of the points are left out, as the rule asks. Undefined for fewer than 8
 * points.
 */
export function steadyFrom(points: readonly number[]): number | undefined {
  if (points.length < MIN_POINTS) return undefined;
  let best = 0;
  let least = Number.POSITIVE_INFINITY;
  for (let cut = 0; cut <= points.length / 2; cut++) {
    const rest = points.slice(cut);
    const mean = rest.reduce((sum, value) => sum + value, 0) / rest.length;
    const error = rest.reduce((sum, value) => sum + (value - mean) ** 2, 0) / rest.length ** 2;
    // Noise alone moves the least a little: a cut has to earn what it leaves out.
    if (error < least * 0.9) {
      least = error;
      best = cut;
    }
  }
  return best;
}
