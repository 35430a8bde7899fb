/** The state machine's functions; each has a handler of the same name in functions/. */
export type FunctionName = "plan" | "attack" | "watch" | "reduce" | "next";

/**
 * How a function and its imports are bundled into one file: by the CDK from the sources, or by the build in a package.
 */
export const BUNDLING = {
  target: "node24",
  mainFields: ["module", "main"],
  // CommonJS dependencies load built-in modules with require().
  banner: 'import{createRequire}from"node:module";const require=createRequire(import.meta.url);',
};

/** A file that a function reads besides its code: its path from the root, and its destination. */
export type BesideFile = readonly [from: string, to: string];

/** The report's page is assembled from files. */
const PAGE: readonly BesideFile[] = [
  ["lib/render/page/page.js", "page/page.js"],
  ["lib/render/page/page.css", "page/page.css"],
  ...["package.json", "dist/uPlot.iife.min.js", "dist/uPlot.min.css"].map(
    (file): BesideFile => [`node_modules/uplot/${file}`, `node_modules/uplot/${file}`],
  ),
];

/** The files that each function of a deployment reads besides its code. */
export const BESIDE: Record<
  FunctionName | "otherRegion" | "release" | "doctor" | "gateway" | "compare",
  readonly BesideFile[]
> = {
  plan: [],
  // A worker's heap starts at a larger size, as in a local run: Lambda only accepts Node's flags through a wrapper.
  attack: [["functions/node-wrapper", "node-wrapper"]],
  otherRegion: [],
  watch: [],
  reduce: PAGE,
  next: PAGE,
  release: [],
  doctor: [],
  gateway: [],
  compare: [],
};
