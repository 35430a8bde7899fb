import { mkdtempSync, rmdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { bundleOf, FUNCTION_NAMES, synthesize } from "../test/aws/deploy.ts";
import { run, shareOfCpu } from "./processes.ts";

/*
 * `npm run bench:cold`: how long each function's bundle takes to be loaded in a fresh process, as Lambda does before a
 * function's first call: on a whole core, which Lambda lends while it initializes, and on the share that its memory buys.
 */

/** Memory that buys one CPU, in MB (AWS: 1,769). */
const MB_PER_CPU = 1_769;
const MEMORY_MB = { plan: 1_024, attack: 1_024, watch: 256, reduce: 3_008, next: 1_024, doctor: 1_024 };
const ROUNDS = 5;
const CORE = 0;

const folder = mkdtempSync(join(tmpdir(), "volley-cold-"));
try {
  const synthesized = synthesize(folder);
  process.stdout.write("| function | MB | bundle | loaded on a core, ms | on its share, ms |\n|---|---|---|---|---|\n");
  for (const name of FUNCTION_NAMES) {
    const path = `${bundleOf(synthesized, name)}/index.mjs`;
    const share = Math.min(1, MEMORY_MB[name] / MB_PER_CPU);
    const group = share < 1 ? shareOfCpu(share) : undefined;
    const whole = await loadMs(path);
    const shared = group === undefined ? (share < 1 ? undefined : whole) : await loadMs(path, group);
    if (group !== undefined) rmdirSync(group);
    const size = `${(statSync(path).size / 2 ** 20).toFixed(1)} MB`;
    const cells = [name, MEMORY_MB[name], size, whole.toFixed(0), shared?.toFixed(0) ?? "not measured"];
    process.stdout.write(`| ${cells.join(" | ")} |\n`);
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}

/** The median of some loads, each in a process of its own, from the process' first instruction on. */
async function loadMs(path: string, cgroup?: string): Promise<number> {
  const script = `await import(${JSON.stringify(path)}); process.stdout.write(String(performance.now())); process.exit(0);`;
  const times: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const args = [process.execPath, "--enable-source-maps", "--input-type=module", "--eval", script];
    times.push(Number((await run(args, CORE, cgroup)).stdout));
  }
  return times.toSorted((a, b) => a - b)[ROUNDS >> 1] ?? 0;
}
