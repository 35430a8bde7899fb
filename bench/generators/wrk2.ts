import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { run, which } from "../processes.ts";
import { BODY, type Generator, versionOf } from "./generator.ts";

const program = which("wrk2", []);

const CONNECTIONS = 64;

/** How long after the one before it wrk2 opens each connection, in s: what is due until then it never sends. */
const STAGGER_S = 0.005;

/** wrk2: wrk at a rate, over 64 connections, with times from when a request was due. */
export const wrk2: Generator = {
  name: "wrk2",
  loop: "open",
  wires: [],
  install: "build github.com/giltene/wrk2, and install its wrk as wrk2",
  near: 60_000,
  down: 1.5,
  version: () => versionOf(program, ["--version"], /wrk (\d\S*)/),
  async measure({ url, rps, seconds, core, cgroup }) {
    const folder = mkdtempSync(join(tmpdir(), "volley-bench-"));
    try {
      const header = 'wrk.headers["Content-Type"] = "application/json"';
      writeFileSync(`${folder}/post.lua`, `wrk.method = "POST"\nwrk.body = '${BODY}'\n${header}\n`);
      const args = ["-t1", `-c${CONNECTIONS}`, `-d${seconds}s`, `-R${rps}`, "-s", `${folder}/post.lua`, url];
      const { stdout, cpuMs, memoryMb } = await run([program ?? "wrk2", ...args], core, cgroup);
      const ok = Number(/(\d+) requests in/.exec(stdout)?.[1] ?? 0);
      const due = rps * (seconds - (STAGGER_S * (CONNECTIONS - 1)) / 2);
      return { rps: ok / seconds, achieved: ok / due, cpuUs: (cpuMs * 1_000) / ok, memoryMb };
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  },
};
