import { execFileSync } from "node:child_process";
import { createRequire } from "node:module";
import { join } from "node:path";
import { run, which } from "../processes.ts";
import { BODY, type Generator } from "./generator.ts";

/** autocannon: a closed loop on Node. */
export const autocannon: Generator = {
  name: "autocannon",
  loop: "closed",
  wires: [],
  install: "npm install --global autocannon",
  near: 0,
  down: 1,
  version: () => {
    const program = which("autocannon", []);
    return program ? createRequire(import.meta.url)(autocannonPackage(program)).version : undefined;
  },
  async measure({ url, seconds, core, cgroup }) {
    const script = which("autocannon", []) ?? "autocannon";
    const args = [
      "-j",
      "-c",
      "64",
      "-d",
      String(seconds),
      "-m",
      "POST",
      "-H",
      "Content-Type=application/json",
      "-b",
      BODY,
    ];
    const { stdout, cpuMs, memoryMb } = await run([process.execPath, script, ...args, url], core, cgroup);
    const { requests } = JSON.parse(stdout) as { requests: { total: number; average: number } };
    return { rps: requests.average, cpuUs: (cpuMs * 1_000) / requests.total, memoryMb };
  },
};

function autocannonPackage(program: string): string {
  return join(execFileSync("readlink", ["-f", program], { encoding: "utf8" }).trim(), "../package.json");
}
