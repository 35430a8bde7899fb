/** A figure of a chain by which runs are compared. */
export type Figure = "success" | "achievedRps" | "p50" | "p90" | "p99";

/** How much worse each figure may become, as a share of its earlier value. */
export type Tolerances = Record<Figure, number>;

export const TOLERANCES: Tolerances = { success: 0.001, achievedRps: 0.005, p50: 0.1, p90: 0.1, p99: 0.15 };

/**
 * If a smaller share of the scheduled requests was sent, the run says more about the generator than about the target.
 */
export const MIN_ACHIEVED = 0.995;
