/** The functions of the state machine; each has a handler of its name in functions/. */
export type FunctionName = "plan" | "attack" | "watch" | "reduce" | "next";

/** How a function and all that it imports become one file: by the CDK from the sources, by the build in a package. */
export const BUNDLING = {
  target: "node24",
  mainFields: ["module", "main"],
  // Dependencies in CommonJS ask for built-in modules by require().
  banner: 'import{createRequire}from"node:module";const require=createRequire(import.meta.url);',
};

/** A file that a function reads beside its code: where it is, from the root on, and where it goes. */
export type BesideFile = readonly [from: string, to: string];

/** The report's page is put together from files. */
const PAGE: readonly BesideFile[] = [
  ["lib/render/page/page.js", "page/page.js"],
  ["lib/render/page/page.css", "page/page.css"],
  ...["package.json", "dist/uPlot.iife.min.js", "dist/uPlot.min.css"].map(
    (file): BesideFile => [`node_modules/uplot/${file}`, `node_modules/uplot/${file}`],
  ),
];

/** What each function of a deployment reads beside its code. */
export const BESIDE: Record<FunctionName | "release" | "doctor" | "gateway" | "compare", readonly BesideFile[]> = {
  plan: [],
  // A worker's heap begins with room, as in a local run: Lambda takes Node's flags through a wrapper only.
  attack: [["functions/node-wrapper", "node-wrapper"]],
  watch: [],
  reduce: PAGE,
  next: PAGE,
  release: [],
  doctor: [],
  gateway: [],
  compare: [],
};
