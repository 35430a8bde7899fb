import { writeFileSync } from "node:fs";
import { inFolder, run, which } from "../processes.ts";
import { type Generator, measured, versionOf } from "./generator.ts";
import { POST } from "./wrk.ts";

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
  measure({ url, rps, seconds, core, cgroup }) {
    return inFolder(async (folder) => {
      writeFileSync(`${folder}/post.lua`, POST);
      const args = ["-t1", `-c${CONNECTIONS}`, `-d${seconds}s`, `-R${rps}`, "-s", `${folder}/post.lua`, url];
      const ran = await run([program ?? "wrk2", ...args], core, cgroup);
      const ok = Number(/(\d+) requests in/.exec(ran.stdout)?.[1] ?? 0);
      const due = rps * (seconds - (STAGGER_S * (CONNECTIONS - 1)) / 2);
      return measured(ok, { rps, seconds }, ran, due);
    });
  },
};
