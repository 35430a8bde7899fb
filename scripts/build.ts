import { execFileSync } from "node:child_process";
import { chmodSync, cpSync, globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { BESIDE, BUNDLING } from "../lib/cloud/bundling.ts";

/*
 * Builds dist/: the sources as JavaScript in the same folders, with their types; the files that they read; and each
 * function of a deployment, bundled into one file. `npm pack` runs this.
 */

const ROOT = fileURLToPath(new URL("../", import.meta.url));
const DIST = `${ROOT}dist/`;

/** The files that the sources read at run time, besides modules. */
const READ = globSync("{bin,fleet,functions,lib,statemachines}/**/*.*", { cwd: ROOT })
  .filter((path) => !/(\.ts|tsconfig\.json)$/.test(path))
  .concat("bin/volley", "functions/node-wrapper");

/** Its dependencies require a newer Node than some users have, so they are bundled into the module. */
const SELF_CONTAINED = "lib/render/exports/otlp";

process.chdir(ROOT);
rmSync(DIST, { recursive: true, force: true });
execFileSync(process.execPath, ["node_modules/typescript/bin/tsc", "-p", "tsconfig.build.json"], { stdio: "inherit" });
for (const file of globSync("dist/**/*.js")) nameBuiltFiles(file);
for (const path of READ) cpSync(path, `${DIST}${path}`);
await build({
  entryPoints: [`${SELF_CONTAINED}.ts`],
  outfile: `${DIST}${SELF_CONTAINED}.js`,
  bundle: true,
  platform: "node",
  format: "esm",
  target: "node22",
  banner: { js: BUNDLING.banner },
  legalComments: "inline",
});
for (const [name, beside] of Object.entries(BESIDE)) await bundleFunction(name, beside);
chmodSync(`${DIST}bin/volley`, 0o755);

/** Renames `.ts` in the paths of files that the sources start, such as a worker's; TypeScript only renames imports. */
function nameBuiltFiles(file: string): void {
  const text = readFileSync(file, "utf8");
  const built = text.replace(/(?<=["`/][\w./${}-]*)\.ts(?=["`])/g, ".js");
  if (built !== text) writeFileSync(file, built);
}

/** Bundles a function the same way the CDK does when it synthesizes a stack from the sources. */
async function bundleFunction(name: string, beside: (typeof BESIDE)["plan"]): Promise<void> {
  const folder = `${DIST}bundles/${name}/`;
  await build({
    entryPoints: [`functions/${name}.ts`],
    outfile: `${folder}index.mjs`,
    bundle: true,
    platform: "node",
    format: "esm",
    target: BUNDLING.target,
    mainFields: BUNDLING.mainFields,
    banner: { js: BUNDLING.banner },
    minify: true,
    sourcemap: true,
    sourcesContent: false,
    logLevel: "error",
  });
  for (const [from, to] of beside) {
    mkdirSync(dirname(`${folder}${to}`), { recursive: true });
    cpSync(from, `${folder}${to}`);
  }
}
