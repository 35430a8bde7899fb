import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { run, which } from "../processes.ts";
import { BODY, type Generator, versionOf } from "./generator.ts";

const wrkProgram = which("wrk", []);

/** wrk: a closed loop in C that checks nothing; what a core can do at most. */
export const wrk: Generator = {
  name: "wrk",
  loop: "closed",
  wires: [],
  install: "apt-get install wrk",
  near: 0,
  down: 1,
  version: () => (wrkProgram ? versionOf(wrkProgram, ["--version"], /wrk (?:debian\/)?(\d[^\s]*)/) : undefined),
  async measure({ url, seconds, core, cgroup }) {
    const folder = mkdtempSync(join(tmpdir(), "volley-bench-"));
    try {
      const header = 'wrk.headers["Content-Type"] = "application/json"';
      writeFileSync(`${folder}/post.lua`, `wrk.method = "POST"\nwrk.body = '${BODY}'\n${header}\n`);
      const args = ["-t1", "-c64", `-d${seconds}s`, "-s", `${folder}/post.lua`, url];
      const { stdout, cpuMs, memoryMb } = await run([wrkProgram ?? "wrk", ...args], core, cgroup);
      const requests = Number(/(\d+) requests in/.exec(stdout)?.[1] ?? 0);
      const rps = Number(/Requests\/sec:\s+([\d.]+)/.exec(stdout)?.[1] ?? 0);
      return { rps, cpuUs: (cpuMs * 1_000) / requests, memoryMb };
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  },
};
