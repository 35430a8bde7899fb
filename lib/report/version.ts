import manifest from "../../package.json" with { type: "json" };

/** Volley's version. */
export const VERSION: string = manifest.version;
