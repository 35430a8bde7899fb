/** Most bytes of a response body that a worker reads, if the plan does not say. */
export const MAX_BODY_BYTES = 4 * 1024 * 1024;

/** Most targets of a chain that are recorded separately. */
export const MAX_TARGETS_APART = 64;
