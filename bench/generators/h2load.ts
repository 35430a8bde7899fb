import { writeFileSync } from "node:fs";
import { inFolder, run, which } from "../processes.ts";
import { BODY, type Generator, versionOf } from "./generator.ts";

const program = which("h2load", []);

/** Sessions and streams of each: over HTTP/1.1 a connection has one request at a time. */
const OPTIONS = { h2: ["-c", "8", "-m", "32"], tls: ["-c", "64", "--h1"], "tls-once": [], http: ["-c", "64", "--h1"] };

/** nghttp2's h2load: a closed loop in C that checks nothing. */
export const h2load: Generator = {
  name: "h2load",
  loop: "closed",
  wires: ["tls", "h2"],
  install: "apt-get install nghttp2-client",
  near: 0,
  down: 1,
  version: () => versionOf(program, ["--version"], /nghttp2\/(\S+)/),
  measure({ url, seconds, core, wire, cgroup }) {
    return inFolder(async (folder) => {
      writeFileSync(`${folder}/body.json`, BODY);
      const request = ["-d", `${folder}/body.json`, "-H", "content-type: application/json"];
      const args = [program ?? "h2load", ...OPTIONS[wire], "-t", "1", "-D", `${seconds}s`, ...request, url];
      const { stdout, cpuMs, memoryMb } = await run(args, core, cgroup);
      const ok = Number(/(\d+) 2xx/.exec(stdout)?.[1] ?? 0);
      return { rps: ok / seconds, cpuUs: (cpuMs * 1_000) / ok, memoryMb };
    });
  },
};
