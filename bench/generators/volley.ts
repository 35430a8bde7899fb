import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { run } from "../processes.ts";
import type { Generator, Measurement } from "./generator.ts";

const HOLD = fileURLToPath(new URL("../hold.ts", import.meta.url));

/** How long before its first request Volley is started, in ms; on a share of a CPU as a Lambda is. */
const LEAD_MS = 5_500;
const LEAD_ON_A_SHARE_MS = 20_000;

/** Volley: one worker in a process of its own, as `lib/attack/` runs it. */
export const volley: Generator = {
  name: "volley",
  loop: "open",
  install: "npm ci",
  near: 92_000,
  down: 1.2,
  version: () => JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")).version,
  wires: ["tls", "tls-once", "h2"],
  async measure({ url, rps, seconds, core, wire, cgroup }) {
    const flags = ["--initial-heap-size=128", "--disable-warning=ExperimentalWarning"];
    const input = { url, rps, seconds, wire, leadMs: cgroup === undefined ? LEAD_MS : LEAD_ON_A_SHARE_MS };
    const { stdout } = await run([process.execPath, ...flags, HOLD, JSON.stringify(input)], core, cgroup);
    const held = JSON.parse(stdout) as { sent: number; missed: number; valid: number } & Measurement;
    const { lagMs, responseMs, cpuUs, memoryMb } = held;
    return {
      rps: held.valid / seconds,
      achieved: held.valid / (rps * seconds),
      ...(lagMs && { lagMs }),
      ...(responseMs && { responseMs }),
      cpuUs,
      memoryMb,
    };
  },
};
