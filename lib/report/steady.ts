/** With fewer points than this, a transient cannot be distinguished from noise. */
const MIN_POINTS = 8;

/**
 * Where the steady state begins: the number of points to drop at the beginning so that the marginal standard error of
 * the remaining points' mean is minimal (K. P. White, "An effective truncation heuristic for bias reduction in
 * simulation output", Simulation 69(6), 1997: MSER). Drops at most half of the points, as the rule requires. Undefined
 * for fewer than 8 points.
 */
export function steadyFrom(points: readonly number[]): number | undefined {
  if (points.length < MIN_POINTS) return undefined;
  let best = 0;
  let least = Number.POSITIVE_INFINITY;
  for (let cut = 0; cut <= points.length / 2; cut++) {
    const rest = points.slice(cut);
    const mean = rest.reduce((sum, value) => sum + value, 0) / rest.length;
    const error = rest.reduce((sum, value) => sum + (value - mean) ** 2, 0) / rest.length ** 2;
    // Noise alone shifts the minimum slightly: a cut must improve it enough to justify the dropped points.
    if (error < least * 0.9) {
      least = error;
      best = cut;
    }
  }
  return best;
}
