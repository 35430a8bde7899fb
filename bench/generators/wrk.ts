import { writeFileSync } from "node:fs";
import { inFolder, run, which } from "../processes.ts";
import { BODY, type Generator, versionOf } from "./generator.ts";

const wrkProgram = which("wrk", []);

/** The script with which wrk and wrk2 post the call. */
export const POST = `wrk.method = "POST"
wrk.body = '${BODY}'
wrk.headers["Content-Type"] = "application/json"
`;

/** wrk: a closed loop in C that checks nothing; what a core can do at most. */
export const wrk: Generator = {
  name: "wrk",
  loop: "closed",
  wires: [],
  install: "apt-get install wrk",
  near: 0,
  down: 1,
  version: () => (wrkProgram ? versionOf(wrkProgram, ["--version"], /wrk (?:debian\/)?(\d[^\s]*)/) : undefined),
  measure({ url, seconds, core, cgroup }) {
    return inFolder(async (folder) => {
      writeFileSync(`${folder}/post.lua`, POST);
      const args = ["-t1", "-c64", `-d${seconds}s`, "-s", `${folder}/post.lua`, url];
      const { stdout, cpuMs, memoryMb } = await run([wrkProgram ?? "wrk", ...args], core, cgroup);
      const requests = Number(/(\d+) requests in/.exec(stdout)?.[1] ?? 0);
      const rps = Number(/Requests\/sec:\s+([\d.]+)/.exec(stdout)?.[1] ?? 0);
      return { rps, cpuUs: (cpuMs * 1_000) / requests, memoryMb };
    });
  },
};
